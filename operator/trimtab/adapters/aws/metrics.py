"""Metrics of the calls of AWS. Neither accounts nor names of resources become labels."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter(
    "trimtab_aws_requests_total",
    "Requests to AWS by service, operation and outcome; each attempt counts.",
    ["service", "operation", "outcome"],
)
SECONDS = Histogram(
    "trimtab_aws_request_seconds",
    "Time until AWS had answered a request.",
    ["service"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
WAIT = Histogram(
    "trimtab_aws_pace_wait_seconds",
    "Time that a call waited for its turn.",
    ["service"],
    buckets=(0.001, 0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
OPEN = Gauge("trimtab_aws_circuits_open", "Services of an account and region that are left alone since they fail.")
MESSAGES = Counter(
    "trimtab_aws_change_messages_total", "Messages about changes in AWS by what became of them.", ["result"]
)
"""result: told, ignored (a read, or a failed call), bad."""
