"""Specs of CanaryReleases that must be accepted, by what they show; merged over a least one."""

from typing import Any

Spec = dict[str, Any]

STEPS = [
    {"weight": "5%", "bake": "2m"},
    {"weight": "25%", "bake": "5m"},
    {"weight": "50%", "bake": "5m", "approval": "Required"},
]
LEAST: Spec = {
    "targets": [{"name": "orders"}],
    "strategy": {"canary": {"steps": STEPS}},
    "kpis": [{"name": "pods", "pods": {}}],
}
AB = {"match": [{"header": {"name": "x-canary", "exact": "1"}}, {"cookie": {"name": "a", "exact": "b"}}], "bake": "9m"}
FULL: Spec = {
    "targets": [{"name": "orders"}, {"name": "stock"}],
    "strategy": {"canary": {"steps": STEPS}},
    "traffic": {"provider": "GatewayAPI", "affinity": {"cookie": {"maxAge": "1h"}}},
    "kpis": [
        {"name": "errors", "requests": {"source": "Proxy", "successRate": "99%"}},
        {"name": "slow", "requests": {"source": "Proxy", "latency": {"under": "250ms", "share": "99%"}}},
        {"name": "pods", "pods": {"maxRestarts": 0}},
        {
            "name": "checkout",
            "counter": {
                "total": {"metric": "checkout_attempts_total", "matchLabels": {"method": "card"}},
                "bad": {"metric": "checkout_failures_total"},
                "successRate": "97%",
            },
        },
        {"name": "lag", "gauge": {"metric": "orders_lag_seconds", "aggregate": "max", "max": "30"}},
    ],
    "analysis": {
        "interval": "10s",
        "warmup": "60s",
        "minRequests": 100,
        "falseAbort": "1%",
        "falsePromote": "5%",
        "compareTo": "Auto",
        "tolerance": "2x",
        "floor": "0.25%",
        "deadline": "6h",
        "readyWithin": "10m",
        "onInconclusive": "Hold",
    },
    "gates": [
        {"name": "change", "webhook": {"url": "https://change.example/ask?service=orders", "phase": "BeforeRelease"}},
        {"name": "smoke", "webhook": {"url": "https://tests.example:8443/smoke", "phase": "BeforeStep"}},
        {"name": "last", "webhook": {"url": "https://tests.example", "phase": "BeforePromotion", "timeout": "30s"}},
    ],
    "concurrency": {"group": "payments", "max": 1},
    "windows": [
        {"days": ["Mon-Thu", "Sat"], "from": "08:00", "to": "16:00", "timeZone": "Europe/Berlin"},
        {"days": ["Fri-Mon"], "from": "22:00", "to": "04:00"},
        {"from": "00:00", "to": "24:00", "timeZone": "UTC"},
    ],
    "watch": "30m",
    "notify": [
        {"slack": {"secretRef": {"name": "slack"}}},
        {"teams": {"secretRef": {"name": "teams", "key": "hook"}}, "events": ["Aborted"]},
        {"webhook": {"url": "https://hooks.example/releases", "secretRef": {"name": "hook"}}},
        {"webhook": {"url": "https://hooks.example/unsigned"}},
        {"sns": {"topicARN": "arn:aws:sns:eu-central-1:123456789012:releases.fifo"}},
        {"eventBridge": {"busARN": "arn:aws-cn:events:cn-north-1:123456789012:event-bus/default"}},
    ],
    "suspend": False,
}


def strategy(**member: Any) -> Spec:
    return {"strategy": member}


def analysis(**fields: Any) -> Spec:
    return {"analysis": fields}


GOOD_RELEASES: dict[str, Spec] = {
    "everything": FULL,
    "least": {},
    "eight-targets": {"targets": [{"name": f"t{n}"} for n in range(8)]},
    "equal-weights": strategy(
        canary={"steps": [{"weight": "50%", "bake": "1m"}, {"weight": "50%", "bake": "1m", "approval": "Required"}]}
    ),
    "many-steps": strategy(canary={"steps": [{"weight": f"{n}%", "bake": "1m"} for n in range(1, 51)]}),
    "straight-to-all": strategy(canary={"steps": [{"weight": "100%", "bake": "1s"}]}),
    "linear": strategy(linear={"increment": "10%", "interval": "2m"}),
    "linear-to-all": strategy(linear={"increment": "100%", "interval": "2m", "maxWeight": "100%"}),
    "all-at-once": strategy(allAtOnce={"bake": "5m"}),
    "blue-green": strategy(blueGreen={"bake": "10m", "approval": "Required"}),
    "ab-test": strategy(abTest=AB),
    "mirror-then-canary": strategy(
        mirror={"percent": "20%", "bake": "5m", "allowUnsafe": True, "then": {"canary": {"steps": STEPS}}}
    ),
    "mirror-then-ab-test": strategy(mirror={"percent": "100%", "bake": "5m", "then": {"abTest": AB}}),
    **{f"provider-{name}": {"traffic": {"provider": name}} for name in ("GatewayAPI", "Istio", "ALB", "Replicas")},
    "empty-objects": {"traffic": {}, "analysis": {}},
    "empty-lists": {"gates": [], "windows": [], "notify": []},
    "stable-compared": analysis(compareTo="Stable"),
    "blue-green-by-slo": {**strategy(blueGreen={"bake": "10m"}), **analysis(compareTo="SLO")},
    "mirror-then-canary-compared": {
        **strategy(mirror={"percent": "1%", "bake": "1m", "then": {"canary": {"steps": STEPS}}}),
        **analysis(compareTo="Both"),
    },
    "least-errors": analysis(falseAbort="0.01%", falsePromote="20%", tolerance="1.3x", floor="0.001%"),
    "no-watch": {"watch": "0s"},
    "latency-in-other-units": {
        "kpis": [
            {"name": "one", "requests": {"latency": {"under": "1s", "share": "99.9%"}}},
            {"name": "two", "requests": {"latency": {"under": "1s500ms", "share": "50%"}}},
            {"name": "three", "requests": {"source": "App", "latency": {"under": "123ms", "share": "99.999%"}}},
        ]
    },
    "gauge-by-query": {"kpis": [{"name": "rate", "gauge": {"query": 'sum(rate(a{b=~"c.*"}[2m]))', "max": "1"}}]},
    "gauge-from-below": {"kpis": [{"name": "rate", "gauge": {"metric": "job:rate", "min": "-0.5"}}]},
    "longer-than-six-hours": {
        **strategy(canary={"steps": [{"weight": "5%", "bake": "24h"}]}),
        **analysis(deadline="48h"),
    },
}
