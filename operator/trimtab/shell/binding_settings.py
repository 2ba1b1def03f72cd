"""Settings of bindings: which cluster this is to AWS, and where policies come from if not from the API server."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from trimtab.shell.options import option

_ID = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingSettings:
    """`cluster_id` is in the ownership tags of everything in AWS; empty: the UID of the namespace kube-system.

    `policies` is a file of BindingPolicies; None: they are objects of the cluster.
    """

    cluster_id: str
    cluster_name: str
    oidc_issuer: str
    policies: Path | None


def build(values: dict[str, Any]) -> BindingSettings:
    """Takes its values out of those of all options. Raises click.BadParameter for what does not fit together."""
    made = BindingSettings(
        cluster_id=values.pop("cluster_id"),
        cluster_name=values.pop("cluster_name"),
        oidc_issuer=values.pop("oidc_issuer"),
        policies=values.pop("binding_policies"),
    )
    if made.policies is not None and not values["namespaces"]:
        raise click.BadParameter(
            "--binding-policies is for an operator with --namespaces: this one reads the BindingPolicies of the cluster"
        )
    if made.policies is not None and not made.cluster_id:
        raise click.BadParameter(
            "--binding-policies needs --cluster-id: with --namespaces the operator cannot see what else would tell "
            "this cluster's resources from those of others"
        )
    return made


def _cluster(_context: click.Context, parameter: click.Parameter, value: str) -> str:
    if value and not _ID.fullmatch(value):
        raise click.BadParameter(
            f"{value!r} is no {str(parameter.name).replace('_', ' ')}: use 1 to 63 letters, digits, '.', '_' and '-'"
        )
    return value


def _issuer(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    url = urlsplit(value)
    if value and (url.scheme != "https" or not url.hostname or url.query or url.fragment):
        raise click.BadParameter(
            f"{value!r} is no issuer: write it as https://oidc.eks.eu-central-1.amazonaws.com/id/0A1B"
        )
    return value.rstrip("/")


def _file(_context: click.Context, _parameter: click.Parameter, value: str) -> Path | None:
    if value and not Path(value).is_absolute():
        raise click.BadParameter(f"{value!r} is no absolute path: name a file, such as /etc/trimtab/policies.yaml")
    return Path(value) if value else None


OPTIONS = (
    option(
        "--cluster-id",
        default="",
        callback=_cluster,
        help="What tells this cluster's resources in AWS from those of others; empty: the UID of kube-system. Never "
        "change it while there are any.",
    ),
    option("--cluster-name", default="", callback=_cluster, help="The cluster's name in EKS, for EKS Pod Identity."),
    option(
        "--oidc-issuer",
        default="",
        callback=_issuer,
        help="The issuer of ServiceAccount tokens, for IAM roles for service accounts (IRSA).",
    ),
    option(
        "--binding-policies",
        default="",
        callback=_file,
        help="A YAML file of BindingPolicies, read again when it changes; only with --namespaces, since such an "
        "operator cannot see those of the cluster.",
    ),
)
