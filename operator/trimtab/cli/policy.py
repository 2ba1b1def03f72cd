"""`trimtab policy`: what administrators need to let the operator into AWS."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any, get_args

import click
from pydantic import ValidationError

from trimtab.adapters.kubernetes.kinds import BINDING_POLICY
from trimtab.api.bindingpolicy import EXTERNAL, BindingPolicySpec, IdentityMode
from trimtab.cli import cluster, manifests
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.document import VERSION, Document, document, rights, size
from trimtab.domain.binding.identity.packing import INLINE
from trimtab.domain.binding.identity.policy import IdentityPolicy
from trimtab.domain.binding.policies import administration
from trimtab.domain.objects import Object
from trimtab.ports.cluster import NotFoundError
from trimtab.reconcilers.validation import explain

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/.+")


@click.group()
def policy() -> None:
    """Deal with what BindingPolicies need."""


def _role_arn(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value and not _ROLE.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no ARN of a role: write it as arn:aws:iam::123456789012:role/trimtab")
    return value


def _prefix(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value and not re.fullmatch("[a-z]([a-z0-9]|-[a-z0-9])*-", value):
        raise click.BadParameter(f"{value!r} is no namePrefix: use lower-case letters and digits, and end with '-'")
    return value


@policy.command()
@click.argument("name", required=False)
@click.option(
    "-f",
    "--filename",
    "file",
    type=click.File(encoding="utf-8"),
    help="File with the BindingPolicy; - is standard input.",
)
@click.option(
    "--service",
    "services",
    multiple=True,
    type=click.Choice(EXTERNAL),
    help="A service; may be repeated. Default: all.",
)
@click.option("--prefix", default="", callback=_prefix, help="The BindingPolicy's namePrefix, such as shop-.")
@click.option("--role-arn", default="", callback=_role_arn, help="The BindingPolicy's roleARN.")
@click.option("--external-id", default="", help="The BindingPolicy's externalID.")
@click.option("--adoptable", multiple=True, help="A pattern of ARNs that may be taken over; may be repeated.")
@click.option("--kms-key", "kms_keys", multiple=True, help="A pattern of the BindingPolicy's kmsKeys; may be repeated.")
@click.option(
    "--identity",
    "mode",
    type=click.Choice(get_args(IdentityMode)),
    default="None",
    show_default=True,
    help="How workloads get their roles.",
)
@click.option("--role-path", default="/trimtab/", show_default=True, help="IAM path of the workloads' roles.")
@click.option("--permissions-boundary", "boundary", default="", help="ARN of the permissions boundary of these roles.")
@click.option(
    "--operator-role-arn", default="", callback=_role_arn, help="The operator's own role, for the trust policy."
)
@click.option("--events-queue", default="", help="ARN of the queue that tells the operator of changes in AWS.")
@click.option(
    "--only", type=click.Choice(["operator", "role", "trust"]), help="Print one document alone, for `aws iam`."
)
def iam(
    name: str | None, file: IO[str] | None, only: str | None, operator_role_arn: str, events_queue: str, **asked: Any
) -> None:
    """Print the IAM policies that a BindingPolicy needs, as JSON: of NAME in the cluster, of a file, or of options.

    AWS is not asked. `role` belongs to the BindingPolicy's roleARN and allows what the named services need, for names
    that begin with the prefix. `trust` lets the operator assume it. `operator` belongs to the operator's own role,
    which may only assume.
    """
    if name is not None and file is not None:
        raise click.UsageError("give NAME or -f, not both")
    grant = _grant(_from_file(file) if file else _from_cluster(name) if name else asked)
    role = document(rights(administration.of_role(grant)))
    if only == "trust" and not operator_role_arn:
        raise click.UsageError("give --operator-role-arn: without it the trust would be in everybody of an account")
    found = {
        "operator": document(rights(administration.of_operator([grant.role_arn], events_queue))),
        "role": role,
        **({"trust": _trust(operator_role_arn, grant.external_id)} if operator_role_arn else {}),
    }
    click.echo(json.dumps(found[only] if only else found, indent=2))
    if (length := size(role)) > INLINE:
        click.echo(f"the role's policy has {length:,} characters, and an inline one {INLINE:,}: divide it", err=True)


def _from_file(file: IO[str]) -> dict[str, Any]:
    found = [each for each in manifests.read(file) if each.get("kind") == "BindingPolicy"]
    if len(found) != 1:
        names = f" ({', '.join(map(manifests.name_of, found))})" if found else ""
        raise click.ClickException(f"{file.name} has {len(found)} BindingPolicies{names}: leave one in it")
    return _options(found[0])


def _from_cluster(name: str) -> dict[str, Any]:
    async def read() -> Object:
        async with cluster.client() as api:
            try:
                found: Object = await api.read(BINDING_POLICY, BINDING_POLICY.path("", name))
            except NotFoundError as error:
                raise click.ClickException(
                    f"there is no BindingPolicy {name!r}; `kubectl get bindingpolicies` lists all"
                ) from error
            return found

    return _options(cluster.run(read()))


def _options(manifest: Object) -> dict[str, Any]:
    """The options as a BindingPolicy has them. Raises click.ClickException."""
    try:
        spec = BindingPolicySpec.model_validate(manifest.get("spec"))
    except ValidationError as error:
        raise click.ClickException(f"the BindingPolicy is not valid: {explain(error)}") from error
    return {
        "services": spec.services,
        "prefix": spec.name_prefix,
        "role_arn": spec.role_arn,
        "external_id": spec.external_id,
        "adoptable": spec.adoptable,
        "kms_keys": spec.kms_keys,
        "mode": spec.identity.mode,
        "role_path": spec.identity.role_path,
        "boundary": spec.identity.permissions_boundary_arn,
    }


def _grant(asked: Mapping[str, Any]) -> Grant:
    for name in ("prefix", "role_arn"):
        if not asked[name]:
            raise click.UsageError(
                f"give --{name.replace('_', '-')}, or a BindingPolicy: its NAME, or its file with -f"
            )
    if asked["mode"] != "None" and not asked["boundary"]:
        raise click.UsageError(f"--identity {asked['mode']} needs --permissions-boundary")
    return Grant(
        policy="",
        role_arn=asked["role_arn"],
        external_id=asked["external_id"],
        region="",
        cluster="",
        namespace="",
        services=frozenset(asked["services"] or EXTERNAL),
        prefix=asked["prefix"],
        adoptable=tuple(asked["adoptable"]),
        kms_keys=tuple(asked["kms_keys"]),
        identity=IdentityPolicy(mode=asked["mode"], role_path=asked["role_path"], boundary=asked["boundary"]),
    )


def _trust(principal: str, external_id: str) -> Document:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return {"Version": VERSION, "Statement": [statement]}
