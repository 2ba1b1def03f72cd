"""The ServiceAccount of a Microservice's pods, as far as identities depend on it."""

from dataclasses import dataclass

from trimtab.domain.objects import Object

ROLE_ARN = "eks.amazonaws.com/role-arn"
"""Annotation of a ServiceAccount by which EKS gives its pods a role (IRSA)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`name` is that of the ServiceAccount, `existing` whether it is not one of ours.

    `own_role` is the ARN that the user's annotations give it, empty for none: then who pods are is the user's to say.
    """

    name: str
    existing: bool
    own_role: str


def account_of(microservice: Object) -> Account:
    """From a Microservice as read; valid or not."""
    spec = (microservice.get("spec") or {}).get("serviceAccount") or {}
    named = str(spec.get("name") or "")
    own_role = "" if named else str((spec.get("annotations") or {}).get(ROLE_ARN) or "")
    return Account(name=named or microservice["metadata"]["name"], existing=bool(named), own_role=own_role)
