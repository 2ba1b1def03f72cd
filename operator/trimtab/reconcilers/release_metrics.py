"""Metrics of releases under way, as their status says; series of a release that is over are taken away."""

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import Counter, Gauge

from trimtab.reconcilers.queue import Key

_RELEASE = ["namespace", "release"]
_KPI = [*_RELEASE, "target", "kpi"]

RELEASES = Counter("trimtab_releases_total", "Releases that have ended by outcome and reason.", ["outcome", "reason"])
STEP = Gauge("trimtab_release_step", "Step that is under way, from 1.", _RELEASE)
REQUESTS = Gauge("trimtab_release_kpi_requests", "Requests that a KPI counted in the step.", [*_KPI, "arm"])
FAILED = Gauge("trimtab_release_kpi_failed", "Those of them that were bad.", [*_KPI, "arm"])
WAY = Gauge("trimtab_release_kpi_evidence_ratio", "How far the evidence is on its way, by logarithms.", [*_KPI, "to"])
VERDICT = Gauge("trimtab_release_kpi_verdict", "1 for the verdict that a KPI gives now.", [*_KPI, "verdict"])

_Sample = tuple[Gauge, tuple[str, ...], float]


class ReleaseMetrics:
    """What is shown of which release."""

    def __init__(self) -> None:
        self._shown: dict[Key, set[tuple[Gauge, tuple[str, ...]]]] = {}

    def show(self, key: Key, status: Mapping[str, Any]) -> None:
        """Sets the metrics of a release under way to what its status says."""
        samples = list(_samples(key, status))
        now = {(gauge, labels) for gauge, labels, _ in samples}
        for gauge, labels in self._shown.pop(key, set()) - now:
            gauge.remove(*labels)
        for gauge, labels, value in samples:
            gauge.labels(*labels).set(value)
        if now:
            self._shown[key] = now

    def forget(self, key: Key) -> None:
        """Takes the metrics of a release away."""
        self.show(key, {})


def ended(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Counts a release that ended between two statuses."""
    then, now = (next(iter(status.get("history") or ()), None) for status in (before, after))
    if now is not None and (then is None or then["endedAt"] != now["endedAt"] or then["releaseID"] != now["releaseID"]):
        RELEASES.labels(now["outcome"], now.get("reason", "")).inc()


def _samples(key: Key, status: Mapping[str, Any]) -> Iterator[_Sample]:
    if status.get("step"):
        yield STEP, (key.namespace, key.name), float(status["step"])
    for kpi in status.get("kpis") or ():
        labels = (key.namespace, key.name, kpi["target"], kpi["name"])
        yield VERDICT, (*labels, kpi["verdict"]), 1.0
        for arm in ("candidate", "stable"):
            counts = kpi.get(arm) or {}
            if "requests" in counts:
                yield REQUESTS, (*labels, arm), float(counts["requests"])
                yield FAILED, (*labels, arm), float(counts["failed"])
        for to in ("abort", "promote"):
            if kpi.get(to):
                yield WAY, (*labels, to), float(kpi[to].removesuffix("%")) / 100
