"""Delivers notices in the background: at least once, in order for each channel, never in the way of a release.

What is still to be delivered lives in the status of the resource, so a restart loses nothing. The courier remembers
what it has settled only until the reconciler has taken that out of the status.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from trimtab.domain.release.channels import channel_kind
from trimtab.ports.clock import Clock
from trimtab.ports.notifier import Notice, Notifier, NotifierError
from trimtab.reconcilers.metrics import NOTIFICATIONS
from trimtab.reconcilers.queue import Key, Pace

logger = logging.getLogger("trimtab.courier")

PARALLEL = 8
"""Deliveries under way at once; each takes seconds at the most."""

PACE = Pace(base=1.0, cap=600.0)
LIFE = timedelta(hours=24)
"""Age at which a notice that no attempt could deliver is given up."""

Settled = tuple[str, str]
"""The id of a notice and the key of a channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notice for one channel: `channel` is the entry of spec.notify, `channel_key` its identity in status."""

    notice: Notice
    channel_key: str
    channel: Mapping[str, Any]

    @property
    def name(self) -> Settled:
        """What tells it from all others of the same resource."""
        return self.notice.id, self.channel_key


@dataclass(slots=True)
class _Line:
    """What waits for one channel of one resource, oldest first, and the task that works it off."""

    waiting: list[Delivery]
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Desk:
    """What the courier knows of one resource. `settled`: empty if taken, else why it was given up."""

    settled: dict[Settled, str] = field(default_factory=dict)
    lines: dict[str, _Line] = field(default_factory=dict)


class Courier:
    """Takes deliveries from reconcilers. `on_settled` is called with a key that has something new in `settled`."""

    def __init__(
        self,
        notifier: Notifier,
        clock: Clock,
        *,
        on_settled: Callable[[Key], None],
        pace: Pace = PACE,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._notifier = notifier
        self._clock = clock
        self._on_settled = on_settled
        self._pace = pace
        self._draw = draw
        self._gate = asyncio.Semaphore(PARALLEL)
        self._desks: dict[Key, _Desk] = {}

    def post(self, key: Key, deliveries: Iterable[Delivery]) -> None:
        """Takes on all that is pending for a resource, oldest first; what is not named any more is forgotten.

        To be called once the status that holds the notices is written. Never blocks.
        """
        wanted = {each.name: each for each in deliveries}
        desk = self._desks.setdefault(key, _Desk())
        desk.settled = {name: why for name, why in desk.settled.items() if name in wanted}
        for line in desk.lines.values():
            line.waiting = []
        for name, delivery in wanted.items():
            if name not in desk.settled:
                desk.lines.setdefault(delivery.channel_key, _Line([])).waiting.append(delivery)
        for channel, line in desk.lines.items():
            if line.waiting and line.task is None:
                line.task = asyncio.create_task(self._work(key, desk, channel, line), name=f"courier {key}")
        self._tidy(key, desk)

    def settled(self, key: Key) -> Mapping[Settled, str]:
        """What need not stay in the status: "" if the channel took it, else why it was given up."""
        desk = self._desks.get(key)
        return dict(desk.settled) if desk else {}

    async def stop(self) -> None:
        """Ends all attempts; what is not settled is in the status, for the next leader."""
        tasks = [line.task for desk in self._desks.values() for line in desk.lines.values() if line.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, key: Key, desk: _Desk, channel: str, line: _Line) -> None:
        failures = 0
        while line.waiting:
            delivery = line.waiting[0]
            problem = await self._attempt(delivery)
            if problem is not None and not self._hopeless(delivery, problem):
                failures += 1
                await asyncio.sleep(max(self._pace.delay(failures, self._draw()), problem.retry_after))
                continue
            failures = 0
            rest = [each for each in line.waiting if each.name != delivery.name]
            if len(rest) < len(line.waiting):  # else it was dropped from the status meanwhile
                line.waiting = rest
                desk.settled[delivery.name] = str(problem or "")
                self._on_settled(key)
        line.task = None
        desk.lines.pop(channel, None)
        self._tidy(key, desk)

    async def _attempt(self, delivery: Delivery) -> NotifierError | None:
        kind = channel_kind(delivery.channel)
        try:
            async with self._gate:
                await self._notifier.deliver(delivery.notice, delivery.channel)
        except NotifierError as error:
            problem = error
        except Exception as error:  # whatever a channel does, the others go on; its words may hold a secret
            problem = NotifierError(f"unexpected {type(error).__name__}")
        else:
            NOTIFICATIONS.labels(kind, "delivered").inc()
            return None
        hopeless = self._hopeless(delivery, problem)
        NOTIFICATIONS.labels(kind, "given_up" if hopeless else "failed").inc()
        notice = delivery.notice
        fields = {"namespace": notice.namespace, "release": notice.release, "channel": kind, "reason": str(problem)}
        what = "notification given up" if hopeless else "notification not delivered yet"
        logger.log(logging.WARNING if hopeless else logging.INFO, what, extra={"fields": fields})
        return problem

    def _hopeless(self, delivery: Delivery, problem: NotifierError) -> bool:
        try:
            age = self._clock.now() - datetime.fromisoformat(delivery.notice.at.replace("Z", "+00:00"))
        except (ValueError, TypeError):  # no time, or one without a zone
            return True  # nobody knows how old it is, so nobody knows when to give it up
        return problem.permanent or age > LIFE

    def _tidy(self, key: Key, desk: _Desk) -> None:
        if not desk.settled and not desk.lines and self._desks.get(key) is desk:
            del self._desks[key]
