"""How it stands with the settings of a resource of ours: what is an update, what is drift, what is refused.

A setting that was once seen to be as it is declared now, and is not any more, was changed elsewhere (drift). All others
that differ are what the user wants now (an update). An update that was sent and does not take counts as a change
made elsewhere: whoever undoes it, or understands it otherwise, is not fought for ever.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from trimtab.api.reasons import Reason
from trimtab.domain.binding.protocol import diff
from trimtab.domain.binding.protocol.decision import Finding, Modify
from trimtab.domain.binding.protocol.drift import LIMIT, Drift, is_conflict, met
from trimtab.domain.binding.protocol.scene import Scene, Standing
from trimtab.domain.binding.record import PENDING, Record, begun
from trimtab.domain.binding.resource import Change, Live, Resource, State
from trimtab.domain.plan import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sorted:
    """Settings that differ: `updates` and `remedies` are put right, `left` stay as they were found elsewhere.

    `again` are updates that did not take, `fought` those of `left` that were put right too often already.
    """

    refused: frozenset[str]
    updates: frozenset[str]
    again: frozenset[str]
    remedies: frozenset[str]
    left: frozenset[str]
    fought: frozenset[str]


def settled(scene: Scene, resource: Resource, live: Live, record: Record) -> Standing:
    """The standing of a resource that can be used."""
    sorts = _sorted(scene, resource, live, record)
    modifies = [
        _modify(resource, live, change, sorts)
        for change in diff.changes(resource, sorts.updates | sorts.remedies)
        if change.differing
    ]
    pending = [each for each in modifies if scene.is_recent(resource, each.token)]
    due = [each for each in modifies if each not in pending]
    if resource.gradual:
        due = due[:1] if live.state is State.ACTIVE and not pending else []
    drifts = tuple(_drifts(scene, resource, live, sorts, due))
    record = replace(
        record,
        applied=_applied(resource, record, sorts, due),
        intent=begun("Change", scene.now) if due else record.intent if pending else None,
    )
    return Standing(
        record=record,
        actions=tuple(due),
        findings=tuple(_findings(scene, resource, live, sorts, waits=bool(modifies) and not due)),
        events=tuple(_events(scene, resource, drifts, sorts)),
        drifts=drifts,
        drifted=tuple(each for each in drifts if each.setting in sorts.left | sorts.remedies),
        ours=True,
        usable=True,
        live=live,
    )


def _sorted(scene: Scene, resource: Resource, live: Live, record: Record) -> _Sorted:
    wrong = diff.differing(resource, live)
    swapped = frozenset(
        name for name in resource.replaced & wrong if live.settings.get(name) and resource.settings[name]
    )
    refused = wrong & resource.immutable | swapped
    mutable = wrong - refused
    drifted = frozenset(name for name in mutable if record.applied.get(name) == diff.digest(resource.settings[name]))
    given_up = frozenset(name for name in mutable if is_conflict(scene.drifts.get((resource.key, name)), scene.now))
    remediate = scene.observation.spec.drift == "Remediate"
    remedies = drifted - given_up if remediate else frozenset[str]()
    updates = mutable - drifted - given_up
    return _Sorted(
        refused=refused,
        updates=updates,
        again=frozenset(name for name in updates if record.applied.get(name) == PENDING),
        remedies=remedies,
        left=mutable - updates - remedies,
        fought=given_up if remediate else given_up - drifted,
    )


def _modify(resource: Resource, live: Live, change: Change, sorts: _Sorted) -> Modify:
    """Settings that are to stay as somebody else made them are not changed with the others of their group."""
    kept = {name: live.settings.get(name) for name in sorts.left & change.settings.keys()}
    change = replace(change, settings={**change.settings, **kept})
    return Modify(
        resource=resource,
        live=live,
        change=change,
        cause="drift" if change.differing <= sorts.remedies else "spec",
    )


def _applied(resource: Resource, record: Record, sorts: _Sorted, due: Iterable[Modify]) -> dict[str, str]:
    """What was last seen in effect. An update that begins now is neither that nor forgotten."""
    begun_ = frozenset(name for each in due for name in each.change.differing) & sorts.updates
    kept = sorts.updates | sorts.refused | sorts.left | sorts.remedies
    return {
        name: PENDING if name in begun_ else record.applied[name] if name in kept else diff.digest(value)
        for name, value in resource.settings.items()
        if name in begun_ or name not in kept or name in record.applied
    }


def _drifts(scene: Scene, resource: Resource, live: Live, sorts: _Sorted, due: Iterable[Modify]) -> Iterator[Drift]:
    changed = frozenset(name for each in due for name in each.change.differing)
    drifted = frozenset[str]() if scene.observation.spec.drift == "Ignore" else sorts.left | sorts.remedies
    for name in sorted(drifted | sorts.fought | (sorts.again & changed)):
        found = Drift(
            key=resource.key,
            setting=name,
            wanted=diff.shown(resource.settings[name]),
            found=diff.shown(live.settings.get(name)),
        )
        yield met(found, scene.drifts.get(found.spot), scene.now, remedied=name in changed)


def _findings(scene: Scene, resource: Resource, live: Live, sorts: _Sorted, *, waits: bool) -> Iterator[Finding]:
    for name in sorted(sorts.refused):
        remedy = (
            "take it out, wait until it is gone, then set the other, which is another one: what it held is lost"
            if name in resource.replaced
            else "make a new ServiceBinding and move to that"
        )
        message = (
            f"{name} is {diff.shown(live.settings.get(name))} and cannot become {diff.shown(resource.settings[name])}: "
            f"set it back, or {remedy}"
        )
        yield Finding(kind=resource.kind, name=resource.name, reason=Reason.IMMUTABLE_CHANGE, message=message)
    for name in sorted(sorts.fought):
        message = (
            f"{name} was changed back {LIMIT} times within an hour and is changed again: find who does it, then change "
            "the spec or the annotation trimtab.dev/reconcile"
        )
        yield Finding(kind=resource.kind, name=resource.name, reason=Reason.DRIFT_CONFLICT, message=message)
    if waits or live.state is State.UPDATING:
        yield Finding(
            kind=resource.kind,
            name=resource.name,
            reason=Reason.UPDATING,
            message="AWS is changing it",
            after=scene.pace(resource),
        )


def _events(scene: Scene, resource: Resource, drifts: Collection[Drift], sorts: _Sorted) -> Iterator[Event]:
    """Once per incident: when it is met first, and when it is given up."""
    for each in drifts:
        text = f"{resource.name}: {each.setting} should be {each.wanted} and was {each.found}"
        before = scene.drifts.get(each.spot)
        if each.setting in sorts.remedies and each.count == 1 and (before is None or before.count != 1):
            yield Event(type="Warning", reason=str(Reason.DRIFT_REMEDIED), message=f"{text}; it is changed back")
        elif each.setting in sorts.left - sorts.fought and before is None:
            yield Event(type="Warning", reason=str(Reason.DRIFTED), message=f"{text}; spec.drift leaves it so")
