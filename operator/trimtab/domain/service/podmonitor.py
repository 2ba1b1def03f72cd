"""The PodMonitor: how a Prometheus that the Prometheus operator runs finds the proxies' counters."""

from typing import Any

from trimtab.domain import labels
from trimtab.domain.service.meta import MONITORING_API_VERSION, Identity, child
from trimtab.domain.service.proxy import numbers


def pod_monitor(owner: Identity, every: float) -> dict[str, Any]:
    """Scrapes the proxy in each of the service's pods, each `every` seconds: as often as releases count on it.

    A pod without a proxy has no port of that name.
    """
    interval = f"{int(every)}s" if every == int(every) else f"{round(1000 * every)}ms"  # no decimals in Prometheus
    endpoint = {"port": numbers.METRICS_NAME, "path": "/stats/prometheus", "interval": interval}
    body = {"selector": {"matchLabels": labels.of_serving_pods(owner.name)}, "podMetricsEndpoints": [endpoint]}
    return child(owner, MONITORING_API_VERSION, "PodMonitor", owner.name, {"spec": body})
