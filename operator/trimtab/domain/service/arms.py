"""The arms of a service: its Deployments and what of their pods is ready and reached, as they are now.

Side by side, each revision is an arm of its own, Deployment and Service `<name>-<revision>`. Rolling updates are one
arm more, Deployment and Service `<name>`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trimtab.domain import labels, names
from trimtab.domain.objects import Object
from trimtab.domain.service import revision
from trimtab.domain.service.blockers import is_ready
from trimtab.domain.service.meta import Identity
from trimtab.domain.service.observation import Observation

_SERVICE_OF_SLICE = "kubernetes.io/service-name"
_TEMPLATE_HASH = "pod-template-hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One Deployment with the Service of the same name.

    `replicas` is what the Deployment asks for now, 0 if there is none. `pods` are names of its pods that nobody has
    asked to end, `ready` those of `revision` that are ready. `reachable` are those of them that are endpoints of the
    arm's own Service, `addressed` those that are endpoints of the service's address; of a service without ports, both
    are all that are ready.
    """

    name: str
    revision: str
    exists: bool = False
    replicas: int = 0
    pods: frozenset[str] = frozenset()
    ready: frozenset[str] = frozenset()
    reachable: frozenset[str] = frozenset()
    addressed: frozenset[str] = frozenset()

    @property
    def present(self) -> bool:
        """Whether it has pods, or is about to."""
        return self.replicas > 0 or bool(self.pods)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """All arms of a service.

    `rolling` is the arm of rolling updates, whether or not it exists; `arms` are the others, by revision. `selected` is
    the revision that the address selects, empty if it selects all, None if there is no address.
    """

    service: str
    rolling: Arm
    arms: Mapping[str, Arm]
    selected: str | None
    rolling_revisions: frozenset[str]

    def of(self, name: str) -> Arm:
        """The arm of a revision, an empty one if it does not exist yet."""
        return self.arms.get(name) or Arm(name=names.revision_arm(self.service, name), revision=name)

    @property
    def revisions(self) -> frozenset[str]:
        """All revisions that have pods, or are about to."""
        return self.rolling_revisions.union(name for name, arm in self.arms.items() if arm.present)


def is_arm(owner: Identity, deployment: Object) -> bool:
    """Whether a Deployment of ours is that of one revision."""
    return str(deployment["metadata"]["name"]) == names.revision_arm(owner.name, revision.of_deployment(deployment))


def fleet(owner: Identity, observation: Observation, *, served: bool) -> Fleet:
    """The arms as observed; `served`: the service has ports, and so an address."""
    deployments = [child for ref, child in observation.children.items() if ref.kind == "Deployment"]
    pods = _by_deployment(observation.pods)
    endpoints = _endpoints(observation.endpoint_slices) if served else None
    own = {each["metadata"]["name"]: each for each in deployments}
    rolling = _arm(owner, owner.name, own.get(owner.name), pods, endpoints)
    arms = [_arm(owner, each["metadata"]["name"], each, pods, endpoints) for each in deployments if is_arm(owner, each)]
    return Fleet(
        service=owner.name,
        rolling=rolling,
        arms={arm.revision: arm for arm in arms},
        selected=_selected(owner, observation),
        rolling_revisions=frozenset(
            {*map(_revision, pods.get(owner.name, ())), *({rolling.revision} if rolling.present else ())}
        ),
    )


def _arm(
    owner: Identity,
    name: str,
    deployment: Object | None,
    pods: Mapping[str, list[Object]],
    endpoints: Mapping[str, frozenset[str]] | None,
) -> Arm:
    own, wanted = pods.get(name, []), revision.of_deployment(deployment)
    ready = frozenset(_name(pod) for pod in own if is_ready(pod) and _revision(pod) == wanted)
    return Arm(
        name=name,
        revision=wanted,
        exists=deployment is not None,
        replicas=deployment["spec"].get("replicas", 1) if deployment is not None else 0,
        pods=frozenset(map(_name, own)),
        ready=ready,
        reachable=ready if endpoints is None else ready & endpoints.get(name, frozenset()),
        addressed=ready if endpoints is None else ready & endpoints.get(owner.name, frozenset()),
    )


def _by_deployment(pods: Iterable[Object]) -> dict[str, list[Object]]:
    """Serving pods that nobody has asked to end and that have not failed, by the Deployment that made them."""
    found: dict[str, list[Object]] = {}
    for pod in pods:
        ended = (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")
        if not ended and "deletionTimestamp" not in pod["metadata"] and (deployment := _deployment(pod)):
            found.setdefault(deployment, []).append(pod)
    return found


def _deployment(pod: Object) -> str:
    """The Deployment whose ReplicaSet made the pod; a ReplicaSet has its Deployment's name and a hash for its own."""
    given = pod["metadata"].get("labels") or {}
    for owner in pod["metadata"].get("ownerReferences", ()):
        if owner.get("controller") and owner["kind"] == "ReplicaSet":
            return str(owner["name"]).removesuffix(f"-{given.get(_TEMPLATE_HASH, '')}")
    return ""


def _endpoints(slices: Iterable[Object]) -> dict[str, frozenset[str]]:
    """Names of the pods that are ready endpoints, by Service."""
    found: dict[str, set[str]] = {}
    for each in slices:
        service = (each["metadata"].get("labels") or {}).get(_SERVICE_OF_SLICE, "")
        for endpoint in each.get("endpoints") or ():
            target = endpoint.get("targetRef") or {}
            if target.get("kind") == "Pod" and (endpoint.get("conditions") or {}).get("ready", True) is not False:
                found.setdefault(service, set()).add(target["name"])
    return {service: frozenset(pods) for service, pods in found.items()}


def _selected(owner: Identity, observation: Observation) -> str | None:
    address = observation.children.get(owner.ref("v1", "Service", owner.name))
    return None if address is None else str((address["spec"].get("selector") or {}).get(labels.REVISION, ""))


def _revision(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(labels.REVISION, ""))


def _name(pod: Object) -> str:
    return str(pod["metadata"]["name"])
