"""What the API server would refuse of a spec by its CEL rules, said without a cluster: what judging depends on."""

from collections.abc import Iterator

from trimtab.api.analysis import Analysis
from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.canaryrelease_rules import PROXY_BOUNDS
from trimtab.api.kpi import Kpi
from trimtab.api.meta import ApiModel
from trimtab.api.strategy import AfterMirror, Strategy
from trimtab.domain.release.durations import seconds
from trimtab.domain.release.judging.opinions import success_rate
from trimtab.domain.release.stages import percent, stages

SPLITS = ("canary", "linear", "allAtOnce", "blueGreen", "abTest")
KINDS = ("requests", "pods", "counter", "gauge")


def problems(spec: CanaryReleaseSpec) -> Iterator[str]:
    """Each problem as field, value and remedy. Of rules about gates, windows and notices nothing is said here."""
    found = [*_strategy(spec.strategy), *_analysis(spec.analysis)]
    found += [problem for index, kpi in enumerate(spec.kpis) for problem in _kpi(kpi, f"kpis[{index}]")]
    found += _twice("kpis", [kpi.name for kpi in spec.kpis])
    found += _twice("targets", [target.name for target in spec.targets])
    yield from found or _together(spec)


def _strategy(strategy: Strategy) -> Iterator[str]:
    yield from _exactly_one("strategy", strategy, (*SPLITS, "mirror"))
    if strategy.mirror is None:
        yield from _split("strategy", strategy)
        return
    yield from _at_least_a_second("strategy.mirror.bake", strategy.mirror.bake)
    yield from _exactly_one("strategy.mirror.then", strategy.mirror.then, SPLITS)
    yield from _split("strategy.mirror.then", strategy.mirror.then)


def _split(path: str, strategy: AfterMirror) -> Iterator[str]:
    if strategy.canary is not None:
        weights = [step.weight for step in strategy.canary.steps]
        if (numbers := [percent(weight) for weight in weights]) != sorted(numbers):
            yield f"{path}.canary.steps: weights {weights} fall: give each step at least that of the one before it"
        for index, step in enumerate(strategy.canary.steps):
            yield from _at_least_a_second(f"{path}.canary.steps[{index}].bake", step.bake)
    if (linear := strategy.linear) is not None:
        if percent(linear.increment) > percent(linear.max_weight):
            yield (
                f"{path}.linear.increment: {linear.increment} is above maxWeight {linear.max_weight}: "
                "lower increment or raise maxWeight"
            )
        yield from _at_least_a_second(f"{path}.linear.interval", linear.interval)
    for name, single in (
        ("allAtOnce", strategy.all_at_once),
        ("blueGreen", strategy.blue_green),
        ("abTest", strategy.ab_test),
    ):
        if single is not None:
            yield from _at_least_a_second(f"{path}.{name}.bake", single.bake)
    for index, match in enumerate(strategy.ab_test.match if strategy.ab_test is not None else ()):
        yield from _exactly_one(f"{path}.abTest.match[{index}]", match, ("header", "cookie"))


def _analysis(analysis: Analysis) -> Iterator[str]:
    yield from _between("analysis.falseAbort", analysis.false_abort, 0.01, 20, "%", "1%")
    yield from _between("analysis.falsePromote", analysis.false_promote, 0.01, 20, "%", "5%")
    yield from _between("analysis.tolerance", analysis.tolerance, 1.3, 8, "x", "2x")
    if analysis.floor is not None:
        yield from _between("analysis.floor", analysis.floor, 0.001, 50, "%", "0.25%")
    for name, length in (
        ("interval", analysis.interval),
        ("deadline", analysis.deadline),
        ("readyWithin", analysis.ready_within),
    ):
        yield from _at_least_a_second(f"analysis.{name}", length)


def _kpi(kpi: Kpi, path: str) -> Iterator[str]:
    yield from _exactly_one(path, kpi, KINDS)
    if (requests := kpi.requests) is not None:
        yield from _exactly_one(f"{path}.requests", requests, ("successRate", "latency"))
        if requests.success_rate is not None:
            yield from _success(f"{path}.requests.successRate", requests.success_rate)
        if (latency := requests.latency) is not None:
            yield from _success(f"{path}.requests.latency.share", latency.share)
            if requests.source == "Proxy":
                yield from _bound(f"{path}.requests.latency.under", latency.under)
    if kpi.counter is not None:
        yield from _success(f"{path}.counter.successRate", kpi.counter.success_rate)
    if kpi.gauge is not None:
        yield from _exactly_one(f"{path}.gauge", kpi.gauge, ("metric", "query"))
        yield from _exactly_one(f"{path}.gauge", kpi.gauge, ("max", "min"))
        if kpi.gauge.query is not None and kpi.gauge.match_labels:
            yield f"{path}.gauge.matchLabels: they belong to a metric, but this gauge has a query"
        for label in kpi.gauge.match_labels:
            if label == "namespace" or label.startswith("trimtab_"):
                yield f"{path}.gauge.matchLabels: the label {label!r} is set by the operator: leave it out"


def _bound(path: str, under: str) -> Iterator[str]:
    milliseconds = seconds(under) * 1000
    if milliseconds not in PROXY_BOUNDS:
        below = max((bound for bound in PROXY_BOUNDS if bound < milliseconds), default=PROXY_BOUNDS[0])
        above = min((bound for bound in PROXY_BOUNDS if bound > milliseconds), default=PROXY_BOUNDS[-1])
        yield f"{path}: {under} is not a bound by which the proxy counts: write {below}ms or {above}ms"


def _together(spec: CanaryReleaseSpec) -> Iterator[str]:
    """Rules about several fields; those before hold already."""
    analysis, strategy = spec.analysis, spec.strategy
    bakes = sum(stage.bake for stage in stages(strategy))
    if bakes >= seconds(analysis.deadline):
        yield (
            f"analysis.deadline: the strategy bakes for {bakes:g} seconds in all, but deadline is {analysis.deadline}: "
            "raise deadline or shorten the bakes"
        )
    if seconds(analysis.ready_within) >= seconds(analysis.deadline):
        yield (
            f"analysis.readyWithin: {analysis.ready_within} is not below deadline {analysis.deadline}: "
            "lower readyWithin or raise deadline"
        )
    split = strategy.mirror.then if strategy.mirror is not None else strategy
    if analysis.compare_to in ("Stable", "Both") and split.canary is None and split.linear is None:
        yield (
            f"analysis.compareTo: {analysis.compare_to} needs requests divided at random between both revisions, which "
            f"{next(iter(_given(split, SPLITS)))} does not: write SLO or Auto, or use canary or linear"
        )
    if analysis.floor is not None:
        yield from _above_floor(spec, analysis.floor)


def _above_floor(spec: CanaryReleaseSpec, floor: str) -> Iterator[str]:
    for kpi in spec.kpis:
        share = success_rate(kpi)
        if share and 100 - _number(share) < _number(floor):
            yield (
                f"analysis.floor: {floor} is above what the KPI {kpi.name} allows to fail with {share}: "
                "lower floor, or leave it out"
            )


def _exactly_one(path: str, model: ApiModel, members: tuple[str, ...]) -> Iterator[str]:
    given = _given(model, members)
    if len(given) != 1:
        names = f"{', '.join(members[:-1])} and {members[-1]}"
        yield f"{path}: exactly one of {names} must be set, got {given}"


def _given(model: ApiModel, members: tuple[str, ...]) -> list[str]:
    fields = {field.alias or name: getattr(model, name) for name, field in type(model).model_fields.items()}
    return [member for member in members if fields[member] is not None]


def _success(path: str, share: str) -> Iterator[str]:
    yield from _between(path, share, 50, 99.999, "%", "99.9%")


def _between(path: str, text: str, low: float, high: float, unit: str, good: str) -> Iterator[str]:
    if not low <= _number(text) <= high:
        yield f"{path}: '{text}' is not between {low:g}{unit} and {high:g}{unit}: write such as {good}"


def _at_least_a_second(path: str, length: str) -> Iterator[str]:
    if seconds(length) < 1:
        yield f"{path}: '{length}' is shorter than 1s: write a longer duration, such as 10m"


def _twice(path: str, names: list[str]) -> Iterator[str]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield f"{path}[{index}].name: {name!r} stands there twice: give each a name of its own"


def _number(text: str) -> float:
    return float(text.rstrip("%x"))
