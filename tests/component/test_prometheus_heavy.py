"""Services with many series, and those beside them: nobody waits for what another has too much of."""

import re
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from tests.component.prometheus_server import Server, server, success

from trimtab.adapters.prometheus import answers, questions, sorting
from trimtab.adapters.prometheus.client import PrometheusClient
from trimtab.adapters.prometheus.reading import PrometheusMetrics
from trimtab.adapters.prometheus.resting import PATIENCE
from trimtab.domain.release.counting.counters import Arm
from trimtab.domain.release.counting.meters import Attempts, Meter, Selector

__all__ = ["server"]

WINDOW = 30.0


def meter(namespace: str, service: str = "orders", metric: str = "attempts_total") -> Meter:
    measure = Attempts(total=Selector(metric), bad=Selector("failures_total"))
    return Meter(Arm(namespace, service, "aaaaaaaaaa", "routed"), measure)


class Store:
    """Holds so many series of each meter; a sample takes `sample` bytes of an answer, and there is one every 10 s."""

    def __init__(self, held: dict[Meter, int], sample: int = 0) -> None:
        self.held = held
        self.sample = sample
        self.queries: list[set[Meter]] = []

    def asked(self, query: str) -> set[Meter]:
        return {each for each in self.held if all(f'"{name}"' in _names(query) for name in self._told(each))}

    def _told(self, each: Meter) -> tuple[str, ...]:
        assert isinstance(each.measure, Attempts)
        return each.arm.namespace, each.measure.total.metric

    async def answer(self, request: web.Request) -> web.StreamResponse:
        query = str((await request.post())["query"])
        wanted = self.asked(query)
        self.queries.append(wanted)
        made = [each for one in wanted for each in _series(one, self.held[one])]
        window = int(re.findall(r"\[([0-9]+)ms\]", query)[0]) // 10_000
        return await success(*made, padding="x" * self.sample * window * len(made))(request)


def _names(query: str) -> str:
    return query.replace("|", '"')


def _series(of: Meter, number: int) -> Iterable[dict[str, Any]]:
    assert isinstance(of.measure, Attempts)
    pod = f"{of.arm.microservice}-{of.arm.revision}-7d9f8b6c5-x2x4z"
    labels = {"__name__": of.measure.total.metric, "namespace": of.arm.namespace, "pod": pod, "job": "a"}
    return ({"metric": {**labels, "path": f"/{each}"}, "values": [[100, "1"], [110, "2"]]} for each in range(number))


class Reader:
    """Reads from such a store, at a time that the test sets."""

    def __init__(self, client: PrometheusClient) -> None:
        self.clock = 0.0
        self.metrics = PrometheusMetrics(client, now=lambda: self.clock)

    async def unread(self, meters: Iterable[Meter], window: float = WINDOW) -> dict[Meter, str]:
        meters = set(meters)
        reading = await self.metrics.read((), meters, window)
        assert not set(reading.tallies) & set(reading.unread)
        return dict(reading.unread)


@pytest_asyncio.fixture
async def reader(server: Server) -> AsyncIterator[Reader]:
    client = PrometheusClient(f"http://127.0.0.1:{server.port}")
    yield Reader(client)
    await client.close()


async def test_too_many_series_are_refused_and_then_not_even_read(
    server: Server, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "MAX_SERIES", 20)
    heavy, light = meter("a"), meter("b")
    store = Store({heavy: 21, light: 20})
    server.answer = store.answer
    for _ in range(2):
        assert await reader.unread(store.held) == {
            heavy: "21 series are counted for it, more than 20: select fewer series by matchLabels, or export fewer"
        }
    assert store.queries == [{heavy, light}, {light}]
    reader.clock, store.held[heavy] = PATIENCE + 1, 20
    assert not await reader.unread(store.held), "it may have been mended"


async def test_whose_namespace_costs_the_least_is_asked_first(
    server: Server, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each query of a namespace may be cheap, and all of them together not."""
    monkeypatch.setattr(questions, "MAX_COST", 10_000)
    heavy = [meter("a", metric=f"attempts{number}_total") for number in range(6)]
    light, middle = meter("z"), meter("m")
    store = Store(dict.fromkeys(heavy, 12) | {middle: 16, light: 17})
    server.answer = store.answer
    for _ in range(2):
        store.queries.clear()
        assert not await reader.unread(store.held)
    first = [next(number for number, query in enumerate(store.queries) if one in query) for one in (middle, light)]
    assert max(first) < min(number for number, query in enumerate(store.queries) if query & set(heavy))


async def test_what_was_never_asked_is_asked_apart_from_what_is_known(server: Server, reader: Reader) -> None:
    known, new = meter("b"), meter("a")
    store = Store({known: 1, new: 0})
    server.answer = store.answer
    await reader.unread([known])
    assert not await reader.unread(store.held)
    assert store.queries == [{known}, {known}, {new}]
    await reader.unread(store.held)
    assert store.queries[-1] == {known, new}, "that there is nothing yet is known too"


async def test_too_long_an_answer_says_nothing_of_a_shorter_one(
    server: Server, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody's outage, long enough to look back far, must not stop those who have missed nothing."""
    monkeypatch.setattr(answers, "MAX_BYTES", 2**16)
    heavy = meter("a")
    store = Store({heavy: 20}, sample=100)
    server.answer = store.answer
    told = await reader.unread([heavy], 600)
    assert "select fewer series by matchLabels" in told[heavy]
    assert not await reader.unread([heavy], WINDOW), "asked at once"
    asked = len(store.queries)
    for window in (600, 700):
        assert heavy in await reader.unread([heavy], window)
    assert len(store.queries) == asked, "as long a one, or a longer one, rests"
    reader.clock = PATIENCE + 1
    await reader.unread([heavy], 600)
    assert len(store.queries) == asked + 1
