"""Every flow of a shop, judged by the rendered policies: web is exposed, web calls orders, orders calls stock."""

from typing import Any

import pytest
from tests.unit.domain.networkpolicies import Party, Policy, may
from tests.unit.domain.world import World

from trimtab.domain.service.observation import ClusterSettings, DataPlane

SETTINGS = ClusterSettings(monitoring_namespace="monitoring", load_balancer_cidrs=("10.200.0.0/24",))
PUBLIC = {"gateway": {"name": "public", "namespace": "infra"}}
MIGRATE = [{"name": "migrate", "run": "BeforeRollout"}]
SHOP: dict[str, dict[str, Any]] = {
    "web": {"image": "web:1", "expose": PUBLIC},
    "orders": {
        "image": "orders:1",
        "ports": [{"name": "http", "port": 8080}, {"name": "admin", "port": 9000}],
        "network": {"allowFrom": [{"microservice": "web"}], "allowTo": [{"microservice": "stock"}]},
        "jobs": MIGRATE,
    },
    "stock": {
        "image": "stock:1",
        "network": {
            "allowFrom": [{"microservice": "orders"}, {"namespaceSelector": {"matchLabels": {"team": "audit"}}}],
            "allowTo": [{"cidr": "10.50.0.0/16", "ports": [5432]}],
        },
    },
    "mailer": {"image": "mailer:1", "ports": []},
}


def policies_of(name: str, spec: dict[str, Any], settings: ClusterSettings = SETTINGS, **kwargs: Any) -> list[Policy]:
    world = World(spec, name=name, settings=settings)
    for field, value in kwargs.items():
        setattr(world, field, value)
    world.reconcile()
    return [obj for ref, obj in world.objects.items() if ref.kind == "NetworkPolicy"]


POLICIES = [policy for name, spec in SHOP.items() for policy in policies_of(name, spec)]


def service(name: str, component: str = "service", namespace: str = "shop") -> Party:
    labels = {"trimtab.dev/microservice": name, "app.kubernetes.io/component": component}
    return pod(namespace, labels)


def pod(namespace: str, labels: dict[str, str] | None = None, **namespace_labels: str) -> Party:
    return Party(
        namespace=namespace,
        labels=labels or {},
        namespace_labels={"kubernetes.io/metadata.name": namespace, **namespace_labels},
    )


GATEWAY = pod("infra", {"gateway.networking.k8s.io/gateway-name": "public"})
OTHER_GATEWAY = pod("infra", {"gateway.networking.k8s.io/gateway-name": "internal"})
FORGED_GATEWAY = pod("evil", {"gateway.networking.k8s.io/gateway-name": "public"})
STRANGER = pod("shop", {"app": "stranger"})
MONITORING = pod("monitoring", {"app": "prometheus"})
AUDIT = pod("audit", team="audit")
BALANCER = Party(address="10.200.0.7")
INTERNET = Party(address="203.0.113.9")
DATABASE = Party(address="10.50.1.2")
DNS = pod("kube-system", {"k8s-app": "kube-dns"})
POD_IDENTITY = Party(address="169.254.170.23")
METADATA = Party(address="169.254.169.254")


@pytest.mark.parametrize(
    ("source", "target", "port", "admitted"),
    [
        (GATEWAY, service("web"), 8080, True),
        (GATEWAY, service("orders"), 8080, False),
        (OTHER_GATEWAY, service("web"), 8080, False),
        (FORGED_GATEWAY, service("web"), 8080, False),
        (service("web"), service("orders"), 8080, True),
        (service("web"), service("orders"), 9000, True),
        (service("web", "job"), service("orders"), 8080, True),
        (service("web"), service("orders"), 22, False),
        (service("web", namespace="other"), service("orders"), 8080, False),
        (service("orders"), service("stock"), 8080, True),
        (service("orders", "job"), service("stock"), 8080, True),
        (service("web"), service("stock"), 8080, False),
        (service("orders"), service("web"), 8080, False),
        (STRANGER, service("web"), 8080, False),
        (STRANGER, service("orders"), 8080, False),
        (STRANGER, service("orders", "job"), 8080, False),
        (INTERNET, service("web"), 8080, False),
        (AUDIT, service("stock"), 8080, True),
        (AUDIT, service("orders"), 8080, False),
        (MONITORING, service("web"), 8080, True),
        (MONITORING, service("orders"), 9100, True),
        (MONITORING, service("mailer"), 9100, True),
        (MONITORING, service("orders", "job"), 8080, False),
        (STRANGER, service("mailer"), 8080, False),
        (BALANCER, service("web"), 8080, True),
        (BALANCER, service("web"), 9100, False),
        (service("web"), INTERNET, 443, True),
        (service("mailer"), INTERNET, 25, True),
        (service("orders"), INTERNET, 443, False),
        (service("orders", "job"), INTERNET, 443, False),
        (service("stock"), DATABASE, 5432, True),
        (service("stock"), DATABASE, 22, False),
        (service("orders"), DATABASE, 5432, False),
        (service("orders"), POD_IDENTITY, 80, True),
        (service("orders"), METADATA, 80, False),
    ],
)
def test_the_flows_of_the_shop(source: Party, target: Party, port: int, admitted: bool) -> None:
    assert may(POLICIES, source, target, port) is admitted


@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
@pytest.mark.parametrize("name", [*SHOP])
def test_every_service_may_ask_for_names(name: str, protocol: str) -> None:
    assert may(POLICIES, service(name), DNS, 53, protocol)


@pytest.mark.parametrize(
    ("peer", "inside", "outside"),
    [
        ({"podSelector": {"matchLabels": {"app": "stranger"}}}, STRANGER, AUDIT),
        ({"namespaceSelector": {}}, AUDIT, INTERNET),
        (
            {"namespaceSelector": {"matchExpressions": [{"key": "team", "operator": "In", "values": ["audit"]}]}},
            AUDIT,
            MONITORING,
        ),
        ({"cidr": "203.0.113.0/24"}, INTERNET, BALANCER),
    ],
)
def test_each_way_to_name_a_caller(peer: dict[str, Any], inside: Party, outside: Party) -> None:
    policies = policies_of("orders", {"image": "o:1", "network": {"allowFrom": [peer]}}, ClusterSettings())
    assert may(policies, inside, service("orders"), 8080)
    assert not may(policies, outside, service("orders"), 8080)


def test_nobody_else_is_nobody() -> None:
    policies = policies_of("orders", {"image": "o:1", "network": {"allowTo": []}})
    assert not may(policies, service("orders"), service("stock"), 8080)
    assert may(policies, service("orders"), DNS, 53, "UDP")


def test_the_data_plane_of_the_settings_takes_the_place_of_the_label() -> None:
    planes = (
        DataPlane(
            gateway_class="envoy",
            namespace_selector={"matchLabels": {"kubernetes.io/metadata.name": "envoys"}},
            pod_selector={"matchLabels": {"app": "envoy"}},
        ),
        DataPlane(gateway_class="envoy", cidrs=("10.9.0.0/16",)),
        DataPlane(gateway_class="other", cidrs=("10.8.0.0/16",)),
    )
    gateway = {"spec": {"gatewayClassName": "envoy"}}
    policies = policies_of("web", SHOP["web"], ClusterSettings(data_planes=planes), gateway=gateway)
    assert may(policies, pod("envoys", {"app": "envoy"}), service("web"), 8080)
    assert may(policies, Party(address="10.9.3.4"), service("web"), 8080)
    assert not may(policies, Party(address="10.8.3.4"), service("web"), 8080)
    assert not may(policies, pod("envoys", {"app": "x"}), service("web"), 8080)
    assert not may(policies, GATEWAY, service("web"), 8080)


def test_a_data_plane_without_peers_admits_nobody() -> None:
    """An empty `from` would admit everybody."""
    gateway = {"spec": {"gatewayClassName": "envoy"}}
    settings = ClusterSettings(data_planes=(DataPlane(gateway_class="envoy"),))
    policies = policies_of("web", SHOP["web"], settings, gateway=gateway)
    assert not may(policies, STRANGER, service("web"), 8080)


def test_only_the_exposed_port_is_open_to_the_gateway() -> None:
    ports = [{"name": "http", "port": 8080}, {"name": "admin", "port": 9000}]
    policies = policies_of("web", {**SHOP["web"], "ports": ports})
    assert may(policies, GATEWAY, service("web"), 8080)
    assert not may(policies, GATEWAY, service("web"), 9000)
