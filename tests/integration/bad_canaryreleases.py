"""CanaryReleases that must be refused: what differs from a good spec, and what the message must say.

Each message names the field, the value (unless the field is absent) and the remedy.
"""

from typing import Any

from tests.integration.bad_microservices import EXACTLY_ONE, Bad, Spec

STEPS = [{"weight": "5%", "bake": "1m"}, {"weight": "50%", "bake": "1m"}]


def strategy(**members: Any) -> Spec:
    return {"strategy": members}


def canary(*steps: Any) -> Spec:
    return strategy(canary={"steps": list(steps)})


def step(weight: Any = "5%", **more: Any) -> Spec:
    return {"weight": weight, "bake": "1m", **more}


def kpi(name: str = "errors", **member: Any) -> Spec:
    return {"kpis": [{"name": name, **member}]}


def latency(under: str = "250ms", share: str = "99%", source: str = "Proxy") -> Spec:
    return kpi(requests={"source": source, "latency": {"under": under, "share": share}})


def gauge(**more: Any) -> Spec:
    return kpi(gauge={"metric": "lag", "max": "30", **more})


def analysis(**fields: Any) -> Spec:
    return {"analysis": fields}


def gate(url: str = "https://tests.example/smoke", **more: Any) -> Spec:
    return {"gates": [{"name": "smoke", "webhook": {"url": url, **more}}]}


def window(start: str = "08:00", end: str = "16:00", **more: Any) -> Spec:
    return {"windows": [{"from": start, "to": end, **more}]}


def notify(**channel: Any) -> Spec:
    return {"notify": [channel]}


MATCH = {"header": {"name": "x-canary", "exact": "1"}}
AB = {"match": [MATCH], "bake": "1m"}
MIRROR = {"percent": "20%", "bake": "1m", "then": {"canary": {"steps": STEPS}}}
REPLICAS = {"provider": "Replicas"}

TARGETS = [
    Bad("targets-missing", {"targets": None}, ("spec.targets", "Required value")),
    Bad("targets-none", {"targets": []}, ("spec.targets", "should have at least 1 items")),
    Bad("targets-nine", {"targets": [{"name": f"t{n}"} for n in range(9)]}, ("spec.targets", "Too many", "8")),
    Bad("target-twice", {"targets": [{"name": "a"}, {"name": "a"}]}, ("spec.targets[1]", '"a"', "Duplicate value")),
    Bad("target-name", {"targets": [{"name": "Orders"}]}, ("targets[0].name", "'Orders'", "lower-case")),
    Bad(
        "target-elsewhere",
        {"targets": [{"name": "orders", "namespace": "other"}]},
        ("unknown field", "spec.targets[0].namespace"),
    ),
]

STRATEGIES = [
    Bad("strategy-missing", {"strategy": None}, ("spec.strategy", "Required value")),
    Bad("strategy-none", strategy(), ("spec.strategy", EXACTLY_ONE, "canary", "blueGreen", "got []")),
    Bad(
        "strategy-two",
        strategy(allAtOnce={"bake": "1m"}, blueGreen={"bake": "1m"}),
        ("spec.strategy", EXACTLY_ONE, 'got ["allAtOnce", "blueGreen"]'),
    ),
    Bad("strategy-unknown", strategy(bigBang={}), ("unknown field", "spec.strategy.bigBang")),
    Bad("steps-none", canary(), ("spec.strategy.canary.steps", "should have at least 1 items")),
    Bad(
        "steps-fall",
        canary(step("50%"), step("25%")),
        ("spec.strategy.canary.steps", 'weights ["50%", "25%"] fall', "at least the weight"),
    ),
    Bad(
        "steps-fall-by-number",
        canary(step("5%"), step("100%"), step("20%")),
        ("spec.strategy.canary.steps", '["5%", "100%", "20%"] fall'),
    ),
    Bad("step-without-bake", canary({"weight": "5%"}), ("steps[0].bake", "Required value")),
    Bad("step-without-weight", canary({"bake": "1m"}), ("steps[0].weight", "Required value")),
    Bad("step-zero-bake", canary(step(bake="0s")), ("steps[0].bake", "'0s'", "longer duration")),
    Bad("step-bake-unit", canary(step(bake="1d")), ("steps[0].bake", "'1d'", "h, m, s or ms")),
    Bad("weight-zero", canary(step("0%")), ("steps[0].weight", "'0%'", "from 1% to 100%")),
    Bad("weight-above", canary(step("101%")), ("steps[0].weight", "'101%'", "from 1% to 100%")),
    Bad("weight-fraction", canary(step("2.5%")), ("steps[0].weight", "'2.5%'", "whole percentage")),
    Bad("weight-number", canary(step(25)), ("steps[0].weight", "integer", "string")),
    Bad("weight-bare", canary(step("25")), ("steps[0].weight", "'25'", "such as 25%")),
    Bad("approval", canary(step(approval="Maybe")), ("steps[0].approval", '"Maybe"', '"Required"')),
    Bad(
        "steps-too-long",
        canary(step(bake="4h"), step(bake="3h")),
        ("spec.analysis", "25200 seconds", "deadline is 6h", "raise deadline"),
    ),
    Bad(
        "linear-too-long",
        strategy(linear={"increment": "7%", "interval": "1h", "maxWeight": "50%"}),
        ("spec.analysis", "28800 seconds", "deadline is 6h", "shorten the bakes"),
    ),
    Bad(
        "mirror-too-long",
        {**strategy(mirror={**MIRROR, "bake": "1h"}), **analysis(deadline="1h")},
        ("spec.analysis", "3720 seconds", "deadline is 1h"),
    ),
    Bad(
        "increment-above",
        strategy(linear={"increment": "60%", "interval": "1m"}),
        ("linear.increment", "60%", "maxWeight 50%", "raise maxWeight"),
    ),
    Bad("linear-interval", strategy(linear={"increment": "10%"}), ("linear.interval", "Required value")),
    Bad("all-at-once-bake", strategy(allAtOnce={}), ("allAtOnce.bake", "Required value")),
    Bad("blue-green-bake", strategy(blueGreen={"bake": "soon"}), ("blueGreen.bake", "'soon'", "such as 30s")),
    Bad("match-none", strategy(abTest={"match": [], "bake": "1m"}), ("abTest.match", "at least 1 items")),
    Bad(
        "match-two",
        strategy(abTest={"match": [{**MATCH, "cookie": {"name": "a", "exact": "b"}}], "bake": "1m"}),
        ("abTest.match[0]", EXACTLY_ONE, 'got ["header", "cookie"]'),
    ),
    Bad(
        "header-name",
        strategy(abTest={"match": [{"header": {"name": "x canary", "exact": "1"}}], "bake": "1m"}),
        ("match[0].header.name", "'x canary'", "such as x-canary"),
    ),
    Bad(
        "cookie-value",
        strategy(abTest={"match": [{"cookie": {"name": "a", "exact": "b; c"}}], "bake": "1m"}),
        ("match[0].cookie.exact", "'b; c'", "use letters, digits"),
    ),
    Bad("mirror-alone", strategy(mirror={"percent": "20%", "bake": "1m"}), ("mirror.then", "Required value")),
    Bad(
        "mirror-mirror",
        strategy(mirror={**MIRROR, "then": {"mirror": MIRROR}}),
        ("unknown field", "spec.strategy.mirror.then.mirror"),
    ),
    Bad("mirror-nothing", strategy(mirror={**MIRROR, "then": {}}), ("mirror.then", EXACTLY_ONE, "got []")),
    Bad("mirror-percent", strategy(mirror={**MIRROR, "percent": "all"}), ("mirror.percent", "'all'", "such as 25%")),
]

TRAFFIC = [
    Bad("provider-unknown", {"traffic": {"provider": "Linkerd"}}, ("traffic.provider", '"Linkerd"', '"GatewayAPI"')),
    Bad(
        "affinity-replicas",
        {"traffic": {**REPLICAS, "affinity": {"cookie": {}}}},
        ("traffic.affinity", "Replicas", "leave affinity out"),
    ),
    Bad(
        "affinity-age",
        {"traffic": {"affinity": {"cookie": {"maxAge": "forever"}}}},
        ("affinity.cookie.maxAge", "'forever'", "such as 30s"),
    ),
    Bad(
        "mirror-replicas",
        {**strategy(mirror=MIRROR), "traffic": REPLICAS},
        ("spec.strategy.mirror", "provider is Replicas", "use GatewayAPI"),
    ),
    Bad(
        "mirror-alb",
        {**strategy(mirror=MIRROR), "traffic": {"provider": "ALB"}},
        ("spec.strategy.mirror", "provider is ALB", "use GatewayAPI"),
    ),
    Bad(
        "ab-test-replicas",
        {**strategy(abTest=AB), "traffic": REPLICAS},
        ("spec.strategy", "abTest needs a router", "Replicas", "another strategy"),
    ),
    Bad(
        "ab-test-replicas-after-mirror",
        {**strategy(mirror={**MIRROR, "then": {"abTest": AB}}), "traffic": REPLICAS},
        ("spec.strategy", "abTest needs a router"),
    ),
]

KPIS = [
    Bad("kpis-missing", {"kpis": None}, ("spec.kpis", "Required value")),
    Bad("kpis-none", {"kpis": []}, ("spec.kpis", "at least 1 items")),
    Bad(
        "kpi-twice",
        {"kpis": [{"name": "pods", "pods": {}}, {"name": "pods", "pods": {}}]},
        ("spec.kpis[1]", '"pods"', "Duplicate value"),
    ),
    Bad("kpi-empty", kpi(), ("spec.kpis[0]", EXACTLY_ONE, "requests, pods, counter and gauge", "got []")),
    Bad(
        "kpi-two-members",
        kpi(pods={}, gauge={"metric": "lag", "max": "30"}),
        ("spec.kpis[0]", EXACTLY_ONE, 'got ["pods", "gauge"]'),
    ),
    Bad("kpi-name", kpi("All errors", pods={}), ("kpis[0].name", "'All errors'", "lower-case")),
    Bad("requests-empty", kpi(requests={}), ("kpis[0].requests", EXACTLY_ONE, "successRate and latency", "got []")),
    Bad(
        "requests-source",
        kpi(requests={"source": "HAProxy", "successRate": "99%"}),
        ("requests.source", '"HAProxy"', '"NGINX"'),
    ),
    Bad("success-above", kpi(requests={"successRate": "100%"}), ("successRate", "'100%'", "99.999%", "such as 99.9%")),
    Bad("success-below", kpi(requests={"successRate": "1%"}), ("successRate", "'1%'", "not between 50%")),
    Bad("success-bare", kpi(requests={"successRate": "0.99"}), ("successRate", "'0.99'", "such as 99.5%")),
    Bad("latency-bound", latency("260ms"), ("latency.under", "260ms", "write 250ms or 300ms")),
    Bad("latency-low", latency("1ms"), ("latency.under", "1ms", "write 5ms or 5ms")),
    Bad("latency-high", latency("1m"), ("latency.under", "1m", "write 30000ms or 30000ms")),
    Bad("latency-share", latency(share="10%"), ("latency.share", "'10%'", "not between 50%")),
    Bad("restarts", kpi(pods={"maxRestarts": -1}), ("pods.maxRestarts", "-1", "greater than or equal to 0")),
    Bad(
        "counter-half",
        kpi(counter={"total": {"metric": "a_total"}, "successRate": "97%"}),
        ("counter.bad", "Required value"),
    ),
    Bad(
        "counter-promql",
        kpi(counter={"total": {"metric": "rate(a[1m])"}, "bad": {"metric": "b"}, "successRate": "97%"}),
        ("counter.total.metric", "'rate(a[1m])'", "the name of a metric"),
    ),
    Bad(
        "label-of-ours",
        gauge(matchLabels={"namespace": "other"}),
        ("gauge.matchLabels", "'namespace'", "leave it out"),
    ),
    Bad("label-name", gauge(matchLabels={'a="b",c': "d"}), ("gauge.matchLabels", "the name of a label")),
    Bad("label-value", gauge(matchLabels={"a": "b\n"}), ("gauge.matchLabels[a]", "control characters")),
    Bad("gauge-two-bounds", gauge(min="1"), ("kpis[0].gauge", EXACTLY_ONE, 'got ["max", "min"]')),
    Bad("gauge-query-too", gauge(query="lag"), ("kpis[0].gauge", EXACTLY_ONE, 'got ["metric", "query"]')),
    Bad("gauge-of-nothing", kpi(gauge={"max": "30"}), ("kpis[0].gauge", EXACTLY_ONE, "metric and query")),
    Bad(
        "gauge-query-labels",
        kpi(gauge={"query": "lag", "matchLabels": {"a": "b"}, "max": "30"}),
        ("kpis[0].gauge.matchLabels", "write them into its selectors"),
    ),
    Bad(
        "gauge-query-text", kpi(gauge={"query": 'lag{a=~"\\\\d"}', "max": "1"}), ("gauge.query", "without backslashes")
    ),
    Bad("gauge-bound", gauge(max="thirty"), ("gauge.max", "'thirty'", "decimal number")),
    Bad("gauge-number", gauge(max=30), ("gauge.max", "integer", "string")),
    Bad("gauge-aggregate", gauge(aggregate="p99"), ("gauge.aggregate", '"p99"', '"avg"')),
]

ANALYSIS = [
    Bad("false-abort-low", analysis(falseAbort="0.001%"), ("falseAbort", "'0.001%'", "between 0.01% and 20%")),
    Bad("false-abort-high", analysis(falseAbort="25%"), ("falseAbort", "'25%'", "between 0.01% and 20%")),
    Bad("false-promote", analysis(falsePromote="30%"), ("falsePromote", "'30%'", "between 0.01% and 20%")),
    Bad("tolerance-bare", analysis(tolerance="2"), ("analysis.tolerance", "'2'", "such as 2x")),
    Bad("tolerance-low", analysis(tolerance="1x"), ("analysis.tolerance", "'1x'", "between 1.3x and 8x")),
    Bad("floor-range", analysis(floor="60%"), ("analysis.floor", "'60%'", "between 0.001% and 50%")),
    Bad(
        "floor-above-kpi",
        {**kpi(requests={"successRate": "99.9%"}), **analysis(floor="0.25%")},
        ("analysis.floor", "0.25%", "KPI errors", "successRate 99.9%", "lower floor"),
    ),
    Bad(
        "floor-above-latency",
        {**latency(share="99.9%"), **analysis(floor="0.25%")},
        ("analysis.floor", "0.25%", "share 99.9%"),
    ),
    Bad("min-requests", analysis(minRequests=0), ("minRequests", "0", "greater than or equal to 1")),
    Bad("interval", analysis(interval="100ms"), ("analysis.interval", "'100ms'", "longer duration")),
    Bad("deadline", analysis(deadline="a day"), ("analysis.deadline", "'a day'", "such as 30s")),
    Bad(
        "ready-within",
        analysis(readyWithin="7h"),
        ("analysis.readyWithin", "7h", "deadline 6h", "raise deadline"),
    ),
    Bad("inconclusive", analysis(onInconclusive="Guess"), ("onInconclusive", '"Guess"', '"Hold"')),
    Bad("compare-to", analysis(compareTo="Baseline"), ("compareTo", '"Baseline"', '"Stable"')),
    *(
        Bad(
            f"compare-{compare}-{name}",
            {**strategy(**member), **analysis(compareTo=compare)},
            ("analysis.compareTo", f"compareTo: {compare}", f"which {name} does not", "SLO or Auto"),
        )
        for compare, name, member in (
            ("Stable", "blueGreen", {"blueGreen": {"bake": "1m"}}),
            ("Both", "allAtOnce", {"allAtOnce": {"bake": "1m"}}),
            ("Both", "abTest", {"abTest": AB}),
        )
    ),
    Bad(
        "compare-after-mirror",
        {**strategy(mirror={**MIRROR, "then": {"blueGreen": {"bake": "1m"}}}), **analysis(compareTo="Stable")},
        ("analysis.compareTo", "which blueGreen does not"),
    ),
]

SCHEDULE = [
    Bad("gate-http", gate("http://tests.example"), ("webhook.url", "'http://tests.example'", "https://host/path")),
    Bad("gate-user", gate("https://me:secret@tests.example"), ("webhook.url", "without user, password")),
    Bad("gate-phase", gate(phase="AfterStep"), ("webhook.phase", '"AfterStep"', '"BeforeStep"')),
    Bad("gate-timeout", gate(timeout="2m"), ("webhook.timeout", "'2m'", "between 1s and 30s")),
    Bad("gate-twice", {"gates": gate()["gates"] * 2}, ("spec.gates[1]", '"smoke"', "Duplicate value")),
    Bad("group", {"concurrency": {"group": "All of us"}}, ("concurrency.group", "'All of us'", "lower-case")),
    Bad("group-max", {"concurrency": {"group": "a", "max": 0}}, ("concurrency.max", "0", "equal to 1")),
    Bad("window-empty", window("08:00", "08:00"), ("windows[0].to", "both 08:00", "two different times")),
    Bad("window-time", window("8am"), ("windows[0].from", "'8am'", "such as 08:00")),
    Bad("window-late", window("24:00", "08:00"), ("windows[0].from", "'24:00'", "23:59")),
    Bad("window-day", window(days=["Monday"]), ("windows[0].days[0]", "'Monday'", "Mon-Thu")),
    Bad("window-zone", window(timeZone="+01:00"), ("windows[0].timeZone", "'+01:00'", "Europe/Berlin")),
    Bad("watch", {"watch": "long"}, ("spec.watch", "'long'", "such as 30s")),
    Bad("suspend", {"suspend": "yes"}, ("spec.suspend", "string", "boolean")),
]

NOTIFY = [
    Bad("notify-nobody", notify(events=["Aborted"]), ("spec.notify[0]", EXACTLY_ONE, "slack, teams", "got []")),
    Bad(
        "notify-two",
        notify(slack={"secretRef": {"name": "a"}}, teams={"secretRef": {"name": "a"}}),
        ("spec.notify[0]", EXACTLY_ONE, 'got ["slack", "teams"]'),
    ),
    Bad(
        "notify-plain",
        notify(slack={"url": "https://hooks.slack.example/secret"}),
        ("unknown field", "spec.notify[0].slack.url"),
    ),
    Bad(
        "notify-event",
        notify(slack={"secretRef": {"name": "a"}}, events=["Everything"]),
        ("notify[0].events[0]", '"Everything"', '"Aborted"'),
    ),
    Bad("notify-http", notify(webhook={"url": "http://a.example"}), ("webhook.url", "'http://a.example'", "https")),
    Bad("notify-topic", notify(sns={"topicARN": "releases"}), ("sns.topicARN", "'releases'", "such as arn:aws:sns")),
    Bad("notify-bus", notify(eventBridge={"busARN": "default"}), ("eventBridge.busARN", "'default'", "arn:aws:events")),
    Bad(
        "notify-secret-elsewhere",
        notify(slack={"secretRef": {"name": "a", "namespace": "b"}}),
        ("unknown field", "secretRef.namespace"),
    ),
]

BAD_RELEASES = [*TARGETS, *STRATEGIES, *TRAFFIC, *KPIS, *ANALYSIS, *SCHEDULE, *NOTIFY]
