"""The ports of the proxy; `ports[].port` of a Microservice is never one of them (15000-15999 are reserved)."""

ADMIN = 15000
"""Envoy's administration interface, on loopback only."""

METRICS = 15090
"""Serves exactly /ready and /stats/prometheus."""

METRICS_NAME = "trimtab-metrics"
"""Name of that port of the container, by which it is scraped."""


def direct(index: int) -> int:
    """The port behind the service's own address, for the service's port of that index."""
    return 15100 + index


def routed(index: int) -> int:
    """The port behind the address of one revision, to which only routes lead."""
    return 15200 + index
