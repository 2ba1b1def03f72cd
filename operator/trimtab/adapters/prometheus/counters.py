"""The metrics port on Prometheus: selectors for many arms at once, and answers confined to what was asked."""

import asyncio
import math
import re
import time
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol

from trimtab.adapters.prometheus.client import QueryError, TooLargeError
from trimtab.domain.release.counters import Arm, Reading, Sample, Series
from trimtab.domain.release.meters import Meter

REQUESTS = "envoy_http_downstream_rq_total"
LISTENER = "envoy_http_conn_manager_prefix"
SHARD = 400
"""Arms in one query: its selector stays below 64 KiB, and its answer, with the usual few pods, below 1 MiB."""

_VALUE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class Client(Protocol):
    """Asks the store."""

    async def matrix(self, query: str) -> list[Any]:
        """The series of an instant query that selects a range. Raises QueryError."""


class PrometheusMetrics:
    """See trimtab.ports.metrics."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def read(self, arms: Collection[Arm], meters: Collection[Meter], window: float) -> Reading:
        """See the port. Arms are spread over queries by a hash of their service, so that both arms share one."""
        at = time.time()
        shards: dict[int, list[Arm]] = defaultdict(list)
        number = math.ceil(len(arms) / SHARD)
        for arm in sorted(set(arms)):
            shards[zlib.crc32(f"{arm.namespace}/{arm.microservice}".encode()) % number].append(arm)
        readings = await asyncio.gather(
            *(self._read(shard, f"{math.ceil(window * 1000)}ms") for shard in shards.values())
        )
        series: dict[Arm, tuple[Series, ...]] = {}
        failed: dict[Arm, str] = {}
        for found, errors in readings:
            series |= found
            failed |= errors
        unread = dict.fromkeys(meters, "this source is not read yet")
        return Reading(at=at, window=window, series=series, failed=failed, unread=unread)

    async def _read(self, arms: Sequence[Arm], window: str) -> tuple[dict[Arm, tuple[Series, ...]], dict[Arm, str]]:
        """One query; if the answer is too long it is asked for in halves, so that one service harms no other."""
        try:
            answer = await self._client.matrix(selector(arms, window))
        except TooLargeError as error:
            if len(arms) == 1:
                return {}, {arms[0]: str(error)}
            middle = len(arms) // 2
            first, second = await self._read(arms[:middle], window), await self._read(arms[middle:], window)
            return first[0] | second[0], first[1] | second[1]
        except QueryError as error:
            return {}, dict.fromkeys(arms, str(error))
        return _sorted_out(answer, {tuple(arm): arm for arm in arms})


def selector(arms: Iterable[Arm], window: str) -> str:
    """The range selector for some arms. It may select more than them, so what comes back is sorted out by arm.

    Raises ValueError for names that Kubernetes would not allow: nothing else may get into a query.
    """
    arms = list(arms)
    matchers: Mapping[str, Collection[str]] = {
        "namespace": {arm.namespace for arm in arms},
        "trimtab_namespace": {arm.namespace for arm in arms},
        "trimtab_microservice": {arm.microservice for arm in arms},
        "trimtab_revision": {arm.revision for arm in arms},
        LISTENER: {arm.listener for arm in arms},
    }
    return f"{REQUESTS}{{{','.join(_matcher(name, values) for name, values in matchers.items())}}}[{window}]"


def _matcher(label: str, values: Collection[str]) -> str:
    for value in values:
        if not _VALUE.fullmatch(value):
            raise ValueError(f"{value!r} cannot be the value of {label}")
    return f'{label}=~"{"|".join(sorted(values))}"'


def _sorted_out(
    answer: list[Any], arms: Mapping[tuple[Any, ...], Arm]
) -> tuple[dict[Arm, tuple[Series, ...]], dict[Arm, str]]:
    found: dict[Arm, dict[str, Series]] = defaultdict(dict)
    failed: dict[Arm, str] = {}
    for entry in sorted(answer, key=_order):
        arm = arms.get(_names(entry))
        if arm is None:
            continue
        try:
            series = _one(entry)
        except (LookupError, TypeError, ValueError):
            failed[arm] = "Prometheus answers with samples that are no finite numbers in the order of time"
            continue
        if series is not None:
            found[arm].setdefault(series.pod, series)  # a pod that is scraped by two jobs counts once
    return {arm: tuple(pods.values()) for arm, pods in found.items() if arm not in failed}, failed


def _order(entry: Any) -> str:
    """The same of several series of one pod is taken each time."""
    return str(sorted(entry["metric"].items())) if _is_series(entry) else ""


def _is_series(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("metric"), dict)


def _names(entry: Any) -> tuple[str, ...]:
    """Whose series it is. `namespace` is what the scraper says, the rest what the pod says: they have to agree."""
    if not _is_series(entry):
        return ()
    metric: Mapping[str, Any] = entry["metric"]
    if metric.get("namespace") != metric.get("trimtab_namespace") or not metric.get("pod"):
        return ()
    labels = ("trimtab_namespace", "trimtab_microservice", "trimtab_revision", LISTENER)
    return tuple(str(metric.get(label)) for label in labels)


def _one(entry: Any) -> Series | None:
    samples = tuple(_sample(pair) for pair in entry["values"])
    if any(later[0] <= earlier[0] for earlier, later in pairwise(samples)):
        raise ValueError("samples out of order")
    return Series(pod=str(entry["metric"]["pod"]), samples=samples) if samples else None


def _sample(pair: Any) -> Sample:
    """Raises ValueError for what no counter can be."""
    moment, value = float(pair[0]), float(pair[1])
    if not math.isfinite(moment) or not math.isfinite(value) or value < 0:
        raise ValueError("no sample of a counter")
    return moment, value
