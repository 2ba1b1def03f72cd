"""The NetworkPolicies: who may talk to the service, and to whom its pods may talk."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trimtab.api.exposure import GatewayReference
from trimtab.api.microservice import MicroserviceSpec
from trimtab.api.network import Destination, Peer
from trimtab.domain import labels, names
from trimtab.domain.objects import Object
from trimtab.domain.service.meta import Identity, child
from trimtab.domain.service.observation import ClusterSettings
from trimtab.domain.service.proxy.container import pod_ports

_Ports = list[dict[str, Any]]

_GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
_NAMESPACE_NAME = "kubernetes.io/metadata.name"

_DNS_PORTS = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]

_CREDENTIAL_ENDPOINTS = ("169.254.170.23/32", "fd00:ec2::23/128")
"""The EKS Pod Identity Agent (EKS user guide, "Pod Identity considerations"), port 80.

Credentials by IRSA come from STS, which has no fixed address: who limits egress and uses IRSA lists it in `allowTo`.
"""


def network_policy(
    owner: Identity,
    spec: MicroserviceSpec,
    settings: ClusterSettings,
    gateway: Object | None,
    templates: Iterable[Object],
) -> dict[str, Any]:
    """The policy of the serving pods: nobody may call them but those whom the spec and the settings admit.

    `templates` are those of all revisions that may have pods, whose ports differ by whether they have the proxy.
    """
    of_pods = [pod_ports(template) for template in templates]
    every = _ports(number for ports in of_pods for numbers in ports for number in numbers)
    first = _ports(number for ports in of_pods for numbers in ports[:1] for number in numbers)
    ingress = [
        *_from_callers(spec, every),
        *_from_gateway(owner, spec, settings, gateway, first),
        *_from_platform(settings, every),
    ]
    return _policy(owner, owner.name, labels.of_serving_pods(owner.name), ingress, _egress(spec))


def job_policy(owner: Identity, spec: MicroserviceSpec) -> dict[str, Any]:
    """The policy of the job pods, which nobody may call."""
    return _policy(owner, names.job_policy(owner.name), labels.of_job_pods(owner.name), [], _egress(spec))


def _policy(
    owner: Identity,
    name: str,
    pods: Mapping[str, str],
    ingress: Sequence[Mapping[str, Any]],
    egress: Sequence[Mapping[str, Any]] | None,
) -> dict[str, Any]:
    body: dict[str, Any] = {"podSelector": {"matchLabels": dict(pods)}, "policyTypes": ["Ingress"], "ingress": ingress}
    if egress is not None:
        body = {**body, "policyTypes": ["Ingress", "Egress"], "egress": egress}
    return child(owner, "networking.k8s.io/v1", "NetworkPolicy", name, {"spec": body})


def _from_callers(spec: MicroserviceSpec, ports: _Ports) -> list[dict[str, Any]]:
    peers = [_peer(peer) for peer in spec.network.allow_from]
    return [{"from": peers, "ports": ports}] if peers and ports else []


def _from_gateway(
    owner: Identity, spec: MicroserviceSpec, settings: ClusterSettings, gateway: Object | None, ports: _Ports
) -> list[dict[str, Any]]:
    if spec.expose is None or spec.expose.gateway is None or not ports:
        return []
    peers, _ = gateway_peers(owner, spec.expose.gateway, settings, gateway)
    return [{"from": peers, "ports": ports}] if peers else []  # an empty `from` admits everybody


def gateway_peers(
    owner: Identity, reference: GatewayReference, settings: ClusterSettings, gateway: Object | None
) -> tuple[list[dict[str, Any]], str]:
    """The peers that are the data plane of a Gateway, and in words which rule gave them.

    `gateway` is that Gateway as read, None if it could not be.
    """
    class_name = gateway["spec"].get("gatewayClassName", "") if gateway else ""
    planes = [plane for plane in settings.data_planes if plane.gateway_class == class_name]
    if planes:
        peers: list[dict[str, Any]] = []
        for plane in planes:
            peers += [{"ipBlock": {"cidr": cidr}} for cidr in plane.cidrs]
            selectors = {"namespaceSelector": plane.namespace_selector, "podSelector": plane.pod_selector}
            if given := {field: selector for field, selector in selectors.items() if selector is not None}:
                peers.append(given)
        return peers, f"the data plane that the operator's settings name for GatewayClass {class_name}"
    namespace = reference.namespace or owner.namespace
    pods = {
        "namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: namespace}},
        "podSelector": {"matchLabels": {_GATEWAY_NAME: reference.name}},
    }
    return [pods], f"pods labelled {_GATEWAY_NAME}={reference.name} in namespace {namespace}"


def _from_platform(settings: ClusterSettings, ports: _Ports) -> list[dict[str, Any]]:
    """Monitoring may scrape any port, those of sidecars too; load balancers reach the ports of the Service."""
    rules: list[dict[str, Any]] = []
    if settings.monitoring_namespace:
        namespace = {"namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: settings.monitoring_namespace}}}
        rules.append({"from": [namespace]})
    if settings.load_balancer_cidrs and ports:
        blocks = [{"ipBlock": {"cidr": cidr}} for cidr in settings.load_balancer_cidrs]
        rules.append({"from": blocks, "ports": ports})
    return rules


def _egress(spec: MicroserviceSpec) -> list[dict[str, Any]] | None:
    """None is no limit. With a limit, DNS and the AWS credential endpoints stay open."""
    if spec.network.allow_to is None:
        return None
    credentials = {
        "to": [{"ipBlock": {"cidr": cidr}} for cidr in _CREDENTIAL_ENDPOINTS],
        "ports": [{"protocol": "TCP", "port": 80}],
    }
    return [{"ports": _DNS_PORTS}, credentials, *(_to(destination) for destination in spec.network.allow_to)]


def _to(destination: Destination) -> dict[str, Any]:
    rule: dict[str, Any] = {"to": [_peer(destination)]}
    if destination.ports:
        rule["ports"] = [
            {"protocol": protocol, "port": port} for port in destination.ports for protocol in ("TCP", "UDP")
        ]
    return rule


def _ports(numbers: Iterable[int]) -> _Ports:
    return [{"protocol": "TCP", "port": number} for number in dict.fromkeys(numbers)]


def _peer(peer: Peer) -> dict[str, Any]:
    if peer.microservice is not None:
        return {"podSelector": {"matchLabels": {labels.MICROSERVICE: peer.microservice}}}
    if peer.pod_selector is not None:
        return {"podSelector": peer.pod_selector.to_json()}
    if peer.namespace_selector is not None:
        return {"namespaceSelector": peer.namespace_selector.to_json()}
    return {"ipBlock": {"cidr": peer.cidr}}
