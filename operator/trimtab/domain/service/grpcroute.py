"""The GRPCRoute."""

from typing import Any

from trimtab.api.exposure import Expose
from trimtab.api.microservice import Port
from trimtab.domain.service.httproute import attachment, backend
from trimtab.domain.service.meta import GATEWAY_API_VERSION, Identity, child


def grpc_route(owner: Identity, expose: Expose, port: Port) -> dict[str, Any]:
    """Leads every call of the host names to a port of the Service."""
    rules = [{"filters": [], "backendRefs": [backend(owner, port)]}]
    body = {**attachment(owner, expose), "rules": rules}
    return child(owner, GATEWAY_API_VERSION, "GRPCRoute", owner.name, {"spec": body})
