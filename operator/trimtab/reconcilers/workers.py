"""The workers: they take keys from the queue, run the reconciler and turn its outcome into the next look."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trimtab.domain.outcome import Done, Outcome, Stalled, Waiting
from trimtab.ports.cluster import (
    ClusterError,
    ConflictError,
    DeniedError,
    LeaseLostError,
    NotFoundError,
    TerminatingError,
    ThrottledError,
)
from trimtab.reconcilers import metrics
from trimtab.reconcilers.queue import CONFLICT, DENIED, TRANSIENT, Key, WorkQueue
from trimtab.reconcilers.run import Reconcile, Run

logger = logging.getLogger("trimtab.reconcile")

WARN_AFTER = 3
"""A transient failure is a warning from this attempt on; the first ones are everyday life."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a run ended: `name` for logs and metrics, `reason` in words, `after` seconds until the next look."""

    name: str
    reason: str = ""
    after: float | None = None
    level: int = logging.INFO


class Workers:
    """Runs `count` workers over one queue until stopped.

    `reconcilers` maps a kind to its reconciler. `resync` is the period in seconds after which every key is looked at
    again, jittered by 20 % (the cure for any lost event).
    """

    def __init__(
        self,
        queue: WorkQueue,
        reconcilers: Mapping[str, Reconcile],
        *,
        count: int = 16,
        resync: float = 600.0,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._queue = queue
        self._reconcilers = reconcilers
        self._count = count
        self._resync = resync
        self._draw = draw
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Starts the workers; call it only once this process leads and its caches are primed."""
        self._tasks = [asyncio.create_task(self._work(), name=f"worker-{number}") for number in range(self._count)]

    async def stop(self, grace: float) -> None:
        """Stops the intake, lets running reconciles finish within `grace` seconds, then cancels what is left."""
        self._queue.close()
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=5)
            logger.warning("stopped with %d reconciles unfinished; the next leader repeats them", len(late))
        self._tasks = []

    async def _work(self) -> None:
        while (key := await self._queue.get()) is not None:
            try:
                await self._process(key)
            finally:
                self._queue.done(key)

    async def _process(self, key: Key) -> None:
        run = Run(key)
        started = time.monotonic()
        metrics.ACTIVE_WORKERS.labels(key.kind).inc()
        try:
            result = self._settled(key, await self._reconcilers[key.kind](run))
        except Exception as error:  # a worker survives whatever one resource does to it
            result = self._failed(key, error)
        finally:
            metrics.ACTIVE_WORKERS.labels(key.kind).dec()
        duration = time.monotonic() - started
        if run.gone:
            self._queue.drop(key)
        elif result.after is not None:
            self._queue.add_after(key, result.after)
        metrics.RECONCILES.labels(key.kind, result.name).inc()
        metrics.RECONCILE_TIME.labels(key.kind).observe(duration)
        self._log(run, result, duration)

    def _settled(self, key: Key, outcome: Outcome) -> Result:
        self._queue.forget(key)
        resync = self._resync * (0.8 + 0.4 * self._draw())
        match outcome:
            case Done():
                return Result(name="success", after=resync)
            case Waiting(after=after, reason=reason):
                return Result(name="requeue_after", reason=reason, after=min(after, resync))
            case Stalled(reason=reason):
                return Result(name="stalled", reason=reason, after=resync)

    def _failed(self, key: Key, error: Exception) -> Result:
        """Each class of failures has a pace of its own; only what nobody foresaw is logged with a traceback."""
        match error:
            case TerminatingError():
                return Result(name="success", reason="the namespace is being deleted")
            case LeaseLostError():
                return Result(name="lease_lost", reason=str(error))
            case ThrottledError(retry_after=after):
                self._queue.add_rate_limited(key, TRANSIENT, at_least=after * (1.0 + 0.2 * self._draw()))
                return Result(name="throttled", reason=str(error))
            case ConflictError() | NotFoundError():
                self._queue.add_rate_limited(key, CONFLICT)
                return Result(name="conflict", reason=str(error), level=self._loud(key, 10))
            case DeniedError():
                self._queue.add_rate_limited(key, DENIED)
            case ClusterError():
                self._queue.add_rate_limited(key, TRANSIENT)
            case _:
                self._queue.add_rate_limited(key, TRANSIENT)
                metrics.RECONCILE_PANICS.labels(key.kind).inc()
                logger.error("unexpected error while reconciling %s", key, exc_info=error)
        metrics.RECONCILE_ERRORS.labels(key.kind).inc()
        return Result(name="error", reason=str(error) or type(error).__name__, level=self._loud(key, WARN_AFTER))

    def _loud(self, key: Key, attempts: int) -> int:
        return logging.WARNING if self._queue.failures(key) >= attempts else logging.INFO

    def _log(self, run: Run, result: Result, duration: float) -> None:
        fields = {
            "key": str(run.key),
            "generation": run.generation,
            "outcome": result.name,
            "reason": result.reason or run.reason,
            "duration_ms": round(duration * 1000, 1),
            "writes": run.writes,
            "trace": run.trace,
        }
        logger.log(result.level, "reconciled", extra={"fields": fields})
