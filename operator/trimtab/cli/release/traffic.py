"""The traffic that a service has now: from its last release, from Prometheus, or as somebody says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import click
import numpy as np

from trimtab.adapters.prometheus.client import PrometheusClient
from trimtab.adapters.prometheus.reading import PrometheusMetrics
from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.cli.release.ledgers import Ledger, ledgers
from trimtab.cli.release.loads import Load
from trimtab.cli.release.terms import counting, terms_of
from trimtab.domain.objects import Object
from trimtab.domain.release.counting.counters import Arm
from trimtab.domain.release.counting.meters import Meter, Tally
from trimtab.domain.release.evidence.expectation import likely_share
from trimtab.domain.release.evidence.terms import Compare
from trimtab.domain.release.judging import measures

WINDOW = 600.0
"""Seconds of samples that are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """Requests of both revisions (`arrived`), those of stable and its failures, and the seconds they came in."""

    arrived: int
    total: int
    bad: int
    seconds: float
    pods: int


def said(spec: CanaryReleaseSpec, rate: float, failing: Sequence[str], pods: int) -> Load:
    """As given by hand; `failing` is a share for all KPIs, or NAME=SHARE for one. Raises click.BadParameter."""
    names = [kpi.name for kpi in counting(spec)]
    shares = dict.fromkeys(names, 0.0)
    for text in failing:
        name, _, share = text.rpartition("=")
        if name and name not in shares:
            raise click.BadParameter(
                f"there is no KPI {name!r} that counts: {', '.join(names)}", param_hint="--failing"
            )
        shares |= {name: _share(share)} if name else dict.fromkeys(names, _share(share))
    return Load(rate=rate, failing=tuple(shares.values()), pods=pods, origin="as given")


def of_last_release(spec: CanaryReleaseSpec, status: Object) -> Load | None:
    """What was counted in the last release, of the target with the least traffic; None if nothing was."""
    names = tuple(kpi.name for kpi in counting(spec))
    found = ledgers(status, names)
    targets = {ledger.target: {each.kpi: each for each in found if each.target == ledger.target} for ledger in found}
    loads = [
        _load(spec, [_of_ledger(kpis[name]) for name in names], f"by what {target} had in release {_id(status)}")
        for target, kpis in targets.items()
        if set(kpis) == set(names)
    ]
    return min(loads, key=lambda load: load.rate, default=None)


async def of_prometheus(spec: CanaryReleaseSpec, services: Iterable[Object], url: str) -> Load:
    """What the services' stable revisions have had in ten minutes; the least of all. Raises click.ClickException."""
    client = PrometheusClient(url)
    try:
        store = PrometheusMetrics(client)
        loads = [
            _load(spec, await _read(spec, service, store), f"by what {service['metadata']['name']} had of late")
            for service in services
        ]
    finally:
        await client.close()
    return min(loads, key=lambda load: load.rate)


async def _read(spec: CanaryReleaseSpec, service: Object, store: PrometheusMetrics) -> list[_Counted]:
    metadata, status = service["metadata"], service.get("status") or {}
    revision = (status.get("release") or {}).get("stable") or status.get("stableRevision")
    if not revision:
        raise click.ClickException(f"{metadata['name']} has no stable revision yet, so it has no traffic to plan by")
    arms = [
        Arm(metadata["namespace"], metadata["name"], revision, "routed"),
        Arm(metadata["namespace"], metadata["name"], revision, "direct"),
    ]
    wanted = [measures.measure(kpi, spec, service) for kpi in counting(spec)]
    meters = {(arm, measure): Meter(arm, measure) for arm in arms for measure in wanted if measure is not None}
    reading = await store.read((), tuple(meters.values()), WINDOW)
    for meter in meters.values():
        if why := reading.unread.get(meter):
            raise click.ClickException(f"Prometheus could not be read: {why}")
    counted = [
        [_counted(reading.tallies.get(meters[arm, measure], ())) for measure in wanted if measure is not None]
        for arm in arms
    ]
    return max(counted, key=lambda each: sum(kpi.total for kpi in each))


def _counted(tallies: Iterable[Tally]) -> _Counted:
    """The increments of all processes; a counter that fell began anew."""
    known = [tally.counts for tally in tallies if len(tally.counts) > 1]
    total, bad = 0.0, 0.0
    for before, after in (pair for counts in known for pair in pairwise(counts)):
        fell = after.total < before.total
        total += after.total - (0.0 if fell else before.total)
        bad += after.bad - (0.0 if fell or after.bad < before.bad else before.bad)
    span = max((counts[-1].at for counts in known), default=0.0) - min((counts[0].at for counts in known), default=0.0)
    return _Counted(arrived=round(total), total=round(total), bad=round(bad), seconds=span, pods=len(known))


def _of_ledger(ledger: Ledger) -> _Counted:
    counted = [entry for entry in ledger.entries if entry.counts]
    return _Counted(
        arrived=sum(entry.candidate.total + entry.stable.total for entry in counted),
        total=sum(entry.stable.total for entry in counted),
        bad=sum(entry.stable.bad for entry in counted),
        seconds=sum(entry.seconds for entry in counted),
        pods=max((entry.stable.pods for entry in counted), default=1),
    )


def _load(spec: CanaryReleaseSpec, counted: Sequence[_Counted], origin: str) -> Load:
    """By KPI; the rate is that of the KPI that counts most. A share that nobody saw fail is not taken for 0."""
    most = max(counted, key=lambda each: each.arrived)
    if not most.arrived or not most.seconds:
        raise click.ClickException("no requests were counted: send some, or say --rate and --failing")
    rows = terms_of(spec, [Compare.SLO] * len(counted))
    shares = likely_share(
        np.array([each.total for each in counted]), np.array([each.bad for each in counted]), rows
    ).tolist()
    return Load(rate=most.arrived / most.seconds, failing=tuple(shares), pods=max(1, most.pods), origin=origin)


def _share(text: str) -> float:
    try:
        share = float(text.removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not text.endswith("%") or not 0 <= share < 1:
        raise click.BadParameter(f"{text!r} is no share: write it as 0.5%", param_hint="--failing")
    return share


def _id(status: Object) -> str:
    return str(status.get("releaseID", ""))
