"""Envoy's whole configuration, fixed when the process starts: there is no control plane.

Fields are those of Envoy's v3 API (`envoy.config.bootstrap.v3.Bootstrap`).
"""

from typing import Any

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.service.meta import Identity
from trimtab.domain.service.proxy import clusters, listeners, numbers, stats


def bootstrap(owner: Identity, spec: MicroserviceSpec, revision: str) -> dict[str, Any]:
    """The configuration for a service's pods of that revision."""
    labels = stats.labels(owner, revision)
    return {
        "admin": {"address": clusters.address("127.0.0.1", numbers.ADMIN)},
        "stats_config": stats.config(labels),
        "stats_flush_interval": "1s",  # histograms are as new as that
        "static_resources": {
            "listeners": [
                *(
                    listeners.listener(port, kind, number(index), spec, labels)
                    for index, port in enumerate(spec.ports)
                    for kind, number in (("direct", numbers.direct), ("routed", numbers.routed))
                ),
                listeners.metrics(),
            ],
            "clusters": [*(clusters.app(port, spec.resilience) for port in spec.ports), clusters.admin()],
        },
    }
