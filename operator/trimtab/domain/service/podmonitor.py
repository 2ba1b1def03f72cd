"""The PodMonitor: how a Prometheus that the Prometheus operator runs finds the proxies' counters."""

from typing import Any

from trimtab.domain import labels
from trimtab.domain.service.meta import MONITORING_API_VERSION, Identity, child
from trimtab.domain.service.proxy import numbers

INTERVAL = "10s"
"""Time between scrapes: releases are judged at every tick, and a tick is 10 s by default."""


def pod_monitor(owner: Identity) -> dict[str, Any]:
    """Scrapes the proxy in each of the service's pods; a pod without one has no port of that name."""
    endpoint = {"port": numbers.METRICS_NAME, "path": "/stats/prometheus", "interval": INTERVAL}
    body = {"selector": {"matchLabels": labels.of_serving_pods(owner.name)}, "podMetricsEndpoints": [endpoint]}
    return child(owner, MONITORING_API_VERSION, "PodMonitor", owner.name, {"spec": body})
