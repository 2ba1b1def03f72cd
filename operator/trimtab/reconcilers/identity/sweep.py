"""Roles that nobody asks for any more: what a process missed because it did not run."""

from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.decide import remove
from trimtab.domain.binding.identity.role import Bearer, Subject, role_arn, role_name
from trimtab.domain.binding.workload import KIND as BINDING
from trimtab.domain.objects import ObjectRef, uid_of
from trimtab.domain.service.meta import API_VERSION, KIND
from trimtab.ports.cluster import Cluster
from trimtab.ports.roles import Roles


async def sweep(
    roles: Roles, cluster: Cluster, identity: ClusterIdentity, grant: Grant, *, delete: bool
) -> tuple[str, ...]:
    """ARNs of this cluster's orphaned roles below the grant's role path and prefix.

    An orphan is the role of a Microservice that does not exist, or that no ServiceBinding is for. With `delete` those
    are removed whose UID is that of a live Microservice: of all others this cluster cannot know that nobody uses them
    (it may have been built anew, or share its id). Whose a role is, its tags say and not its name: the prefix of one
    policy may begin that of another. While the CRD of bindings ends, they go one by one though nobody asked for the end
    of any: then nothing is removed. Raises CloudError: a list that was not read whole tells nothing.
    """
    if not (cluster.serves(API_VERSION, BINDING) and cluster.serves(API_VERSION, KIND)):
        return ()
    bound = _bound(cluster)
    known = frozenset(
        role_name(grant, Bearer(cluster=identity.id, namespace=namespace, microservice=name))
        for namespace, name in bound
    )
    found = [
        (name, bearer)
        for name, bearer in await roles.bearers(grant, known)
        if bearer.cluster == identity.id and (bearer.namespace, bearer.microservice) not in bound
    ]
    sure = delete and bool(found) and not await cluster.ending(BINDING)
    for name, bearer in found if sure else ():
        if bearer.uid and bearer.uid == _uid(cluster, bearer):
            await _remove(roles, identity, grant, name, bearer)
    return tuple(role_arn(grant, name) for name, _ in sorted(found, key=lambda each: each[0]))


def _bound(cluster: Cluster) -> frozenset[tuple[str, str]]:
    """Namespaces and names of the Microservices that a ServiceBinding is for."""
    found = (each for binding in cluster.bindings() for each in cluster.workloads(binding))
    return frozenset((each["metadata"]["namespace"], each["metadata"]["name"]) for each in found)


def _uid(cluster: Cluster, bearer: Bearer) -> str:
    ref = ObjectRef(api_version=API_VERSION, kind=KIND, namespace=bearer.namespace, name=bearer.microservice)
    live = cluster.cached(ref)
    return uid_of(live) if live is not None else ""


async def _remove(roles: Roles, identity: ClusterIdentity, grant: Grant, name: str, bearer: Bearer) -> None:
    """What a look shows to be another's by then is left alone."""
    subject = None
    if grant.identity.mode == "PodIdentity":
        subject = Subject(cluster_name=identity.name, namespace=bearer.namespace, service_account=bearer.microservice)
    found = await roles.look(grant, name, subject)
    for step in remove(name, bearer, found, subject).steps:
        await roles.carry_out(grant, step)
