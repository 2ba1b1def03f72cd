"""`trimtab plan`: the command."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import IO

import click

from trimtab.adapters.aws.access import AwsAccess
from trimtab.adapters.aws.cloud import AwsCloud
from trimtab.adapters.aws.identity import AwsRoles
from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.cli import cluster, manifests
from trimtab.cli.plan.asking import concerned
from trimtab.cli.plan.foreteller import Foreteller, Foretold
from trimtab.cli.plan.result import Plan
from trimtab.cli.plan.rollouts import rollouts
from trimtab.cli.plan.situation import PLANNED, Candidate, Surroundings, candidate, cluster_id, policies, surroundings
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.objects import Object

REFUSED, UNSEEN = 4, 5
EPILOG = (
    "Exit status: 0 all of it would be done; 1 error; 2 wrong usage; 4 something would be refused; 5 AWS did not show "
    "all of it."
)


@click.command(epilog=EPILOG)
@click.option(
    "-f", "--filename", "file", required=True, type=click.File(encoding="utf-8"), help="Manifests; - is standard input."
)
@cluster.namespace_option
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--cluster-id",
    "identity",
    default="",
    envvar="TRIMTAB_CLUSTER_ID",
    help="The operator's setting cluster-id. Default: the UID of the namespace kube-system.",
)
@click.option(
    "--cluster-name", default="", envvar="TRIMTAB_CLUSTER_NAME", help="The operator's setting, for EKS Pod Identity."
)
@click.option("--oidc-issuer", default="", envvar="TRIMTAB_OIDC_ISSUER", help="The operator's setting, for IRSA.")
@click.option(
    "--aws-region",
    default="",
    envvar=["TRIMTAB_AWS_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"],
    help="The operator's setting: the region that the cluster runs in.",
)
def plan(file: IO[str], namespace: str, output: str, **given: str) -> None:
    """Show what the manifests would create, change in place, restart, or have refused; nothing is changed.

    The API server is asked with a dry run, AWS is looked at under the role of the BindingPolicy, with your own AWS
    credentials: they must be allowed to assume it.
    """
    identity = ClusterIdentity(
        id=given["identity"],
        name=given["cluster_name"],
        region=given["aws_region"],
        oidc_issuer=given["oidc_issuer"].rstrip("/"),
    )
    found = cluster.run(_plan(manifests.read(file), namespace, identity))
    click.echo(json.dumps(found.summary(), indent=2) if output == "json" else "\n".join(found.lines()))
    sys.exit(REFUSED if found.refused else UNSEEN if found.unseen else 0)


async def _plan(objects: list[Object], namespace: str, given: ClusterIdentity) -> Plan:
    planned = [each for each in objects if each.get("kind") in PLANNED]
    ignored = tuple(f"{each.get('kind')} {manifests.name_of(each)}" for each in objects if each not in planned)
    async with cluster.client() as api:
        candidates = await asyncio.gather(*(candidate(api, each, namespace) for each in planned))
        return await _foretold(api, candidates, given, ignored)


async def _foretold(
    api: ApiClient, candidates: list[Candidate], given: ClusterIdentity, ignored: tuple[str, ...]
) -> Plan:
    spaces = sorted({each.namespace for each in candidates if each.namespace})
    around = {each: await surroundings(api, each, candidates) for each in spaces}
    found, unknown = await _outside(api, around, candidates, given)
    return Plan(
        policies=tuple(each for each in candidates if each.kind == "BindingPolicy"),
        forecasts=tuple(each for forecasts, _ in found for each in forecasts),
        rollouts=tuple(found for each in spaces for found in rollouts(each, around[each], candidates)),
        roles=tuple(each for _, roles in found for each in roles),
        unknown=unknown,
        ignored=ignored,
    )


async def _outside(
    api: ApiClient, around: Mapping[str, Surroundings], candidates: list[Candidate], given: ClusterIdentity
) -> tuple[list[Foretold], str]:
    """What is outside the cluster, and why that is not known; who plans no binding need not be able to ask for it."""
    bindings = any(each.kind == "ServiceBinding" for each in candidates)
    if not bindings and not any(concerned(found, space, candidates) for space, found in around.items()):
        return [], ""
    try:
        known = await policies(api, candidates)
        identity = replace(given, id=given.id or await cluster_id(api))
    except click.ClickException as error:
        if bindings:
            raise
        return [], f"IAM roles: {error.message}"
    access = AwsAccess(cluster.Unleased())
    foreteller = Foreteller(
        cloud=AwsCloud(access),
        roles=AwsRoles(access, lambda: identity),
        policies=known,
        cluster=identity,
        now=datetime.now(UTC),
    )
    try:
        return await asyncio.gather(*(foreteller.told(each, around[each], candidates) for each in around)), ""
    finally:
        access.close()
