"""Releases on the memory cluster that are decided by what the store has counted."""

from typing import Any

import pytest
from prometheus_client import REGISTRY
from tests.component.release_world import ReleaseWorld, canary_release, exposed, internal
from tests.component.test_release_crashes import KINDS, counts, essence

from trimtab.adapters.memory.cluster import Fault
from trimtab.domain.objects import Object

ERRORS = {"name": "errors", "requests": {"successRate": "99%"}}
ANALYSIS = {"interval": "5s", "warmup": "0s", "readyWithin": "30s"}
STEPS = {"canary": {"steps": [{"weight": "25%", "bake": "15s"}, {"weight": "50%", "bake": "30s"}]}}
GOOD, BAD = {"1": 0.005, "2": 0.005}, {"1": 0.005, "2": 0.05}


async def begun(service: Object, failing: dict[str, float], **spec: Any) -> ReleaseWorld:
    """A release that has just been asked for; `failing` by image."""
    world = ReleaseWorld()
    world.load, world.failing = 10_000, failing
    world.server.create(service)
    world.server.create(
        canary_release(
            service["metadata"]["name"], **{"kpis": [ERRORS], "analysis": ANALYSIS, "strategy": STEPS, **spec}
        )
    )
    await world.settle()
    world.deploy("2")
    return world


def kpi(world: ReleaseWorld) -> dict[str, Any]:
    """What the KPI says."""
    return dict(world.release()["kpis"][0])


def held(world: ReleaseWorld) -> str:
    """What holds the release."""
    conditions = {each["type"]: each["reason"] for each in world.release()["conditions"]}
    return str(conditions.get("Held", ""))


@pytest.mark.parametrize("service", [exposed(), internal()], ids=["router", "replicas"])
async def test_a_good_revision_is_promoted_on_evidence(service: Object) -> None:
    world = await begun(service, GOOD)
    await world.until("Promoted", rounds=200)
    assert kpi(world)["promote"] == "100%"
    assert world.release()["history"][0]["message"].startswith("errors: ")


@pytest.mark.parametrize("service", [exposed(), internal()], ids=["router", "replicas"])
async def test_a_bad_revision_is_aborted_with_the_numbers(service: Object) -> None:
    world = await begun(service, BAD)
    await world.until("Aborted", rounds=200)
    assert kpi(world)["verdict"] == "Fail"
    assert "requests failed (5%), of stable's" in world.release()["history"][0]["message"]


async def test_metrics_show_a_release_while_it_is_under_way() -> None:
    def shown(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(name, {"namespace": "shop", "release": "orders", **labels})

    ended = {"outcome": "Promoted", "reason": "Promoted"}
    before = REGISTRY.get_sample_value("trimtab_releases_total", ended) or 0.0
    world = await begun(exposed(), GOOD)
    while world.release().get("step") != 2:
        await world.round()
    for _ in range(4):
        await world.round()
    one = {"target": "orders", "kpi": "errors"}
    assert shown("trimtab_release_step") == 2
    assert shown("trimtab_release_kpi_verdict", **one, verdict=kpi(world)["verdict"]) == 1
    assert shown("trimtab_release_kpi_requests", **one, arm="stable") == kpi(world)["stable"]["requests"]
    assert shown("trimtab_release_kpi_evidence_ratio", **one, to="promote") is not None
    await world.until("Promoted", rounds=200)
    assert shown("trimtab_release_step") is None
    assert shown("trimtab_release_kpi_verdict", **one, verdict="Pass") is None
    assert REGISTRY.get_sample_value("trimtab_releases_total", ended) == before + 1


async def test_an_outage_of_the_store_in_the_midst_of_a_step_only_holds() -> None:
    world = await begun(exposed(), GOOD)
    await world.until("Progressing")
    for _ in range(4):
        await world.round()
    assert world.metrics is not None
    world.metrics.failure = "connection refused"
    for _ in range(24):
        await world.round()
    assert held(world) == "ProviderError"
    world.metrics.failure = ""
    await world.until("Promoted", rounds=200)


async def test_an_incident_that_both_revisions_share_holds_until_it_is_over() -> None:
    world = await begun(exposed(), {"1": 0.03, "2": 0.03})
    for _ in range(20):
        await world.round()
    assert held(world) == "EnvironmentUnhealthy"
    world.failing = GOOD
    await world.until("Promoted", rounds=300)


async def test_without_requests_it_holds() -> None:
    world = await begun(exposed(), GOOD)
    world.idle = True
    for _ in range(40):
        await world.round()
    assert held(world) == "TooLittleTraffic"
    assert "eta" not in world.release()


async def test_without_a_store_it_says_so() -> None:
    world = ReleaseWorld()
    world.metrics = None
    world.start()
    world.server.create(exposed())
    world.server.create(canary_release(kpis=[ERRORS]))
    await world.settle()
    world.deploy("2")
    for _ in range(30):
        await world.round()
    assert held(world) == "EvidenceNotAvailable"


@pytest.mark.parametrize("failing", [GOOD, BAD], ids=["promoted", "aborted"])
async def test_a_kill_around_any_write_of_a_judged_release_changes_no_outcome(failing: dict[str, float]) -> None:
    async def run(fault: Fault | None) -> tuple[ReleaseWorld, int]:
        world = await begun(exposed(), failing)
        world.start(fault)
        first = world.cluster
        await world.settle(rounds=300)
        return world, first.writes

    expected, writes = await run(None)
    assert writes >= 20, "the release writes too little to prove anything"
    for at in range(1, writes + 1, 5):
        kind = KINDS[at // 5 % len(KINDS)]
        world, _ = await run(Fault(kind=kind, at=at))
        assert world.phase() == expected.phase(), f"{kind} write {at}"
        assert world.release()["history"][0]["outcome"] == expected.release()["history"][0]["outcome"]
        assert counts(world, "ADDED") == counts(expected, "ADDED"), f"{kind} write {at}"
        assert counts(world, "DELETED") == counts(expected, "DELETED"), f"{kind} write {at}"
        assert essence(world).keys() == essence(expected).keys(), f"{kind} write {at}"


async def test_crds_that_are_older_than_the_operator_hold_what_is_judged_by_counts() -> None:
    """The evidence is not kept there, and verdicts without memory are wrong more often than promised."""
    world = await begun(exposed(), BAD)
    world.server.older.add("CanaryRelease")
    await world.until("Held")
    assert held(world) == "EvidenceNotAvailable"
    assert "chart trimtab-crds" in kpi(world)["message"]
    world.server.older.clear()
    await world.until("Aborted", rounds=200)
