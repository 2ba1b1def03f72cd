"""What the operator's administrator says about the cluster, as far as AWS is to know it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterIdentity:
    """`id` is in every ownership tag. `name` is what EKS calls the cluster, `region` where EKS runs it.

    `oidc_issuer` is the URL of the issuer of ServiceAccount tokens. `endpoint_url` is AWS's where it is not AWS's own.
    What is empty is unknown.
    """

    id: str
    name: str = ""
    region: str = ""
    oidc_issuer: str = ""
    endpoint_url: str = ""
