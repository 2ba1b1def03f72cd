"""Every state has a reason, and every one that only a person can mend says what to do (faults.md L2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trimtab.api.reasons import Reason
from trimtab.api.servicebinding import ServiceBindingSpec
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.observation import Observation, Trouble
from trimtab.domain.binding.projecting import Projected
from trimtab.domain.binding.protocol.decision import Decision, Finding
from trimtab.domain.binding.report import PATIENCE, report
from trimtab.domain.outcome import Done, Stalled, Waiting
from trimtab.domain.plan import Report

NOW = datetime(2026, 1, 1, tzinfo=UTC)
READY = Projected(secret="orders-in-binding")


def seen(status: dict[str, Any] | None = None, generation: int = 1, **more: Any) -> Observation:
    metadata = {"name": "orders-in", "namespace": "shop", "uid": "u1", "generation": generation}
    return Observation(
        resource={"metadata": metadata, "status": status or {}},
        spec=ServiceBindingSpec.model_validate({"sqs": {}}),
        cluster=ClusterIdentity(id="here"),
        permit=None,
        **more,
    )


def finding(reason: Reason, after: float | None) -> Finding:
    return Finding(kind="sqs/queue", name="q", reason=reason, message="do this", after=after)


def conditions(said: Report) -> dict[str, tuple[str, str]]:
    return {each["type"]: (each["status"], each["reason"]) for each in said.status["conditions"]}


def test_ready_is_true_alone() -> None:
    said = report(seen(), Decision(complete=True), READY, NOW)
    assert conditions(said) == {
        "Ready": ("True", "Bound"),
        "ResourceReady": ("True", "Bound"),
        "Projected": ("True", "Projected"),
    }
    assert said.outcome == Done()
    assert [event.reason for event in said.events] == ["Bound"]


@pytest.mark.parametrize(
    "reason", [Reason.NOT_OURS, Reason.IMMUTABLE_CHANGE, Reason.POLICY_DENIED, Reason.DRIFT_CONFLICT]
)
def test_what_only_a_person_can_mend_is_stalled(reason: Reason) -> None:
    said = report(seen(), Decision(findings=(finding(reason, None),)), Projected(), NOW)
    assert conditions(said)["Stalled"] == ("True", str(reason))
    assert "Reconciling" not in conditions(said)
    assert said.outcome == Stalled(reason=str(reason))
    assert said.status["waitingFor"][0]["message"] == "do this"
    assert [event.reason for event in said.events] == [str(reason)]
    again = report(seen(dict(said.status)), Decision(findings=(finding(reason, None),)), Projected(), NOW)
    assert again.events == ()


def test_what_takes_its_time_is_reconciling() -> None:
    said = report(seen(), Decision(findings=(finding(Reason.CREATING, 7.0),)), Projected(), NOW)
    assert conditions(said)["Reconciling"] == ("True", "Creating")
    assert "Stalled" not in conditions(said)
    assert conditions(said)["ResourceReady"] == ("False", "Creating")
    assert conditions(said)["Projected"] == ("False", "ProjectionPending")
    assert said.outcome == Waiting(after=7.0, reason="Creating")


def test_the_worst_is_told_first_and_all_are_listed() -> None:
    found = (finding(Reason.CREATING, 7.0), finding(Reason.NOT_OURS, None))
    said = report(seen(), Decision(findings=found), Projected(), NOW)
    assert conditions(said)["Ready"] == ("False", "NotOurs")
    assert [each["reason"] for each in said.status["waitingFor"]] == ["Creating", "NotOurs"]
    assert said.outcome == Waiting(after=7.0, reason="Creating")


@pytest.mark.parametrize(("seconds", "ready"), [(0, "True"), (PATIENCE - 1, "True"), (PATIENCE + 1, "False")])
def test_an_outage_of_aws_is_borne_for_a_while(seconds: float, ready: str) -> None:
    before = dict(report(seen(), Decision(complete=True), READY, NOW).status)
    away = finding(Reason.CLOUD_UNAVAILABLE, 30.0)
    trouble = {"queue": Trouble(reason=Reason.CLOUD_UNAVAILABLE, message="503", after=30.0)}
    first = report(seen(before, troubles=trouble), Decision(findings=(away,)), Projected(), NOW)
    later = NOW + timedelta(seconds=seconds)
    said = report(seen(dict(first.status), troubles=trouble), Decision(findings=(away,)), Projected(), later)
    assert conditions(said)["Ready"][0] == ready
    assert conditions(said)["ResourceReady"] == ("True", "Bound")
    assert conditions(said)["Projected"] == ("True", "Projected")


def test_a_new_spec_is_not_ready_by_what_was_known_of_the_old_one() -> None:
    before = dict(report(seen(), Decision(complete=True), READY, NOW).status)
    trouble = {"queue": Trouble(reason=Reason.THROTTLED, message="slow", after=30.0)}
    found = (finding(Reason.THROTTLED, 30.0),)
    said = report(seen(before, generation=2, troubles=trouble), Decision(findings=found), Projected(), NOW)
    assert conditions(said)["Ready"] == ("False", "Throttled")


def test_times_stay_while_nothing_changes() -> None:
    found = Decision(findings=(finding(Reason.NOT_OURS, None),))
    said = report(seen(), found, Projected(), NOW)
    again = report(seen(dict(said.status)), found, Projected(), NOW + timedelta(hours=1))
    assert again.status == said.status
