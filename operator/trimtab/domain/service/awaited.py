"""What must be there before the first pod of a revision, apart from its jobs: its bindings, and its identity."""

from collections.abc import Iterable, Iterator, Mapping

from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.objects import Object
from trimtab.domain.service import bindings, injection, revision
from trimtab.domain.service.blockers import Blocker
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.revision import Revision
from trimtab.domain.status import condition

_NEEDED = ("ResourceReady", "Projected")


def awaited(observation: Observation, target: Revision) -> tuple[Blocker, ...]:
    """What a revision waits for. One that serves, or has pods, waits for nothing, whatever becomes of its bindings."""
    serves = (observation.resource.get("status") or {}).get("stableRevision") == target.name
    if observation.bindings is None or serves or _runs(observation, target.name):
        return ()
    unready = tuple(_unready(bindings.of_shape(target.shape), observation.bindings))
    return unready or tuple(injection.blockers(observation, target))


def _runs(observation: Observation, name: str) -> bool:
    """Whether a Deployment asks for pods of the revision, or there are any."""
    deployments = (child for ref, child in observation.children.items() if ref.kind == "Deployment")
    asked = any(revision.of_deployment(each) == name and each["spec"].get("replicas", 1) for each in deployments)
    return asked or any(
        (pod["metadata"].get("labels") or {}).get(labels.REVISION) == name
        and (pod["metadata"].get("labels") or {}).get(labels.COMPONENT) == labels.SERVICE
        for pod in observation.pods
    )


def _unready(wanted: Iterable[bindings.Bound], found: Iterable[Object]) -> Iterator[Blocker]:
    known = {each["metadata"]["name"]: each for each in found}
    for each in wanted:
        binding = known.get(each.name)
        if binding is not None and not usable(binding):
            yield _blocker(binding)


def usable(binding: Object) -> bool:
    """Whether what it asks for now can be used, and the workload's Secret says how."""
    status = binding.get("status") or {}
    current = status.get("observedGeneration") == binding["metadata"].get("generation")
    return current and all(condition(status, type_).get("status") == "True" for type_ in _NEEDED)


def _blocker(binding: Object) -> Blocker:
    """In the words of its own condition Ready, if that is about what it asks for now."""
    status: Mapping[str, object] = binding.get("status") or {}
    said = condition(status, "Ready") if status.get("observedGeneration") == binding["metadata"]["generation"] else {}
    return Blocker(
        kind="ServiceBinding",
        name=binding["metadata"]["name"],
        reason=next((reason for reason in Reason if reason == said.get("reason")), Reason.BINDING_NOT_READY),
        message=str(said.get("message") or "it was not looked at yet"),
    )
