"""Which Microservices would start new pods: those whose revision another spec or other bindings make another."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from trimtab.api.microservice import MicroserviceSpec
from trimtab.cli.plan.situation import Candidate, Surroundings, binds_to
from trimtab.domain.objects import Object
from trimtab.domain.service.bindings import bound
from trimtab.domain.service.revision import shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """What would become of one Microservice. `bindings` are those that it would get or lose, or get otherwise."""

    namespace: str
    name: str
    what: Literal["created", "new revision", "changed in place", "unchanged", "refused"]
    bindings: tuple[str, ...] = ()
    reason: str = ""


def rollouts(namespace: str, around: Surroundings, candidates: Iterable[Candidate]) -> Iterator[Rollout]:
    """Of all Microservices of a namespace that the candidates concern."""
    asked = {each.name: each for each in candidates if (each.kind, each.namespace) == ("Microservice", namespace)}
    for name, each in asked.items():
        if each.after is None:
            yield Rollout(namespace=namespace, name=name, what="refused", reason=each.refusal)
    for name, service in sorted(around.services.items()):
        before = around.services_before.get(name)
        found = _rollout(namespace, name, before, service, around)
        if name in asked and asked[name].after is None:
            continue
        if found is not None and (found.what in ("created", "new revision") or name in asked):
            yield found


def _rollout(namespace: str, name: str, before: Object | None, after: Object, around: Surroundings) -> Rollout | None:
    has = {} if before is None else _given(before, around.bindings_before.values())
    gets = _given(after, around.bindings.values())
    changed = tuple(sorted(each for each in has.keys() | gets.keys() if has.get(each) != gets.get(each)))
    try:
        then = "" if before is None else _shape(before, around.bindings_before.values())
        now = _shape(after, around.bindings.values())
    except ValidationError:
        return None  # another version's; its own status says so
    if before is None:
        return Rollout(namespace=namespace, name=name, what="created", bindings=changed)
    if then != now:
        return Rollout(namespace=namespace, name=name, what="new revision", bindings=changed)
    same = before["spec"] == after["spec"]
    return Rollout(namespace=namespace, name=name, what="unchanged" if same else "changed in place")


def _shape(service: Object, bindings: Iterable[Object]) -> str:
    return shape(MicroserviceSpec.model_validate(service["spec"]), bound=bound(_of(service, bindings)))


def _given(service: Object, bindings: Iterable[Object]) -> dict[str, object]:
    return {each.name: each.to_shape() for each in bound(_of(service, bindings))}


def _of(service: Object, bindings: Iterable[Object]) -> list[Object]:
    return [each for each in bindings if binds_to(each, service)]
