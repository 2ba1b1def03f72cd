"""The Services: the address of the service in the cluster, and those of single revisions."""

from typing import Any

from trimtab.api.microservice import MicroserviceSpec, Port
from trimtab.domain import labels, names
from trimtab.domain.service.meta import Identity, child
from trimtab.domain.service.proxy.container import pod_ports
from trimtab.domain.service.revision import Revision

_APP_PROTOCOLS = {"HTTP": "http", "HTTP2": "kubernetes.io/h2c", "GRPC": "kubernetes.io/h2c"}
"""What gateways read to choose the protocol towards the pods (Kubernetes: appProtocol; Gateway API: GEP-1911)."""


def service(owner: Identity, spec: MicroserviceSpec, selected: str = "") -> dict[str, Any]:
    """A ClusterIP Service whose ports target the pods' ports by name; `selected`: of that revision alone."""
    body = {
        "type": "ClusterIP",
        "selector": labels.of_revision(owner.name, selected) if selected else labels.of_serving_pods(owner.name),
        "ports": [_port(port, port.name) for port in spec.ports],
    }
    return child(owner, "v1", "Service", owner.name, {"spec": body})


def revision_service(owner: Identity, spec: MicroserviceSpec, revision: Revision) -> dict[str, Any]:
    """The Service of one revision, for routers only: in pods with the proxy it targets the listener of routed requests.

    `spec` has the ports of that revision.
    """
    numbers = pod_ports(revision.template)
    body = {
        "type": "ClusterIP",
        "selector": labels.of_revision(owner.name, revision.name),
        "ports": [_port(port, targets[-1]) for port, targets in zip(spec.ports, numbers, strict=True)],
    }
    name = names.revision_arm(owner.name, revision.name)
    return child(owner, "v1", "Service", name, {"spec": body}, own_labels={labels.REVISION: revision.name})


def _port(port: Port, target: str | int) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": port.name, "port": port.port, "targetPort": target, "protocol": "TCP"}
    protocol = _APP_PROTOCOLS.get(port.protocol)
    return {**fields, "appProtocol": protocol} if protocol else fields
