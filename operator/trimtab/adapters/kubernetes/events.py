"""Publishes Kubernetes Events (events.k8s.io/v1), few and late rather than many: they have a budget of their own.

An Event that repeats becomes a series of the first one, as client-go's recorder does it
(https://kep.k8s.io/383): one object, whose count is brought up to date at most twice a minute.
"""

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trimtab.adapters.kubernetes.client import MERGE_PATCH, ApiClient
from trimtab.adapters.kubernetes.kinds import EVENT
from trimtab.domain.objects import Object, uid_of
from trimtab.domain.plan import Event
from trimtab.ports.cluster import ClusterError, LeaseLostError, NotFoundError, TerminatingError

logger = logging.getLogger("trimtab.events")

CONTROLLER = "trimtab.dev/operator"
HOME = "default"
"""Where Events about objects without a namespace have to be."""

MAX_NOTE = 1024
MAX_PENDING = 1000
SERIES_PAUSE = 30.0
SERIES_LIFE = 360.0
"""Seconds without a repetition after which the next one is a new Event."""


@dataclass(slots=True)
class _Series:
    regarding: Object
    event: Event
    first: datetime
    last: datetime
    count: int = 1
    sent: int = 0
    name: str = ""
    due: float = 0.0
    touched: float = 0.0


class EventRecorder:
    """See trimtab.ports.recorder. `run` does the publishing, at most `rate` requests a second after a `burst`."""

    def __init__(
        self,
        client: ApiClient,
        identity: str,
        *,
        rate: float = 5.0,
        burst: int = 25,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._identity = identity
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._now = now
        self._series: OrderedDict[tuple[str, ...], _Series] = OrderedDict()
        self._pending = asyncio.Event()
        self._spent_until = float("-inf")

    def record(self, regarding: Object, event: Event) -> None:
        """See the port. When too many are pending, the oldest are dropped: the status says everything anyway."""
        key = (uid_of(regarding), event.type, event.reason, event.message)
        now = self._now()
        series = self._series.get(key)
        if series is not None and self._clock() - series.touched < SERIES_LIFE:
            series.count += 1
            series.last = now
        else:
            series = _Series(regarding=_reference(regarding), event=event, first=now, last=now, due=self._clock())
            self._series[key] = series
        series.touched = self._clock()
        self._series.move_to_end(key)
        while len(self._series) > MAX_PENDING:
            self._series.popitem(last=False)
        self._pending.set()

    async def run(self) -> None:
        """Publishes until cancelled; sleeps while there is nothing to publish."""
        while True:
            due = self._next()
            if due is None:
                self._pending.clear()
                await self._pending.wait()
                continue
            if (early := due.due - self._clock()) > 0:
                await self._recorded_within(early)
                continue
            await asyncio.sleep(self._reserve())
            await self._publish(due)

    async def _recorded_within(self, seconds: float) -> None:
        """Waits for the next series to be due, but not while another Event comes, which may be due before."""
        self._pending.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._pending.wait()

    def _next(self) -> _Series | None:
        """The series whose count is to be told next; forgets those that are over."""
        now = self._clock()
        over = [
            key for key, each in self._series.items() if each.sent == each.count and now - each.touched > SERIES_LIFE
        ]
        for key in over:
            del self._series[key]
        unsent = (each for each in self._series.values() if each.sent < each.count)
        return min(unsent, key=lambda each: each.due, default=None)

    def _reserve(self) -> float:
        now = self._clock()
        self._spent_until = max(self._spent_until, now - self._burst / self._rate) + 1.0 / self._rate
        return max(0.0, self._spent_until - now)

    async def _publish(self, series: _Series) -> None:
        count = series.count
        namespace = series.regarding.get("namespace", HOME)
        try:
            if series.name:
                body = {"series": {"count": count, "lastObservedTime": _micro(series.last)}}
                await self._client.write(
                    "PATCH",
                    EVENT,
                    EVENT.path(namespace, series.name),
                    body,
                    verb="patch",
                    content_type=MERGE_PATCH,
                )
            else:
                answer = await self._client.write(
                    "POST", EVENT, EVENT.path(namespace), self._body(series), verb="create"
                )
                series.name = answer["metadata"]["name"]
        except (NotFoundError, TerminatingError, LeaseLostError):
            series.name = ""  # the Event has expired, or nobody may or wants to hear of it any more
        except ClusterError as error:
            logger.info("an Event was not published: %s", error)
        except Exception:  # the recorder survives whatever one Event does to it
            logger.exception("unexpected error while publishing an Event")
        series.sent = count
        series.due = self._clock() + SERIES_PAUSE

    def _body(self, series: _Series) -> dict[str, Any]:
        regarding = series.regarding
        return {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.kind,
            "metadata": {
                "name": f"{regarding['name']}.{secrets.token_hex(8)}",
                "namespace": regarding.get("namespace", HOME),
            },
            "eventTime": _micro(series.first),
            "reportingController": CONTROLLER,
            "reportingInstance": self._identity[:128],
            "action": "Reconcile",
            "reason": series.event.reason,
            "type": series.event.type,
            "regarding": dict(regarding),
            "note": series.event.message[:MAX_NOTE],
        }


def _reference(obj: Object) -> Object:
    metadata = obj["metadata"]
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        **({"namespace": metadata["namespace"]} if "namespace" in metadata else {}),
        "name": metadata["name"],
        "uid": uid_of(obj),
        "resourceVersion": metadata.get("resourceVersion", ""),
    }


def _micro(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
