"""What a new revision is judged by."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from trimtab.api.canaryrelease_rules import LATENCY_BOUND, OF_METRIC, OWN_LABELS
from trimtab.api.meta import ApiModel, Text, TextMap, exactly_one_of
from trimtab.api.scalars import Duration, Name
from trimtab.api.shares import Decimal, SuccessShare

MetricName = Annotated[
    str,
    Text(
        max_length=200,
        pattern="^[a-zA-Z_:][a-zA-Z0-9_:]*$",
        is_not="the name of a metric: use letters, digits, '_' and ':', such as checkout_attempts_total",
    ),
]
_LabelName = Text(
    max_length=100,
    pattern="^[a-zA-Z]([a-zA-Z0-9]|_[a-zA-Z0-9])*_?$",
    is_not="the name of a label: use letters, digits and single '_', beginning with a letter, such as method",
)
_LabelText = Annotated[
    str,
    Text(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$", is_not="the value of a label: leave out control characters"),
]
MetricLabels = Annotated[dict[str, str], TextMap(key=_LabelName, value=_LabelText, max_items=8), OWN_LABELS]

RequestSource = Literal["Proxy", "App", "Contour", "EnvoyGateway", "Istio", "NGINX"]


class Latency(ApiModel):
    """How many requests must be answered how fast."""

    under: Duration = Field(
        description="Bound of a fast answer. With source Proxy one of 5, 10, 25, 50, 75, 100, 150, 200, "
        "250, 300, 400, 500, 750, 1000, 1500, 2000, 3000, 5000, 10000 and 30000 ms.",
        examples=["250ms"],
    )
    share: SuccessShare = Field(description="Share of requests that must be fast, 50% to 99.999%.", examples=["99%"])


class Requests(ApiModel):
    """Requests as the proxy or a router counts them: exactly one of successRate and latency."""

    rules: ClassVar = (exactly_one_of("successRate", "latency"), LATENCY_BOUND)

    source: RequestSource = Field(
        "Proxy",
        description="Who counts: the Proxy in each pod, the App itself, or the router (Contour, EnvoyGateway, Istio, "
        "NGINX).",
        examples=["Istio"],
    )
    success_rate: SuccessShare | None = Field(
        None,
        description="Share of requests that must succeed, 50% to 99.999%. What fails: 5xx, server errors of gRPC, "
        "resets, timeouts.",
        examples=["99%"],
    )
    latency: Latency | None = Field(None, description="How many requests must be answered how fast.")


class Pods(ApiModel):
    """Health of the new revision's pods."""

    max_restarts: Annotated[int, Field(ge=0, le=1000)] = Field(
        0,
        description="How often containers of all pods of the new revision may restart in one release, 0 to 1000.",
        examples=[3],
    )


Query = Annotated[
    str,
    Text(
        max_length=1000,
        pattern=r"^[^\x00-\x1f\x7f\\`]+$",
        is_not="a query in one line without backslashes and backquotes, such as sum(rate(orders_retries_total[2m]))",
    ),
]


class Metric(ApiModel):
    """A metric of the service's pods; namespace and revision are added by the operator."""

    metric: MetricName = Field(description="Name of the metric in Prometheus.", examples=["checkout_attempts_total"])
    match_labels: MetricLabels = Field(
        default_factory=dict,
        description="Labels that a series must carry, compared exactly. Default: any.",
        examples=[{"method": "card"}],
    )


class Counter(ApiModel):
    """Two counters of the service itself: how often something was tried, and how often it went wrong."""

    total: Metric = Field(description="Counter of all attempts.")
    bad: Metric = Field(description="Counter of those that went wrong.")
    success_rate: SuccessShare = Field(
        description="Share of attempts that must not go wrong, 50% to 99.999%.", examples=["97%"]
    )


class Gauge(ApiModel):
    """A gauge of the service itself, or the value of a query, with a bound: exactly one of max and min."""

    rules: ClassVar = (exactly_one_of("metric", "query"), exactly_one_of("max", "min"), OF_METRIC)

    metric: MetricName | None = Field(
        None, description="Name of the gauge in Prometheus.", examples=["orders_lag_seconds"]
    )
    match_labels: MetricLabels = Field(
        default_factory=dict,
        description="Labels that a series of the metric must carry, compared exactly. Default: any.",
        examples=[{"queue": "orders"}],
    )
    query: Query | None = Field(
        None,
        description="Instead of a metric: PromQL that gives one value; each selector is confined to the revision's "
        "pods. Only where the operator's administrator allows it; at most 1000 characters.",
        examples=["sum(rate(orders_retries_total[2m]))"],
    )
    aggregate: Literal["max", "min", "avg", "sum"] = Field(
        "avg", description="How the values of a revision's pods become one: max, min, avg or sum.", examples=["max"]
    )
    max: Decimal | None = Field(None, description="Highest good value, a decimal number as text.", examples=["30"])
    min: Decimal | None = Field(None, description="Lowest good value, a decimal number as text.", examples=["0.5"])


class Kpi(ApiModel):
    """One thing that a new revision is judged by: exactly one of the members besides the name."""

    rules: ClassVar = (exactly_one_of("requests", "pods", "counter", "gauge"),)

    name: Name = Field(description="Name of the KPI, at most 63 characters.", examples=["errors"])
    requests: Requests | None = Field(None, description="Success or speed of requests.")
    pods: Pods | None = Field(None, description="Restarts of pods; {} allows none.")
    counter: Counter | None = Field(None, description="Two counters of the service itself.")
    gauge: Gauge | None = Field(None, description="A gauge of the service itself.")
