"""The operator is killed around any write of a release, and the release ends as it would have."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.component.release_world import ReleaseWorld, canary_release, exposed, internal

from trimtab.adapters.memory.cluster import Fault
from trimtab.domain.objects import ObjectRef

ONE_STEP = {"canary": {"steps": [{"weight": "50%", "bake": "5s"}]}}
KINDS = ("before", "after", "lost")
COUNTED = ("Deployment", "Service", "HTTPRoute", "ControllerRevision", "ConfigMap")


def promoted() -> ReleaseWorld:
    world = ReleaseWorld()
    world.server.create(exposed())
    return world


def aborted() -> ReleaseWorld:
    world = ReleaseWorld()
    world.server.create(internal())
    world.crashing.add("2")
    return world


SCENARIOS = {"promoted": promoted, "aborted": aborted}


async def run(scenario: Callable[[], ReleaseWorld], fault: Fault | None) -> tuple[ReleaseWorld, int]:
    """A whole release with a fault; also how many writes it took."""
    world = scenario()
    world.server.create(canary_release(strategy=ONE_STEP))
    await world.settle()
    world.deploy("2")
    world.start(fault)
    first = world.cluster
    await world.settle()
    return world, first.writes


def essence(world: ReleaseWorld) -> dict[ObjectRef, Any]:
    """What is there at the end, without what depends on how long it took, or on names that the cluster gives."""
    state = {ref: obj for ref, obj in world.state().items() if ref.kind not in ("Pod", "EndpointSlice")}
    for obj in state.values():
        if obj["kind"] == "CanaryRelease":
            obj["status"].pop("progress", None)
    return state


def counts(world: ReleaseWorld, type_: str) -> dict[ObjectRef, int]:
    return {ref: number for ref, number in world.count(type_).items() if ref.kind in COUNTED}


@pytest.mark.parametrize("offset", range(len(KINDS)), ids=["0", "1", "2"])
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
async def test_a_kill_around_any_write_changes_no_outcome(scenario: Callable[[], ReleaseWorld], offset: int) -> None:
    """Each write meets one of the faults, and with the three offsets all of them by turns."""
    expected, writes = await run(scenario, None)
    assert writes >= 15, "the release writes too little to prove anything"
    for at in range(1 + offset, writes + 1, len(KINDS)):
        kind = KINDS[(at + at // len(KINDS)) % len(KINDS)]
        world, _ = await run(scenario, Fault(kind=kind, at=at))
        assert world.phase() == expected.phase(), f"{kind} write {at}"
        assert essence(world) == essence(expected), f"{kind} write {at}"
        assert counts(world, "ADDED") == counts(expected, "ADDED"), f"{kind} write {at}"
        assert counts(world, "DELETED") == counts(expected, "DELETED"), f"{kind} write {at}"
        assert world.started == expected.started, f"{kind} write {at}: pods were started twice"
