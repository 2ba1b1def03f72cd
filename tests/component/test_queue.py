"""The work queue against a model of it, and its waiting side."""

import asyncio
from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from trimtab.reconcilers.queue import Key, Pace, RetryBudget, WorkQueue

KEYS = [Key("Microservice", "shop", name) for name in ("orders", "stock", "web")]
keys = st.sampled_from(KEYS)


class QueueMachine(RuleBasedStateMachine):
    """Whatever is added runs, once per addition that no run has answered yet, and never twice at once."""

    @initialize()
    def start(self) -> None:
        self.now = 0.0
        self.queue = WorkQueue("model", clock=lambda: self.now, draw=lambda: 0.5, budget=RetryBudget(1e9, 1e9))
        self.wanted: set[Key] = set()
        self.preferred: set[Key] = set()
        self.urgent: set[Key] = set()
        self.running: set[Key] = set()
        self.timers: dict[Key, float] = {}

    @rule(key=keys)
    def add(self, key: Key) -> None:
        self.queue.add(key)
        self._want(key)

    @rule(key=keys, preferred=st.booleans())
    def prefer(self, key: Key, preferred: bool) -> None:
        self.queue.prefer(key, preferred=preferred)
        if preferred:
            self.preferred.add(key)
            self.urgent |= {key} & (self.wanted - self.running)
        else:
            self.preferred.discard(key)

    @rule(key=keys, seconds=st.floats(0.1, 10))
    def add_after(self, key: Key, seconds: float) -> None:
        self.queue.add_after(key, seconds)
        self.timers[key] = min(self.timers.get(key, float("inf")), self.now + seconds)

    @rule(seconds=st.floats(0.0, 5))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def take(self) -> None:
        for each, due in list(self.timers.items()):
            if due <= self.now:
                del self.timers[each]
                self._want(each)
        ready = self.wanted - self.running
        key = self.queue.take()
        if key is None:
            assert not ready
            return
        assert key in ready
        assert key in self.urgent or not (self.urgent & ready), "an urgent key was passed over"
        self.wanted.discard(key)
        self.urgent.discard(key)
        self.timers.pop(key, None)
        self.running.add(key)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.running)))
        self.queue.done(key)
        self.running.discard(key)
        self._overtake(key)

    @invariant()
    def never_twice_at_once(self) -> None:
        if hasattr(self, "queue"):
            assert {key for key in KEYS if self.queue.is_running(key)} == self.running

    def _want(self, key: Key) -> None:
        self.wanted.add(key)
        self._overtake(key)

    def _overtake(self, key: Key) -> None:
        if key in self.preferred & (self.wanted - self.running):
            self.urgent.add(key)


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


async def test_a_storm_of_additions_collapses() -> None:
    queue = WorkQueue("storm")
    runs: Counter[Key] = Counter()

    async def work() -> None:
        while (key := await queue.get()) is not None:
            runs[key] += 1
            await asyncio.sleep(0)
            queue.done(key)

    workers = [asyncio.create_task(work()) for _ in range(4)]
    for _ in range(1000):
        for key in KEYS:
            queue.add(key)
    while sum(runs.values()) < len(KEYS):
        await asyncio.sleep(0)
    queue.close()
    await asyncio.gather(*workers)
    assert all(1 <= runs[key] <= 3 for key in KEYS)


async def test_an_idle_worker_is_woken_when_a_timer_is_due_even_behind_a_stale_one() -> None:
    queue = WorkQueue("timers")
    key, other = KEYS[0], KEYS[1]
    queue.add_after(key, 0.02)
    queue.add(key)
    assert await queue.get() == key  # drops the timer of 0.02 s, which stays in the heap as a stale entry
    queue.done(key)
    queue.add_after(other, 0.05)
    async with asyncio.timeout(60):
        assert await queue.get() == other


async def test_a_cancelled_worker_does_not_take_a_wake_up_with_it() -> None:
    queue = WorkQueue("cancel")
    first, second = asyncio.create_task(queue.get()), asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add(KEYS[0])
    first.cancel()
    async with asyncio.timeout(60):
        assert await second == KEYS[0]


async def test_a_closed_queue_takes_nothing_and_lets_everybody_go() -> None:
    queue = WorkQueue("closed")
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.close()
    queue.add(KEYS[0])
    assert await waiting is None
    assert await queue.get() is None


def test_back_off_grows_to_its_cap_is_jittered_and_is_forgotten() -> None:
    now = 0.0
    queue = WorkQueue("pace", clock=lambda: now, draw=lambda: 0.999999, budget=RetryBudget(1e9, 1e9))
    pace = Pace(base=1.0, cap=300.0)
    delays = [queue.add_rate_limited(KEYS[0], pace) for _ in range(12)]
    assert delays == pytest.approx([min(300.0, 2.0**n) for n in range(12)], rel=1e-3)
    queue.forget(KEYS[0])
    assert queue.add_rate_limited(KEYS[0], pace) == pytest.approx(1.0, rel=1e-3)
    calm = WorkQueue("calm", clock=lambda: now, draw=lambda: 0.0, budget=RetryBudget(1e9, 1e9))
    assert calm.add_rate_limited(KEYS[0], pace) == 0.0


def test_retries_of_all_keys_share_a_budget() -> None:
    queue = WorkQueue("budget", clock=lambda: 0.0, draw=lambda: 0.0, budget=RetryBudget(rate=10.0, burst=5.0))
    names = [Key("Microservice", "shop", f"s{n}") for n in range(25)]
    delays = [queue.add_rate_limited(name) for name in names]
    assert delays[:5] == [0.0] * 5
    assert delays[-1] == pytest.approx(2.0)


def test_what_a_standby_has_waited_for_is_no_wait_for_a_worker() -> None:
    """Else a new leader would look stuck at once, and be restarted, after an hour of waiting to lead."""
    now = 0.0
    queue = WorkQueue("standby", clock=lambda: now)
    for key in KEYS:
        queue.add(key)
    now = 3600.0
    assert queue.oldest_wait() == 0.0
    assert queue.take() is not None
    assert queue.oldest_wait() == 0.0
    now = 3605.0
    assert queue.oldest_wait() == 5.0
