"""The Service: the address of the service in the cluster."""

from typing import Any

from trimtab.api.microservice import MicroserviceSpec, Port
from trimtab.domain import labels
from trimtab.domain.service.meta import Identity, child

_APP_PROTOCOLS = {"HTTP": "http", "HTTP2": "kubernetes.io/h2c", "GRPC": "kubernetes.io/h2c"}
"""What gateways read to choose the protocol towards the pods (Kubernetes: appProtocol; Gateway API: GEP-1911)."""


def service(owner: Identity, spec: MicroserviceSpec) -> dict[str, Any]:
    """A ClusterIP Service whose ports target the pods' ports by name."""
    body = {
        "type": "ClusterIP",
        "selector": labels.of_serving_pods(owner.name),
        "ports": [_port(port) for port in spec.ports],
    }
    return child(owner, "v1", "Service", owner.name, {"spec": body})


def _port(port: Port) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": port.name, "port": port.port, "targetPort": port.name, "protocol": "TCP"}
    protocol = _APP_PROTOCOLS.get(port.protocol)
    return {**fields, "appProtocol": protocol} if protocol else fields
