"""The CEL rules of a CanaryRelease that look at more than one field.

Texts that have not the form of their type are left to the type's own rule: these rules are silent about them.
"""

from trimtab.api.meta import Rule, cel_string
from trimtab.api.scalars import DURATION
from trimtab.api.shares import DECIMAL_PERCENT, WHOLE_PERCENT

PROXY_BOUNDS = (5, 10, 25, 50, 75, 100, 150, 200, 250, 300, 400, 500, 750, 1000, 1500, 2000, 3000, 5000, 10000, 30000)
"""Bounds of the proxy's latency histogram in milliseconds (design: Metrics)."""


def _formed(pattern: str, *texts: str) -> str:
    """A CEL expression: all `texts` have the form of `pattern`."""
    return " && ".join(f"{text}.matches({cel_string(pattern)})" for text in texts)


def _number(percentage: str) -> str:
    return f"double({percentage}.replace('%', ''))"


CANARY_RULES = (
    Rule(
        rule=f"!self.steps.all(s, {_formed(WHOLE_PERCENT, 's.weight')}) || "
        f"self.steps.map(s, {_number('s.weight')}).isSorted()",
        message="weights %s fall: give each step at least the weight of the one before it",
        values=("self.steps.map(s, s.weight)",),
        field_path=".steps",
    ),
)
LINEAR_RULES = (
    Rule(
        rule=f"!({_formed(WHOLE_PERCENT, 'self.increment', 'self.maxWeight')}) || "
        f"{_number('self.increment')} <= {_number('self.maxWeight')}",
        message="increment %s is above maxWeight %s: lower increment or raise maxWeight",
        values=("self.increment", "self.maxWeight"),
        field_path=".increment",
    ),
)

_UNDER = "duration(self.latency.under).getMilliseconds()"
_BOUNDS = str(list(PROXY_BOUNDS))
LATENCY_BOUND = Rule(
    rule=f"self.source != 'Proxy' || !has(self.latency) || !{_formed(DURATION, 'self.latency.under')} || "
    f"{_UNDER} in {_BOUNDS}",
    message="under: %s is not a bound by which the proxy counts: write %sms or %sms",
    values=(
        "self.latency.under",
        f"([{PROXY_BOUNDS[0]}] + {_BOUNDS}.filter(b, b < {_UNDER})).max()",
        f"([{PROXY_BOUNDS[-1]}] + {_BOUNDS}.filter(b, b > {_UNDER})).min()",
    ),
    field_path=".latency.under",
)

_OWN_LABEL = "key == 'namespace' || key.startsWith('trimtab_')"
OWN_LABELS = Rule(
    rule=f"!self.exists(key, {_OWN_LABEL})",
    message="the label '%s' is set by the operator, which looks at this namespace and revision only: leave it out",
    values=(f"self.filter(key, {_OWN_LABEL})[0]",),
)

OF_METRIC = Rule(
    rule="!has(self.query) || !has(self.matchLabels) || size(self.matchLabels) == 0",
    message="matchLabels belong to a metric, but this gauge has a query: write them into its selectors",
    field_path=".matchLabels",
)

_MIRROR = "has(self.strategy.mirror)"
_THEN = "self.strategy.mirror.then"


def _uses(strategy: str) -> str:
    """A CEL expression: that strategy is used, alone or after a mirror."""
    return f"(has(self.strategy.{strategy}) || ({_MIRROR} && has({_THEN}.{strategy})))"


def _provider_in(*names: str) -> str:
    return f"has(self.traffic) && has(self.traffic.provider) && self.traffic.provider in {list(names)}"


def _not_compared(strategy: str) -> Rule:
    """The rule that a strategy without two revisions side by side is not judged by comparison."""
    return Rule(
        rule=f"!(has(self.analysis) && self.analysis.compareTo in ['Stable', 'Both'] && {_uses(strategy)})",
        message=f"compareTo: %s needs requests divided at random between both revisions, which {strategy} does not: "
        "write SLO or Auto, or use canary or linear",
        values=("self.analysis.compareTo",),
        field_path=".analysis.compareTo",
    )


_PROVIDERS = (
    Rule(
        rule=f"!({_provider_in('Replicas')} && has(self.traffic.affinity))",
        message="affinity needs a router, but provider is Replicas: leave affinity out or use GatewayAPI, Istio or ALB",
        field_path=".traffic.affinity",
    ),
    Rule(
        rule=f"!({_provider_in('Replicas', 'ALB')} && {_MIRROR})",
        message="mirror needs a router that copies requests, but provider is %s: use GatewayAPI or Istio, or another "
        "strategy",
        values=("self.traffic.provider",),
        field_path=".strategy.mirror",
    ),
    Rule(
        rule=f"!({_provider_in('Replicas')} && {_uses('abTest')})",
        message="abTest needs a router, but provider is Replicas: use GatewayAPI, Istio or ALB, or another strategy",
        field_path=".strategy",
    ),
)


def _seconds(text: str) -> str:
    """A CEL expression: the whole seconds of a duration; 0 if it is none."""
    return f"({_formed(DURATION, text)} ? duration({text}).getSeconds() : 0)"


def _whole(percentage: str) -> str:
    return f"({_formed(WHOLE_PERCENT, percentage)} ? int({percentage}.replace('%', '')) : 1)"


def _bakes(at: str) -> str:
    """A CEL expression: the seconds of all bakes of the strategy at `at`, which is no mirror."""
    increment, most = (_whole(f"{at}.linear.{name}") for name in ("increment", "maxWeight"))
    linear = f"{_seconds(f'{at}.linear.interval')} * (({most} + {increment} - 1) / {increment})"
    single = " : ".join(
        f"has({at}.{name}) ? {_seconds(f'{at}.{name}.bake')}" for name in ("allAtOnce", "blueGreen", "abTest")
    )
    canary = f"{at}.canary.steps.map(s, {_seconds('s.bake')}).sum()"
    return f"(has({at}.canary) ? {canary} : has({at}.linear) ? {linear} : {single} : 0)"


_DEADLINE = "(has(self.analysis) ? self.analysis.deadline : '6h')"
_TOTAL = f"({_MIRROR} ? {_seconds('self.strategy.mirror.bake')} + {_bakes(_THEN)} : {_bakes('self.strategy')})"
_TIMES = (
    Rule(
        rule=f"!{_formed(DURATION, _DEADLINE)} || {_TOTAL} < {_seconds(_DEADLINE)}",
        message="the strategy bakes for %s seconds in all, but deadline is %s: raise deadline or shorten the bakes",
        values=(_TOTAL, _DEADLINE),
        field_path=".analysis",
    ),
    Rule(
        rule="!has(self.analysis) || "
        f"!({_formed(DURATION, 'self.analysis.readyWithin', 'self.analysis.deadline')}) || "
        "duration(self.analysis.readyWithin) < duration(self.analysis.deadline)",
        message="readyWithin %s is not below deadline %s: lower readyWithin or raise deadline",
        values=("self.analysis.readyWithin", "self.analysis.deadline"),
        field_path=".analysis.readyWithin",
    ),
)


def _above_floor(share: str) -> Rule:
    """The rule that `share`, a path below a KPI, allows more failures than the floor."""
    parts = share.split(".")
    present = " && ".join(f"has(k.{'.'.join(parts[: end + 1])})" for end in range(len(parts)))
    allows_less = (
        f"{present} && {_formed(DECIMAL_PERCENT, f'k.{share}')} && "
        f"100.0 - {_number(f'k.{share}')} < {_number('self.analysis.floor')}"
    )
    floor = f"has(self.analysis) && has(self.analysis.floor) && {_formed(DECIMAL_PERCENT, 'self.analysis.floor')}"
    return Rule(
        rule=f"!({floor}) || !self.kpis.exists(k, {allows_less})",
        message=f"floor %s is above what the KPI %s allows to fail with {parts[-1]} %s: lower floor, or leave it out",
        values=(
            "self.analysis.floor",
            f"self.kpis.filter(k, {allows_less})[0].name",
            f"self.kpis.filter(k, {allows_less})[0].{share}",
        ),
        field_path=".analysis.floor",
    )


SPEC_RULES = (
    *(_not_compared(strategy) for strategy in ("allAtOnce", "blueGreen", "abTest")),
    *_PROVIDERS,
    *_TIMES,
    *(_above_floor(share) for share in ("requests.successRate", "requests.latency.share", "counter.successRate")),
)
