"""What a BindingPolicy says about the roles of workloads."""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["PodIdentity", "IRSA", "None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityPolicy:
    """How pods get the role: EKS Pod Identity, IAM roles for service accounts, or not from us.

    `role_path` is the IAM path of all roles, with a slash at both ends; `boundary` the ARN of their permissions
    boundary, empty for none.
    """

    mode: Mode = "None"
    role_path: str = "/trimtab/"
    boundary: str = ""
