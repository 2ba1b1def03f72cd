"""From what judging remembers of a KPI to its verdict, in words that say what to check or how long it takes."""

from trimtab.api.kpi import Kpi
from trimtab.api.reasons import Reason
from trimtab.domain.release.counting.ticks import SCRAPES
from trimtab.domain.release.durations import spoken
from trimtab.domain.release.evidence.finding import Finding
from trimtab.domain.release.evidence.rule import FRESH_TICKS
from trimtab.domain.release.judging import gauges
from trimtab.domain.release.judging.kpistate import KpiState
from trimtab.domain.release.look import Look
from trimtab.domain.release.observation import Result, Verdict

_PATIENCE = 3
"""Readings in a row that fail, or ticks without counts, before that is said."""

_HOLDS = {
    Finding.HOLD_ENVIRONMENT: Reason.ENVIRONMENT_UNHEALTHY,
    Finding.HOLD_EVIDENCE: Reason.EVIDENCE_AGAINST,
    Finding.HOLD_SHARE: Reason.TRAFFIC_SHARE_MISMATCH,
    Finding.HOLD_TRAFFIC: Reason.TOO_LITTLE_TRAFFIC,
    Finding.HOLD_UNPROVEN: Reason.NOT_YET_PROVEN,
}
_ABORTS = {Finding.ABORT_SLO: Reason.SLO_BREACHED, Finding.ABORT_RELATIVE: Reason.WORSE_THAN_STABLE}


def verdict(kpi: Kpi, state: KpiState, look: Look, *, asked: bool = True) -> Verdict:
    """What a KPI says; of `kpi.pods` nothing is remembered here. `asked`: something depends on its being good now."""
    if not look.observation.source:
        why = (
            "no metrics store is configured (TRIMTAB_PROMETHEUS_URL, chart value settings.prometheusURL), or the CRDs "
            "are older than the operator (chart trimtab-crds)"
        )
        return _insufficient(Reason.EVIDENCE_NOT_AVAILABLE, why)
    decided = state.finding in _ABORTS if kpi.gauge is None else gauges.broken(kpi.gauge, state)
    if not decided and (blind := _blind(kpi, state, look)) is not None:
        return blind
    found = _of_gauge(kpi, state) if kpi.gauge is not None else _of_counts(kpi, state, look)
    if found.result == "Pass" and asked and not _fresh(state, look):
        return _insufficient(Reason.NO_DATA, f"waits for the next fresh sample; {found.message}")
    return found


def _fresh(state: KpiState, look: Look) -> bool:
    """Whether the newest tick counted, and is new by the store's clock: what was good once lets nothing through."""
    reading = look.observation.reading
    if reading is None or state.cursor is None or state.stale or state.failures:
        return False
    return 0 <= reading.at - state.cursor <= state.interval + SCRAPES * look.observation.scrape


def _blind(kpi: Kpi, state: KpiState, look: Look) -> Verdict | None:
    """What is to be said while there is nothing new to judge by; None if there is."""
    if state.failures >= _PATIENCE:
        told = f"the metrics store could not be read {state.failures} times in a row: {state.failure or 'no answer'}"
        return Verdict(result="ProviderError", message=told, reason=Reason.PROVIDER_ERROR)
    if state.silent:
        return _insufficient(Reason.NO_DATA, f"no fresh samples for {spoken(state.silent)}: {_to_check(kpi)}")
    if state.stale and kpi.gauge is not None:
        told = f"no value of {'both revisions' if state.run < 0 else 'the new revision'} in the newest samples"
        return _insufficient(Reason.NO_DATA, f"{told}: {_to_check(kpi)}")
    if state.stale >= _PATIENCE:
        expected = f"every {spoken(look.observation.scrape)}, as TRIMTAB_SCRAPE_INTERVAL (settings.scrapeInterval) says"
        told = f"samples come, but for {state.stale} ticks not of both revisions"
        return _insufficient(Reason.NO_DATA, f"{told}: see that pods are scraped {expected}; {_to_check(kpi)}")
    return None


def _to_check(kpi: Kpi) -> str:
    """What may be wrong where there is no data."""
    if kpi.counter is not None:
        return f"see that pods of both revisions export {kpi.counter.total.metric} and are scraped"
    if kpi.gauge is not None:
        return f"see that the pods export {kpi.gauge.metric or 'what the query selects'} and are scraped"
    source = kpi.requests.source if kpi.requests else ""
    who = {"Proxy": "the proxies (port trimtab-metrics)", "App": "the pods"}.get(source, f"the router ({source})")
    return f"see that the metrics store scrapes {who}, and that the pods are older than analysis.warmup"


def _of_counts(kpi: Kpi, state: KpiState, look: Look) -> Verdict:
    found = Finding(state.finding)
    said = counts(kpi, state)
    match found:
        case Finding.PASS:
            return Verdict(result="Pass", message=said, reason=Reason.PROGRESSING)
        case Finding.ABORT_SLO | Finding.ABORT_RELATIVE:
            return _fail(_ABORTS[found], f"{counts(kpi, state, whole=True)}{_limit(found, kpi, look)}")
        case Finding.HOLD_TRAFFIC:
            told = _traffic(state, look)
        case Finding.HOLD_UNPROVEN:
            told = f"{said}; nothing speaks against it, but it is proven to {state.promote}% only{_left(state)}"
        case Finding.HOLD_EVIDENCE:
            told = f"{counts(kpi, state, whole=True)}; the evidence against it is at {state.abort}% of an abort"
        case Finding.HOLD_ENVIRONMENT:
            told = f"stable fails as well: {said}; see what both depend on"
        case Finding.HOLD_SHARE:
            told = f"{_arrived(state)}: see the router's own errors and clients that keep their connections"
    return _insufficient(_HOLDS[found], told)


def counts(kpi: Kpi, state: KpiState, *, whole: bool = False) -> str:
    """What was counted in the step, or in the whole release."""
    sums = state.whole if whole else state.sums
    noun, verb = _nouns(kpi)
    said = f"{sums.candidate_bad:,} of {sums.candidate:,} {noun} {verb}{_share(sums.candidate, sums.candidate_bad)}"
    if not sums.stable:
        return said
    return f"{said}, of stable's {sums.stable_bad:,} of {sums.stable:,}{_share(sums.stable, sums.stable_bad)}"


def share(total: int, bad: int) -> str:
    """The share of bad ones, such as 0.37%; empty without any."""
    return f"{100 * bad / total:.2g}%" if total else ""


def requests_left(state: KpiState, look: Look) -> int:
    """Requests of the candidate that the KPI still waits for; -1 if nobody knows."""
    if state.finding == Finding.HOLD_TRAFFIC:
        return max(look.spec.analysis.min_requests - state.sums.candidate, 0)
    return state.needed if state.finding == Finding.HOLD_UNPROVEN else -1


def rate(state: KpiState) -> float:
    """Requests a second of the candidate in this step, as far as is known."""
    counted = state.fresh * state.interval
    return state.sums.candidate / counted if counted else 0.0


def eta(state: KpiState, look: Look) -> str:
    """When there can be a verdict; empty if nobody knows."""
    left, speed = requests_left(state, look), rate(state)
    if left <= 0 or speed <= 0:
        return ""
    return f"about {_rounded(left):,} more requests, {_about(left / speed)}"


def _traffic(state: KpiState, look: Look) -> str:
    least = look.spec.analysis.min_requests
    said = f"{state.sums.candidate:,} of at least {least:,} requests"
    if not state.fresh:
        return f"{said}; pods count from an age of {look.spec.analysis.warmup} on (analysis.warmup)"
    if state.fresh < FRESH_TICKS:
        said += f", in {state.fresh} of at least {FRESH_TICKS} ticks with data"
    if not state.sums.candidate:
        return f"{said}: none reaches the new revision, so nobody knows how long it takes"
    when = eta(state, look)
    return f"{said}; {when}" if when else said


def _left(state: KpiState) -> str:
    speed = rate(state)
    if state.needed < 0 or speed <= 0:
        return "; fewer failures, or a wider bound, would prove it"
    return f"; about {_rounded(state.needed):,} more requests, {_about(state.needed / speed)}"


def _limit(found: Finding, kpi: Kpi, look: Look) -> str:
    error = look.spec.analysis.false_abort
    if found is Finding.ABORT_RELATIVE:
        return f"; it is worse than stable (which a good revision is taken for in at most {error} of releases)"
    return f"; {allowed(kpi)} may (a good revision is taken for such a one in at most {error} of releases)"


def allowed(kpi: Kpi) -> str:
    """The share of bad ones that a KPI allows."""
    rate = success_rate(kpi)
    return f"{100 - float(rate.removesuffix('%')):.5g}%" if rate else ""


def success_rate(kpi: Kpi) -> str:
    """The share that a KPI asks for, such as 99%; empty for one that does not count."""
    if kpi.requests is not None:
        return str(kpi.requests.latency.share if kpi.requests.latency else kpi.requests.success_rate)
    return kpi.counter.success_rate if kpi.counter is not None else ""


def _nouns(kpi: Kpi) -> tuple[str, str]:
    if kpi.requests is None:
        return "attempts", "failed"
    return "requests", f"took {kpi.requests.latency.under} or longer" if kpi.requests.latency else "failed"


def _arrived(state: KpiState) -> str:
    total = state.sums.candidate + state.sums.stable
    return f"{share(total, state.sums.candidate) or 'none'} of the requests arrive at the new revision"


def _share(total: int, bad: int) -> str:
    return f" ({share(total, bad)})" if total else ""


def _of_gauge(kpi: Kpi, state: KpiState) -> Verdict:
    assert kpi.gauge is not None  # noqa: S101 - the caller has looked
    candidate, stable = state.levels
    said = f"{candidate or 'unknown'}, {gauges.bound(kpi.gauge)} is good"
    if state.run >= gauges.ENOUGH:
        return Verdict(result="Pass", message=said, reason=Reason.PROGRESSING)
    if state.run > -gauges.ENOUGH:
        good = max(state.run, 0)
        reason = Reason.EVIDENCE_AGAINST if state.run < 0 else Reason.TOO_LITTLE_TRAFFIC
        return _insufficient(reason, f"{said}; in bounds in {good} of {gauges.ENOUGH} ticks in a row")
    if gauges.broken(kpi.gauge, state):
        beside = f"; stable has {stable}" if stable else ""
        return _fail(Reason.OUT_OF_BOUNDS, f"{said}{beside}")
    return _insufficient(Reason.ENVIRONMENT_UNHEALTHY, f"{said}, but stable has {stable}: see what both depend on")


def _insufficient(reason: Reason, message: str) -> Verdict:
    result: Result = "Insufficient"
    return Verdict(result=result, message=message, reason=reason)


def _fail(reason: Reason, message: str) -> Verdict:
    return Verdict(result="Fail", message=message, reason=reason)


def _rounded(number: float) -> int:
    """Two digits are enough."""
    digits = max(len(str(int(number))) - 2, 0)
    return int(round(number, -digits))


def _about(duration: float) -> str:
    """A duration no finer than is known: seconds up to two minutes, then minutes."""
    return spoken(duration if duration < 120 else 60 * round(duration / 60))
