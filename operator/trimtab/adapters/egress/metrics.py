"""Metrics of the requests to users' webhooks. Neither hosts nor names of resources become labels."""

from prometheus_client import Counter

REQUESTS = Counter(
    "trimtab_webhook_requests_total", "Requests to gates and channels by status; refused: never sent.", ["code"]
)
