"""The work queue: level-triggered, deduplicating, fair.

The semantics are those of client-go's workqueue: a key added many times before a worker takes it runs once; a key
never runs twice at once; a key added while it runs is run once more afterwards. Two differences: there is a second
lane that is served first, and taking a key drops its pending timer, because the outcome of every run sets a new one.
"""

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from trimtab.reconcilers import metrics


class Key(NamedTuple):
    """What a reconcile is about: one resource of one of our kinds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a class of failures is retried: full jitter under an exponential from `base` to `cap` seconds."""

    base: float
    cap: float

    def delay(self, failures: int, draw: float) -> float:
        """Seconds before attempt number `failures` + 1; `draw` is uniform in [0, 1)."""
        return draw * min(self.cap, self.base * 2.0 ** min(failures, 30))


TRANSIENT = Pace(base=1.0, cap=300.0)
CONFLICT = Pace(base=0.02, cap=5.0)
DENIED = Pace(base=10.0, cap=600.0)


@dataclass(slots=True)
class RetryBudget:
    """A token bucket over the retries of all keys, so that an outage of the API server ends without a stampede."""

    rate: float = 50.0
    burst: float = 200.0
    _spent_until: float = field(default=float("-inf"))

    def reserve(self, now: float) -> float:
        """Takes one token; returns the seconds until it is available."""
        self._spent_until = max(self._spent_until, now - self.burst / self.rate) + 1.0 / self.rate
        return max(0.0, self._spent_until - now)


class WorkQueue:
    """Keys that wait for a worker. Not thread-safe: everything happens in one event loop.

    `clock` gives seconds (the loop's time unless a test says otherwise); `draw` a uniform number in [0, 1).
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Callable[[], float] | None = None,
        draw: Callable[[], float] = random.random,
        budget: RetryBudget | None = None,
    ) -> None:
        self._name = name
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._draw = draw
        self._budget = budget or RetryBudget()
        self._lanes: tuple[deque[Key], deque[Key]] = (deque(), deque())
        self._waiting: dict[Key, tuple[int, float]] = {}
        self._running: dict[Key, float] = {}
        self._again: set[Key] = set()
        self._preferred: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._due: dict[Key, float] = {}
        self._timers: list[tuple[float, int, Key]] = []
        self._order = count()
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._alarm: asyncio.TimerHandle | None = None
        self._opened = float("inf")
        self._closed = False

    def add(self, key: Key) -> None:
        """Asks for a run of `key` as soon as a worker is free; preferred keys go before all others."""
        if self._closed:
            return
        lane = 0 if key in self._preferred else 1
        if key in self._running:
            self._again.add(key)
            return
        waiting = self._waiting.get(key)
        if waiting is not None and waiting[0] <= lane:
            return
        if waiting is None:
            metrics.QUEUE_ADDS.labels(self._name).inc()
        self._waiting[key] = (lane, waiting[1] if waiting else self._clock())
        self._lanes[lane].append(key)
        self._wake_one()

    def prefer(self, key: Key, *, preferred: bool) -> None:
        """Whether `key` goes before all others from now on, however it is added; so no resync delays a rollback."""
        if not preferred:
            self._preferred.discard(key)
        elif key not in self._preferred:
            self._preferred.add(key)
            if key in self._waiting:
                self.add(key)

    def is_preferred(self, key: Key) -> bool:
        """Whether `key` goes before all others."""
        return key in self._preferred

    def add_after(self, key: Key, seconds: float) -> None:
        """Asks for a run after `seconds`; of several requests for one key the earliest counts."""
        if self._closed:
            return
        if seconds <= 0:
            self.add(key)
            return
        due = self._clock() + seconds
        if due >= self._due.get(key, float("inf")):
            return
        self._due[key] = due
        heapq.heappush(self._timers, (due, next(self._order), key))
        if len(self._timers) > 4 * len(self._due) + 1024:
            self._timers = [(when, next(self._order), each) for each, when in self._due.items()]
            heapq.heapify(self._timers)
        self._arm()

    def add_rate_limited(self, key: Key, pace: Pace = TRANSIENT, *, at_least: float = 0.0) -> float:
        """Asks for another attempt after a failure, not before `at_least` seconds; returns the delay in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = max(at_least, pace.delay(failures, self._draw()), self._budget.reserve(self._clock()))
        metrics.QUEUE_RETRIES.labels(self._name).inc()
        self.add_after(key, delay)
        return delay

    def failures(self, key: Key) -> int:
        """How many attempts in a row have failed."""
        return self._failures.get(key, 0)

    def forget(self, key: Key) -> None:
        """Ends the back-off of a key: its next failure counts as the first."""
        self._failures.pop(key, None)

    def drop(self, key: Key) -> None:
        """Ends the back-off and the timer of a key that no longer exists."""
        self.forget(key)
        self._due.pop(key, None)
        self._preferred.discard(key)

    def take(self) -> Key | None:
        """The next key to run, or None if none waits. The caller must call `done` afterwards."""
        self._opened = min(self._opened, self._clock())
        self._promote()
        for number, lane in enumerate(self._lanes):
            while lane:
                key = lane.popleft()
                waiting = self._waiting.get(key)
                if waiting is None or waiting[0] != number:
                    continue  # it has moved to the other lane since
                now = self._clock()
                del self._waiting[key]
                self._due.pop(key, None)
                self._running[key] = now
                metrics.QUEUE_WAIT.labels(self._name).observe(self._waited(waiting[1], now))
                return key
        return None

    async def get(self) -> Key | None:
        """Waits for the next key; None once the queue is closed."""
        while not self._closed:
            key = self.take()
            if key is not None:
                return key
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            self._arm()
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake_one()  # the wake-up was meant for whoever can still use it
                raise
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
        return None

    def done(self, key: Key) -> None:
        """Marks the run of a key as over; if it was added meanwhile, it waits again."""
        started = self._running.pop(key)
        metrics.QUEUE_WORK.labels(self._name).observe(self._clock() - started)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def close(self) -> None:
        """Stops the intake; workers get None instead of a key."""
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()
        while self._waiters:
            self._wake_one()

    def oldest_wait(self) -> float:
        """Seconds that the longest waiting key has waited for a worker; none counts before there are workers."""
        now = self._clock()
        return max((self._waited(since, now) for _, since in self._waiting.values()), default=0.0)

    def _waited(self, since: float, now: float) -> float:
        return max(0.0, now - max(since, self._opened))

    def is_running(self, key: Key) -> bool:
        """Whether a worker has this key."""
        return key in self._running

    def measure(self) -> None:
        """Brings the gauges up to date; called when metrics are scraped."""
        now = self._clock()
        ages = [now - since for since in self._running.values()]
        metrics.QUEUE_DEPTH.labels(self._name).set(len(self._waiting))
        metrics.QUEUE_UNFINISHED.labels(self._name).set(sum(ages))
        metrics.QUEUE_LONGEST.labels(self._name).set(max(ages, default=0.0))

    def _promote(self) -> None:
        now = self._clock()
        while self._timers and self._timers[0][0] <= now:
            due, _, key = heapq.heappop(self._timers)
            if self._due.get(key) == due:
                del self._due[key]
                self.add(key)

    def _arm(self) -> None:
        """Sets one alarm for the earliest timer; needed only while a worker waits."""
        if not self._waiters or not self._timers:
            return
        loop = asyncio.get_running_loop()
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_later(max(0.0, self._timers[0][0] - self._clock()), self._ring)

    def _ring(self) -> None:
        self._promote()
        self._arm()  # an alarm may come a clock tick early

    def _wake_one(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
