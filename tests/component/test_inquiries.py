"""Questions to gates: asked once each, in nobody's way, forgotten when nobody wants the answer."""

import asyncio
from collections.abc import Mapping
from typing import Any

from trimtab.domain.release.gates import Question
from trimtab.domain.release.observation import Answer
from trimtab.reconcilers import inquiries
from trimtab.reconcilers.inquiries import Inquiries
from trimtab.reconcilers.queue import Key

ORDERS, STOCK = (Key("CanaryRelease", "shop", name) for name in ("orders", "stock"))


class Gates:
    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any], float]] = []
        self.closed = asyncio.Event()

    async def ask(self, url: str, question: Mapping[str, Any], *, seconds: float = 5.0) -> Answer:
        self.asked.append((url, question, seconds))
        if url == "silent":
            await self.closed.wait()
        if url == "broken":
            raise RuntimeError("s3cret")
        return Answer(open=True, message=f"{url} answered 200")


class Rig:
    def __init__(self) -> None:
        self.gates = Gates()
        self.woken: asyncio.Queue[Key] = asyncio.Queue()
        self.inquiries = Inquiries(self.gates, self.woken.put_nowait)

    async def next(self) -> Key:
        return await asyncio.wait_for(self.woken.get(), 60)


def question(name: str, url: str = "smoke", timeout: float = 5.0) -> Question:
    return Question(id=name, url=url, body={"id": name}, timeout=timeout)


async def test_an_answer_wakes_the_release_and_stays_until_it_is_not_wanted_any_more() -> None:
    rig = Rig()
    rig.inquiries.ask(ORDERS, [question("a", timeout=3)])
    rig.inquiries.ask(ORDERS, [question("a", timeout=3)])
    assert await rig.next() == ORDERS
    assert rig.inquiries.answers(ORDERS)["a"].open
    rig.inquiries.ask(ORDERS, [question("a")])
    assert rig.gates.asked == [("smoke", {"id": "a"}, 3)]
    rig.inquiries.ask(ORDERS, [])
    assert rig.inquiries.answers(ORDERS) == {}


async def test_a_silent_gate_keeps_no_other_release_waiting(monkeypatch: Any) -> None:
    monkeypatch.setattr(inquiries, "GRACE", 0.05)
    rig = Rig()
    rig.inquiries.ask(ORDERS, [question("a", "silent", timeout=0.05)])
    rig.inquiries.ask(STOCK, [question("b")])
    assert await rig.next() == STOCK
    assert await rig.next() == ORDERS
    assert rig.inquiries.answers(ORDERS) == {"a": Answer(open=False, message="no answer within 0.05 s")}


async def test_what_nobody_foresaw_is_a_closed_gate_without_its_words() -> None:
    rig = Rig()
    rig.inquiries.ask(ORDERS, [question("a", "broken")])
    await rig.next()
    assert rig.inquiries.answers(ORDERS) == {"a": Answer(open=False, message="the gate could not be asked")}


async def test_a_question_that_is_withdrawn_is_not_waited_for() -> None:
    rig = Rig()
    rig.inquiries.ask(ORDERS, [question("a", "silent")])
    await asyncio.sleep(0)
    rig.inquiries.ask(ORDERS, [])
    rig.gates.closed.set()
    rig.inquiries.ask(ORDERS, [question("b")])
    await rig.next()
    assert set(rig.inquiries.answers(ORDERS)) == {"b"}
    assert rig.woken.empty()


async def test_at_the_end_nothing_is_left_running() -> None:
    rig = Rig()
    rig.inquiries.ask(ORDERS, [question("a", "silent")])
    await rig.inquiries.stop()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("gate of")]
