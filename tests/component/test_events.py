"""The recorder of Events: aggregated, bounded, and never in anybody's way."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from trimtab.adapters.kubernetes import events
from trimtab.adapters.kubernetes.events import EventRecorder
from trimtab.domain.objects import Object
from trimtab.domain.plan import Event
from trimtab.ports.cluster import DeniedError, NotFoundError

ORDERS: Object = {
    "apiVersion": "trimtab.dev/v1alpha1",
    "kind": "Microservice",
    "metadata": {"name": "orders", "namespace": "shop", "uid": "ms", "resourceVersion": "1"},
}
ROLLED_OUT = Event(type="Normal", reason="RolledOut", message="revision a is rolled out")


class Client:
    """Takes what is written."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.error: Exception | None = None

    async def write(self, method: str, kind: Any, path: str, body: Any, **_: Any) -> Any:
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        self.sent.append((method, body))
        return {"metadata": {"name": "orders.1"}}


class Rig:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, rate: float = 1000.0, burst: int = 1000) -> None:
        self.now = 0.0
        self.client = Client()
        self.recorder = EventRecorder(
            self.client,  # type: ignore[arg-type]
            "me",
            rate=rate,
            burst=burst,
            clock=lambda: self.now,
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        )
        real_sleep = asyncio.sleep

        async def sleep(seconds: float) -> None:
            self.now += seconds
            await real_sleep(0)

        monkeypatch.setattr(asyncio, "sleep", sleep)
        self.turn = real_sleep

    async def publish(self) -> None:
        task = asyncio.create_task(self.recorder.run())
        for _ in range(50):
            await self.turn(0)
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(monkeypatch)


async def test_an_event_is_published_with_all_that_the_api_demands(rig: Rig) -> None:
    rig.recorder.record(ORDERS, ROLLED_OUT)
    await rig.publish()
    ((method, body),) = rig.client.sent
    assert method == "POST"
    assert (body["reason"], body["type"], body["note"]) == ("RolledOut", "Normal", "revision a is rolled out")
    assert body["regarding"]["uid"] == "ms"
    for required in ("eventTime", "reportingController", "reportingInstance", "action"):
        assert body[required]


async def test_repetitions_become_one_series(rig: Rig) -> None:
    for _ in range(100):
        rig.recorder.record(ORDERS, ROLLED_OUT)
    await rig.publish()
    rig.recorder.record(ORDERS, ROLLED_OUT)
    rig.now += events.SERIES_PAUSE
    await rig.publish()
    assert [method for method, _ in rig.client.sent] == ["POST", "PATCH"]
    assert rig.client.sent[1][1]["series"]["count"] == 101


async def test_a_repetition_that_is_not_due_yet_delays_nobody(rig: Rig) -> None:
    for _ in range(2):
        rig.recorder.record(ORDERS, ROLLED_OUT)
        await rig.publish()
    task = asyncio.create_task(rig.recorder.run())
    await rig.turn(0)
    rig.recorder.record(ORDERS, Event(type="Warning", reason="MigrationFailed", message="no"))
    for _ in range(20):
        await rig.turn(0)
    task.cancel()
    assert [body.get("reason") for _, body in rig.client.sent] == ["RolledOut", "MigrationFailed"]
    assert rig.now < events.SERIES_PAUSE


async def test_when_all_is_told_nothing_is_sent(rig: Rig) -> None:
    rig.recorder.record(ORDERS, ROLLED_OUT)
    await rig.publish()
    rig.now += 10_000
    await rig.publish()
    assert len(rig.client.sent) == 1


async def test_after_a_long_silence_it_is_a_new_event(rig: Rig) -> None:
    rig.recorder.record(ORDERS, ROLLED_OUT)
    await rig.publish()
    rig.now += 1000
    rig.recorder.record(ORDERS, ROLLED_OUT)
    await rig.publish()
    assert [method for method, _ in rig.client.sent] == ["POST", "POST"]


async def test_the_budget_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch, rate=2.0, burst=4)
    for number in range(14):
        rig.recorder.record(ORDERS, Event(type="Normal", reason="RolledOut", message=str(number)))
    await rig.publish()
    assert len(rig.client.sent) == 14
    assert rig.now == pytest.approx(5.0)


@pytest.mark.parametrize(
    "error", [DeniedError("403"), NotFoundError("expired"), ValueError("an answer that is no JSON")]
)
async def test_a_refusal_harms_nobody(rig: Rig, error: Exception) -> None:
    rig.client.error = error
    rig.recorder.record(ORDERS, ROLLED_OUT)
    rig.recorder.record(ORDERS, Event(type="Warning", reason="MigrationFailed", message="no"))
    await rig.publish()
    assert [body["reason"] for _, body in rig.client.sent] == ["MigrationFailed"]


async def test_a_flood_is_bounded_and_the_latest_are_kept(rig: Rig) -> None:
    for number in range(events.MAX_PENDING + 50):
        rig.recorder.record(ORDERS, Event(type="Normal", reason="RolledOut", message=str(number)))
    assert len(rig.recorder._series) == events.MAX_PENDING
