"""Steps: pods, effect, bake, verdicts, approval."""

from typing import Any

import pytest
from tests.unit.domain.release.world import World, spec

from trimtab.api.reasons import Reason
from trimtab.domain.plan import Event

ERRORS = {"name": "errors", "requests": {"successRate": "99%"}}
PODS = {"name": "pods", "pods": {"maxRestarts": 0}}


def released(declared: dict[str, Any] | None = None, **kwargs: Any) -> World:
    """A world whose first revision serves and whose second is asked for."""
    world = World(declared, **kwargs).serving()
    world.change("r2")
    return world


def weights(world: World, seconds: float) -> list[int]:
    """The weights that are ordered in that time, without repetition."""
    seen: list[int] = []
    for _ in range(int(seconds / 2)):
        world.apply()
        if not seen or world.order().weight != seen[-1]:
            seen.append(world.order().weight)
        world.work()
        world.advance(2)
    return seen


@pytest.mark.parametrize("routed", [True, False])
@pytest.mark.parametrize("counted", [True, False])
def test_a_good_release_goes_through_all_steps_and_ends_promoted(routed: bool, counted: bool) -> None:
    world = released(routed=routed, counted=counted)
    assert weights(world, 360) == [10, 50, 100, 0]
    assert world.status["phase"] == "Promoted"
    assert world.outcomes == ["Promoted"]
    assert world.target()["stable"] == "r2"
    assert {pod["revision"] for pod in world.services["orders"].pods.values()} == {"r2"}


def test_the_first_revision_needs_no_release() -> None:
    world = World()
    world.apply()
    world.work()
    world.change("r2")  # before r1 ever served
    world.run(60)
    assert world.target()["stable"] == "r2"
    assert world.outcomes == []
    assert world.status["phase"] == "Idle"


def test_no_order_before_the_microservice_has_noticed_the_policy() -> None:
    world = World(noticed=False)
    world.run(20)
    assert "order" not in world.target()
    world.services["orders"].noticed = True
    world.until("Idle")
    assert world.order().stable == "r1"


def test_the_bake_begins_when_a_request_shows_the_share_and_not_before() -> None:
    world = released(counted=True)
    world.services["orders"].traffic = 0.0
    world.run(20)
    assert world.status["progress"].get("bake", 0) == 0
    assert "request that shows" in world.message
    world.services["orders"].traffic = 10.0
    world.run(30)
    assert "bakes" in world.message
    assert "WeightUnconfirmed" not in world.target()["message"]


@pytest.mark.parametrize("pace", [1.0, 3.0, 7.0, 10.0])
@pytest.mark.parametrize("counted", [True, False])
def test_a_step_bakes_for_its_whole_time_whenever_somebody_looks(pace: float, counted: bool) -> None:
    world = released(counted=counted)
    began = None
    while world.status.get("phase") == "Idle" or world.order().weight < 50:
        world.apply()
        if began is None and "bakes" in world.message:
            began = world.true
        world.work()
        world.advance(pace)
    assert began is not None
    assert 60 <= world.true - pace - began <= 60 + pace + 0.01


def test_without_a_request_to_see_thirty_seconds_in_place_suffice_and_status_says_so() -> None:
    world = released(counted=True)
    world.services["orders"].traffic = 0.0
    world.run(60)
    assert "bakes" in world.message
    assert Reason.WEIGHT_UNCONFIRMED in world.target()["message"]


def test_a_candidate_that_gets_no_request_while_stable_does_is_not_in_effect() -> None:
    world = released(counted=True)
    for _ in range(60):
        world.apply()
        world.work()
        world.services["orders"].weight = 0.0001  # the router does as it pleases
        world.services["orders"].order = world.order()
        world.advance(2)
    assert world.order().weight == 10
    assert "bakes" not in world.message


def test_pods_that_are_lost_in_the_midst_stop_the_bake_and_it_goes_on_when_they_are_back() -> None:
    world = released()
    world.run(60)
    baked = world.status["progress"]["bake"]
    world.services["orders"].broken.add("r2")
    world.run(40)
    assert world.status["progress"]["bake"] <= baked + 10
    world.services["orders"].broken.clear()
    world.until("Promoted")


def test_an_autoscaler_in_the_midst_counts_as_a_change_of_weight() -> None:
    world = released()
    world.run(60)
    assert "bakes" in world.message
    world.services["orders"].wanted = 40
    world.run(4)
    assert "bakes" not in world.message
    assert world.services["orders"].ready("r2") == 4  # ten percent of forty
    world.until("Promoted")


def test_an_approval_is_waited_for_and_told_once() -> None:
    steps = [{"weight": "50%", "bake": "30s", "approval": "Required"}]
    world = released(spec(strategy={"canary": {"steps": steps}}))
    world.until("AwaitingApproval")
    world.run(600)
    assert world.order().weight == 50
    assert [event.reason for event in world.events].count(Reason.AWAITING_APPROVAL) == 1
    world.verb("promote")
    world.until("Promoted")


def test_a_kpi_that_cannot_be_judged_yet_holds_once_the_bake_is_over() -> None:
    world = released(spec(kpis=[PODS, ERRORS]))
    world.run(60)
    assert not world.condition("Held")
    world.until("Held")
    assert world.condition("Held")["reason"] == Reason.EVIDENCE_NOT_AVAILABLE
    assert world.condition("Ready")["reason"] == Reason.HELD
    assert "KPI errors" in world.message
    world.run(3600, tick=20)
    assert world.order().weight == 10
    assert [event.reason for event in world.events].count(Reason.HELD) == 1


def test_a_kpi_that_has_passed_later_lets_the_release_go_on() -> None:
    world = released(spec(kpis=[PODS, ERRORS]))
    world.judge("Insufficient", "errors", Reason.TOO_LITTLE_TRAFFIC)
    world.until("Held")
    assert world.condition("Held")["reason"] == Reason.TOO_LITTLE_TRAFFIC
    world.judge("Pass", "errors")
    world.until("Promoted")


def test_a_metrics_store_that_fails_holds() -> None:
    world = released(spec(kpis=[ERRORS]))
    world.judge("ProviderError", "errors", Reason.PROVIDER_ERROR)
    world.until("Held")
    assert world.condition("Held")["reason"] == Reason.PROVIDER_ERROR
    assert world.status["verdict"] == "ProviderError"


def test_a_kpi_that_fails_aborts_at_once_also_in_the_midst_of_a_bake() -> None:
    world = released(spec(kpis=[ERRORS]))
    world.judge("Pass", "errors")
    world.run(50)
    world.judge("Fail", "errors")
    world.apply()
    assert world.order().weight == 0
    assert world.target()["rejected"]["reason"] == Reason.KPI_FAILED
    world.until("Aborted")


def test_pods_that_are_not_ready_in_time_abort() -> None:
    world = World().serving()
    world.services["orders"].broken.add("r2")
    world.change("r2")
    world.run(590)
    assert world.status["phase"] == "Progressing"
    world.until("Aborted", limit=120)
    assert world.target()["rejected"]["reason"] == Reason.NOT_READY_WITHIN
    assert "0 of 1 pods were ready within 10m" in world.message
    assert world.services["orders"].weight == 0


def test_time_in_which_a_job_runs_first_is_not_that_of_pods() -> None:
    world = World().serving()
    service = world.services["orders"]
    service.broken.add("r2")
    service.jobs = [{"name": "migrate", "phase": "Running", "revision": "r2"}]
    world.change("r2")
    world.run(900, tick=5)
    assert world.status["phase"] == "Progressing"
    service.jobs = []
    service.broken.clear()
    world.until("Promoted")


def test_a_failed_migration_rejects_with_its_own_reason() -> None:
    world = World().serving()
    world.services["orders"].failure = "MigrationFailed"
    world.change("r2")
    world.until("Aborted")
    assert world.target()["rejected"]["reason"] == "MigrationFailed"


def test_an_order_that_is_not_supported_rejects() -> None:
    world = World().serving()
    world.services["orders"].failure = "NotSupported"
    world.change("r2")
    world.until("Aborted")
    assert world.target()["rejected"]["reason"] == "NotSupported"


@pytest.mark.parametrize(
    ("allowed", "restarts", "outcome"), [(0, 0, "Promoted"), (0, 1, "Aborted"), (2, 2, "Promoted")]
)
def test_restarts_of_the_candidate_are_counted(allowed: int, restarts: int, outcome: str) -> None:
    world = released(spec(kpis=[{"name": "pods", "pods": {"maxRestarts": allowed}}]))
    world.run(50)
    _restart(world, restarts)
    world.until(outcome)


def test_restarts_of_pods_that_are_gone_stay_counted_and_replaced_pods_are_not_restarts() -> None:
    world = released(spec(kpis=[{"name": "pods", "pods": {"maxRestarts": 1}}]))
    world.run(50)
    _restart(world, 1)
    world.apply()
    service = world.services["orders"]
    for name in [name for name, pod in service.pods.items() if pod["revision"] == "r2"]:
        del service.pods[name]  # as the rotation of a Secret does
    world.run(10)
    assert world.status["kpis"][0]["verdict"] == "Pass"
    assert world.status["kpis"][0]["message"] == "1 restart, 1 allowed"
    _restart(world, 1)
    world.apply()
    assert world.target()["rejected"]["reason"] == Reason.RESTARTS_EXCEEDED


def test_restarts_of_stable_pods_do_not_matter() -> None:
    world = released()
    world.run(50)
    for pod in world.services["orders"].pods.values():
        pod["restarts"] += pod["revision"] == "r1"
    world.until("Promoted")


def _restart(world: World, times: int) -> None:
    for pod in world.services["orders"].pods.values():
        if pod["revision"] == "r2":
            pod["restarts"] += times
            return


@pytest.mark.parametrize(
    ("late", "reason", "ends"),
    [
        ("Hold", Reason.TOO_LITTLE_TRAFFIC, "Held"),
        ("Abort", Reason.TOO_LITTLE_TRAFFIC, "Aborted"),
        ("Promote", Reason.TOO_LITTLE_TRAFFIC, "Promoted"),
        ("Promote", Reason.NO_DATA, "Held"),
        ("Promote", Reason.EVIDENCE_NOT_AVAILABLE, "Held"),
        ("Abort", Reason.NO_DATA, "Aborted"),
    ],
)
def test_the_deadline_ends_what_is_undecided_as_the_policy_says(late: str, reason: Reason, ends: str) -> None:
    world = released(spec(kpis=[ERRORS], analysis={"deadline": "10m", "onInconclusive": late}))
    world.judge("Insufficient", "errors", reason)
    world.run(1800, tick=5)
    assert world.status["phase"] == ends
    if ends == "Held":
        assert world.condition("Held")["reason"] == Reason.DEADLINE_EXCEEDED
        assert world.order().weight == 10
    if ends == "Aborted":
        assert world.target()["rejected"]["reason"] == Reason.DEADLINE_EXCEEDED


def test_a_changed_strategy_goes_on_from_the_weight_that_there_is() -> None:
    world = released()
    world.until("Progressing")
    while world.order().weight != 50:
        world.run(10)
    world.spec = spec(strategy={"canary": {"steps": [{"weight": "5%", "bake": "1m"}, {"weight": "60%", "bake": "1m"}]}})
    assert weights(world, 240) == [50, 60, 100]


def test_a_share_that_pods_cannot_have_is_rounded_and_status_says_so() -> None:
    world = released(routed=False)
    world.run(60)
    assert world.order().weight == 10
    assert world.status["effectiveWeight"] == "20%"
    assert f"{Reason.WEIGHT_ROUNDED}: 10 % needs 9 replicas" in world.target()["message"]


def test_events_are_few() -> None:
    world = released()
    world.until("Promoted")
    assert [event.reason for event in world.events if isinstance(event, Event)] == [
        Reason.RELEASE_STARTED,
        Reason.STEP_PASSED,
        Reason.STEP_PASSED,
        Reason.PROMOTED,
    ]


def test_a_change_of_another_step_skips_no_approval() -> None:
    steps = [
        {"weight": "10%", "bake": "10m", "approval": "Required"},
        {"weight": "10%", "bake": "1s"},
        {"weight": "50%", "bake": "10m"},
    ]
    world = World(spec(strategy={"canary": {"steps": steps}})).serving()
    world.change("r2")
    world.run(60)
    assert world.status["position"] == "1/3"
    world.spec = {**world.spec, "strategy": {"canary": {"steps": [*steps[:2], {"weight": "50%", "bake": "11m"}]}}}
    world.run(60)
    assert (world.status["position"], world.status["weight"]) == ("1/3", "10%")
    world.spec = {**world.spec, "strategy": {"canary": {"steps": [{**steps[0], "bake": "9m"}, *steps[1:]]}}}
    world.run(60)
    assert (world.status["position"], world.status["weight"]) == ("1/3", "10%")
