"""What is observed of a ServiceBinding in the cluster, before anybody asks AWS."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from trimtab.api.servicebinding import BindingFields
from trimtab.domain.binding import projection
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.contribution import Contribution
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.policies.policy import Denial, permit
from trimtab.domain.binding.protocol.deletion import is_ending
from trimtab.domain.binding.protocol.wanted import delivering, neighbours
from trimtab.domain.binding.variables import taken
from trimtab.domain.binding.workload import KIND
from trimtab.domain.objects import Object, ObjectRef
from trimtab.ports.cluster import Cluster, DeniedError
from trimtab.reconcilers.identity.board import IdentityBoard
from trimtab.reconcilers.policies import policies_of, with_doubts
from trimtab.reconcilers.queue import Key


class BindingObserver:
    """Gathers from the cache; only for a binding that is being deleted it asks the API server."""

    def __init__(self, cluster: Cluster, identity: Callable[[], ClusterIdentity], board: IdentityBoard) -> None:
        self._cluster = cluster
        self._identity = identity
        self._board = board

    async def observe(self, key: Key, resource: Object, spec: BindingFields) -> Observation:
        """Everything but what AWS and the Secret say."""
        others = tuple(each for each in self._cluster.bindings(key.namespace) if each["metadata"]["name"] != key.name)
        namespace = self._cluster.namespace(key.namespace)
        identity = self._identity()
        grant = None
        if spec.backing.external:
            grant = permit(resource, spec, namespace, policies_of(self._cluster), others, identity.id)
            grant = with_doubts(grant, self._cluster) if isinstance(grant, Denial) else grant
        aspect = self._board.condition(key.namespace, key.name)
        observation = Observation(
            resource=resource,
            spec=spec,
            cluster=identity,
            permit=grant,
            others=others,
            terminating="deletionTimestamp" in ((namespace or {}).get("metadata") or {}),
            aspects=(aspect,) if aspect is not None else (),
            taken=self._taken(resource, others) if spec.inject.env else {},
        )
        return await self._leaving(key, observation) if observation.deleting else observation

    def workloads(self, observation: Observation) -> tuple[str, ...]:
        """Names of the Microservices that it is for."""
        return tuple(each["metadata"]["name"] for each in self._cluster.workloads(observation.resource))

    def basis(self, observation: Observation) -> str:
        """All that a look is made for; of the cluster's events, only one that changes this makes a look worth it."""
        metadata = observation.resource["metadata"]
        known = [metadata.get(name) for name in ("uid", "generation", "deletionTimestamp")]
        grant = observation.permit
        around = neighbours(observation, grant) if isinstance(grant, Grant) else ""
        marks = (observation.nonce, observation.transfer_to, observation.permit, observation.users, observation.ending)
        workloads = self.workloads(observation)
        return repr((known, marks, observation.terminating, observation.revoked, around, workloads))

    def _taken(self, resource: Object, others: Iterable[Object]) -> Mapping[str, str]:
        mine = self._names(resource)
        return taken(resource, (each for each in others if mine & self._names(each)))

    def _names(self, binding: Object) -> frozenset[str]:
        return frozenset(str(each["metadata"]["name"]) for each in self._cluster.workloads(binding))

    async def _leaving(self, key: Key, observation: Observation) -> Observation:
        """Whom the end of a binding would harm."""
        ending = await self._is_ending(observation)
        users = await self._cluster.secret_users(key.namespace, projection.secret_ref(observation).name)
        users = (*users, *delivering(observation))
        if not users and not ending and isinstance(observation.permit, Grant):
            workloads = self.workloads(observation)
            leaving = Contribution(workloads=workloads, grant=observation.permit, leaving=True)
            self._board.contribute(key.namespace, key.name, leaving)
        revoked = ending or self._board.revoked(key.namespace, key.name)
        obstacle = "" if revoked else self._board.obstacle(key.namespace, key.name)
        return replace(observation, users=users, ending=ending, revoked=revoked, obstacle=obstacle)

    async def _is_ending(self, observation: Observation) -> bool:
        """By live reads: watches race. A namespace that we may not look at may be ending for all we know."""
        name = observation.owner.namespace
        try:
            namespace = await self._cluster.get(ObjectRef(api_version="v1", kind="Namespace", namespace="", name=name))
        except DeniedError:
            return True
        return is_ending(observation.resource, namespace, await self._cluster.ending(KIND))
