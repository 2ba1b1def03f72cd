"""The status: conditions as kstatus reads them, columns, ETA, history, notices."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.support.kstatus import kstatus
from tests.unit.domain.release.world import BEGIN, World, spec

from trimtab.api.canaryrelease_status import CanaryReleaseStatus
from trimtab.api.reasons import Reason
from trimtab.domain.outcome import Stalled
from trimtab.domain.release.channels import channel_key
from trimtab.domain.release.report import invalid
from trimtab.domain.release.state import of_status, progress_of

SLACK = {"slack": {"secretRef": {"name": "slack"}}}
HOOK = {"webhook": {"url": "https://hooks.example/x"}, "events": ["Started", "Held", "Promoted"]}


def test_columns_in_the_midst_of_a_release() -> None:
    world = World().serving()
    world.change("r2")
    world.run(60)
    status = CanaryReleaseStatus.model_validate(world.status)
    assert (status.phase, status.position, status.weight, status.effective_weight) == (
        "Progressing",
        "1/2",
        "10%",
        "10%",
    )
    assert (status.stable, status.candidate, status.verdict) == ("v-r1", "v-r2", "Pass")
    assert status.release_id == "r2"
    assert world.message.startswith("step 1/2 at 10 %: bakes ")


def test_with_affinity_it_is_said_that_the_share_of_requests_lags() -> None:
    sticky = World(spec(traffic={"provider": "GatewayAPI", "affinity": {"cookie": {"maxAge": "1h"}}})).serving()
    plain = World().serving()
    for world in (sticky, plain):
        world.change("r2")
        world.run(60)
    assert "new sessions" in sticky.status["targets"][0]["message"]
    assert "session" not in plain.status["targets"][0]["message"]


def test_the_eta_is_when_all_bakes_and_the_watch_are_over() -> None:
    world = World().serving()
    world.change("r2")
    while "bakes" not in world.message:
        world.run(2)
    eta = datetime.fromisoformat(world.status["eta"])
    assert timedelta(seconds=230) <= eta - world.now <= timedelta(seconds=240)
    world.run(20)
    assert abs(datetime.fromisoformat(world.status["eta"]) - eta) <= timedelta(seconds=2)


@pytest.mark.parametrize(
    ("phase", "ready", "other", "read_as"),
    [
        ("Idle", "True", "", "Current"),
        ("Progressing", "False", "Reconciling", "InProgress"),
        ("Watching", "False", "Reconciling", "InProgress"),
        ("Promoted", "True", "", "Current"),
        ("Aborted", "False", "Stalled", "Failed"),
    ],
)
def test_conditions_of_each_phase(phase: str, ready: str, other: str, read_as: str) -> None:
    world = World().serving()
    if phase != "Idle":
        world.change("r2")
    if phase == "Aborted":
        world.run(30)
        world.verb("abort")
    world.until(phase)
    assert world.condition("Ready")["status"] == ready
    assert {each["type"] for each in world.status["conditions"]} == {"Ready", *([other] if other else [])}
    assert kstatus({"metadata": {"generation": 1}, "status": world.status}) == read_as


def test_the_state_comes_back_from_the_status_as_it_was() -> None:
    world = World().serving()
    world.change("r2")
    for _ in range(120):
        world.run(4)
        state = of_status(world.status)
        assert progress_of(state) == world.status["progress"]
        assert of_status(json.loads(json.dumps(world.status))) == state


def test_fields_of_a_newer_operator_are_ignored() -> None:
    world = World().serving()
    world.status["progress"]["novelty"] = 7
    world.status["progress"]["legs"]["orders"]["novelty"] = 7
    world.change("r2")
    world.until("Promoted")


def test_the_history_keeps_ten_releases() -> None:
    fast = spec(strategy={"allAtOnce": {"bake": "1s"}}, watch="0s")
    world = World(fast).serving()
    for number in range(2, 14):
        world.change(f"r{number}")
        world.until("Promoted", tick=10)
    assert len(world.status["history"]) == 10
    newest = world.status["history"][0]
    assert newest["releaseID"] == "r13"
    assert newest["versions"] == [{"name": "orders", "revision": "r13", "version": "v-r13"}]
    assert newest["startedAt"] < newest["endedAt"]


def told(world: World) -> list[tuple[str, list[str]]]:
    return [(notice["event"], notice["channels"]) for notice in world.status.get("notices", ())]


def test_notices_wait_for_each_channel_that_wants_them() -> None:
    world = World(spec(notify=[SLACK, HOOK])).serving()
    slack, hook = channel_key(SLACK), channel_key(HOOK)
    world.change("r2")
    world.run(30)
    assert told(world) == [("Started", [hook])]
    world.until("Promoted")
    assert told(world) == [("Started", [hook]), ("Promoted", [slack, hook])]
    ids = [notice["id"] for notice in world.status["notices"]]
    assert ids == ["shop/orders/r2/Started", "shop/orders/r2/Promoted"]
    world.delivered = frozenset({(ids[0], hook), (ids[1], slack)})
    world.apply()
    assert told(world) == [("Promoted", [hook])]
    world.spec = spec(notify=[SLACK])
    world.apply()
    assert told(world) == []


def test_a_channel_that_never_answers_does_not_let_notices_pile_up() -> None:
    world = World(spec(strategy={"allAtOnce": {"bake": "1s"}}, watch="0s", notify=[HOOK])).serving()
    for number in range(2, 15):
        world.change(f"r{number}")
        world.until("Promoted", tick=10)
    assert len(world.status["notices"]) == 20


def test_without_channels_no_notice_is_kept() -> None:
    world = World().serving()
    world.change("r2")
    world.until("Promoted")
    assert "notices" not in world.status


def test_a_spec_that_does_not_parse_is_said_once() -> None:
    resource: dict[str, Any] = {"metadata": {"name": "orders", "namespace": "shop", "generation": 2}}
    first = invalid(resource, "spec.strategy: missing", BEGIN)
    assert isinstance(first.outcome, Stalled)
    assert [event.reason for event in first.events] == [Reason.INVALID_SPEC]
    again = invalid({**resource, "status": first.status}, "spec.strategy: missing", BEGIN + timedelta(hours=1))
    assert again.events == ()
    assert again.status == first.status


def test_several_targets_are_named() -> None:
    world = World(spec(targets=[{"name": "orders"}, {"name": "stock"}]))
    world.until("Idle")
    world.change("r2")
    world.change("r3", "stock")
    world.run(60)
    assert world.status["candidate"] == "orders v-r2, stock v-r3"
    assert {kpi["target"] for kpi in world.status["kpis"]} == {"orders", "stock"}
