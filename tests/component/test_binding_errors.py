"""Each class of AWS's errors has a reason, a remedy and a pace; none of them is ever read as absence."""

import json
import logging

import pytest
from tests.component.binding_world import QUEUE, BindingWorld, binding, bound

from trimtab.adapters.memory.lease import MemoryLease
from trimtab.domain.outcome import Waiting
from trimtab.ports.cloud import (
    CircuitOpenError,
    CloudBusyError,
    CloudDeniedError,
    CloudError,
    CloudInvalidError,
    CloudQuotaError,
    CloudThrottledError,
    CloudUnavailableError,
)
from trimtab.ports.cluster import LeaseLostError

CASES = [
    (CloudThrottledError("Rate exceeded", retry_after=7), "Throttled", "Reconciling", 7, 300),
    (CloudUnavailableError("503"), "CloudUnavailable", "Reconciling", 1, 300),
    (CircuitOpenError("paused", retry_after=30), "CircuitOpen", "Reconciling", 30, 300),
    (CloudBusyError("wait 60 seconds", retry_after=60), "CloudBusy", "Reconciling", 60, 60),
    (CloudDeniedError("not authorized", action="sqs:CreateQueue"), "CloudDenied", "Stalled", 5, 600),
    (CloudQuotaError("too many queues"), "CloudQuotaExceeded", "Stalled", 600, 600),
    (CloudInvalidError("bad attribute"), "CloudInvalid", "Stalled", 600, 600),
]


@pytest.mark.parametrize(("error", "reason", "type_", "least", "most"), CASES, ids=[case[1] for case in CASES])
async def test_an_error_of_a_creation_is_told_and_paced(
    error: CloudError, reason: str, type_: str, least: float, most: float
) -> None:
    world = BindingWorld()
    world.server.create(binding())
    world.cloud.refusing = lambda verb, resource: error if verb == "create" else None
    outcome = await world.reconcile()
    assert isinstance(outcome, Waiting)
    assert least <= outcome.after <= most
    assert world.condition("Ready") == ("False", reason)
    assert world.condition(type_) == ("True", reason)
    assert str(error) in world.message()
    assert (error.action or "") in world.message()
    before = world.cloud.looks
    await world.reconcile()
    assert world.cloud.looks == before, "an event makes no call before the time is up"
    world.cloud.refusing = lambda verb, resource: None
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")


@pytest.mark.parametrize("error", [case[0] for case in CASES], ids=[case[1] for case in CASES])
async def test_a_look_that_fails_is_no_absence(error: CloudError) -> None:
    world = await bound()
    world.clock.advance(600)
    world.cloud.refusing = lambda verb, resource: error if verb == "look" else None
    for _ in range(6):
        await world.reconcile()
        world.clock.advance(100)
    assert world.verbs() == ["create"]
    assert world.condition("ResourceReady") == ("True", "Bound")
    assert world.condition("Projected") == ("True", "Projected")


@pytest.mark.parametrize("error", [CASES[0][0], CASES[1][0], CASES[2][0]], ids=["throttled", "5xx", "open"])
async def test_an_outage_makes_nothing_unready_at_once_but_is_told_after_a_while(error: CloudError) -> None:
    world = await bound()
    world.clock.advance(600)
    world.cloud.refusing = lambda verb, resource: error
    await world.reconcile()
    assert world.condition("Ready") == ("True", "Bound")
    assert world.status()["waitingFor"]
    world.clock.advance(1000)
    await world.reconcile()
    assert world.condition("Ready")[0] == "False"
    world.cloud.refusing = lambda verb, resource: None
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound")
    assert "waitingFor" not in world.status()


async def test_the_pace_slows_down_with_failures_and_a_new_spec_ends_it() -> None:
    world = BindingWorld()
    world.server.create(binding())
    world.cloud.refusing = lambda verb, resource: CloudUnavailableError("503")
    waits = []
    for _ in range(10):
        outcome = await world.reconcile()
        assert isinstance(outcome, Waiting)
        waits.append(outcome.after)
        world.clock.advance(outcome.after)
    assert waits == sorted(waits)
    assert waits[-1] >= 150
    await world.reconcile()
    looks = world.cloud.looks
    world.edit(lambda obj: obj["spec"]["sqs"].update(retention="24h"))
    await world.reconcile()
    assert world.cloud.looks > looks


async def test_no_write_goes_out_after_the_lease() -> None:
    world = BindingWorld()
    world.server.create(binding())
    lease = MemoryLease(lambda: world.clock.now().timestamp(), until=world.clock.now().timestamp() - 1)
    world.start(lease=lease)
    with pytest.raises(LeaseLostError):
        await world.reconcile()
    assert not world.aws.stored


async def test_every_change_is_one_audit_line_without_values(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="trimtab.audit"):
        world = await bound(sqs={"visibilityTimeout": "31s"})
        world.queue().settings["visibilityTimeout"] = 4711
        world.clock.advance(600)
        await world.settle()
        world.delete()
        await world.settle()
    lines = [record.fields for record in caplog.records if record.name == "trimtab.audit"]  # type: ignore[attr-defined]
    assert [(line["verb"], line["cause"], line["result"]) for line in lines] == [
        ("Create", "spec", "done"),
        ("Change", "drift", "done"),
        ("Delete", "deletion", "done"),  # the tag that announces it
        ("Delete", "deletion", "done"),
    ]
    assert lines[1]["settings"] == ["visibilityTimeout"]
    assert lines[1]["before"] != lines[1]["after"]
    assert lines[1]["arn"]
    assert "4711" not in json.dumps(lines)


async def test_a_failed_change_is_audited_with_the_id_of_its_request(caplog: pytest.LogCaptureFixture) -> None:
    world = BindingWorld()
    world.server.create(binding(**QUEUE))
    error = CloudDeniedError("no", action="sqs:CreateQueue", request_id="req-1")
    world.cloud.refusing = lambda verb, resource: error if verb == "create" else None
    with caplog.at_level(logging.INFO, logger="trimtab.audit"):
        await world.reconcile()
    (line,) = [record.fields for record in caplog.records if record.name == "trimtab.audit"]  # type: ignore[attr-defined]
    assert (line["result"], line["requestID"]) == ("CloudDeniedError", "req-1")
