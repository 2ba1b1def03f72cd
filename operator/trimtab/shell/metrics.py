"""Metrics of the watches and of leadership, and the page on which all metrics are served."""

from functools import cache
from typing import Any

from prometheus_client import Counter, Gauge

WATCH_EVENTS = Counter("trimtab_watch_events_total", "Watch events received.", ["kind", "type"])
WATCH_AGE = Gauge(
    "trimtab_watch_age_seconds", "Seconds since a watch last gave a sign of life (an event, or being opened).", ["kind"]
)
RELEASES_SERVED = Gauge("trimtab_releases_served", "1 if the cluster has the kind CanaryRelease, else 0.")
LEADER = Gauge("leader_election_master_status", "1 if this process leads, else 0.", ["name"])


@cache
def watch_events(kind: str, type_: str) -> Any:
    """The counter of one kind and type, looked up once."""
    return WATCH_EVENTS.labels(kind, type_)
