"""Whose a series is: by what selects it, and by what is read from its labels, which have to agree."""

import re

import pytest

from trimtab.adapters.prometheus.identities import IDENTITIES, matchers, process
from trimtab.domain.release.counting.counters import Arm

ARM = Arm("shop", "orders", "aaaaaaaaaa", "routed")
LONG = Arm("shop", "a" * 40, "aaaaaaaaaa", "routed")

PROXY = {
    "namespace": "shop",
    "trimtab_namespace": "shop",
    "trimtab_microservice": "orders",
    "trimtab_revision": "aaaaaaaaaa",
    "envoy_http_conn_manager_prefix": "routed",
}
ISTIO = {
    "reporter": "source",
    "destination_service_namespace": "shop",
    "destination_service_name": "orders-aaaaaaaaaa",
}

OURS = [
    ("Proxy", PROXY),
    ("Pods", {"namespace": "shop", "pod": "orders-aaaaaaaaaa-7d9f8b6c5-x2x4z"}),
    ("Pods", {"namespace": "shop", "pod": "orders-aaaaaaaaaa-7d9f8b6c5-x2x4z", "trimtab_revision": "aaaaaaaaaa"}),
    ("Contour", {"envoy_cluster_name": "shop_orders-aaaaaaaaaa_8080"}),
    ("EnvoyGateway", {"envoy_cluster_name": "service/shop/orders-aaaaaaaaaa/8080"}),
    ("EnvoyGateway", {"envoy_cluster_name": "service/shop/orders-aaaaaaaaaa/8080/grpc"}),
    ("Istio", ISTIO),
    ("NGINX", {"namespace": "shop", "ingress": "orders", "service": "orders-aaaaaaaaaa"}),
    (
        "NGINX",
        {
            "namespace": "ingress-nginx",
            "service": "controller-metrics",
            "exported_namespace": "shop",
            "exported_service": "orders-aaaaaaaaaa",
            "ingress": "orders",
            "canary": "-",
        },
    ),
    (
        "NGINX",
        {
            "namespace": "shop",
            "ingress": "orders",
            "service": "orders-bbbbbbbbbb",
            "canary": "shop-orders-aaaaaaaaaa-8080",
        },
    ),
]

OTHERS = [
    ("Proxy", {**PROXY, "namespace": "billing"}),
    ("Proxy", {**PROXY, "trimtab_namespace": "billing"}),
    ("Proxy", {**PROXY, "envoy_http_conn_manager_prefix": "direct"}),
    ("Proxy", {**PROXY, "trimtab_revision": "bbbbbbbbbb"}),
    ("Pods", {"namespace": "billing", "pod": "orders-aaaaaaaaaa-7d9f8b6c5-x2x4z"}),
    ("Pods", {"namespace": "shop", "pod": "orders-bbbbbbbbbb-7d9f8b6c5-x2x4z"}),
    ("Pods", {"namespace": "shop", "pod": "orders-aaaaaaaaaa-bbbbbbbbbb-7d9f8b6c5-x2x4z"}),
    ("Pods", {"namespace": "shop", "pod": "my-orders-aaaaaaaaaa-7d9f8b6c5-x2x4z"}),
    ("Pods", {"namespace": "shop", "pod": "orders-aaaaaaaaaa-7d9f8b6c5-x2x4z", "trimtab_revision": "bbbbbbbbbb"}),
    ("Pods", {"namespace": "shop", "pod": "orders"}),
    ("Pods", {"namespace": "shop"}),
    ("Contour", {"envoy_cluster_name": "shop_orders_8080"}),
    ("Contour", {"envoy_cluster_name": "shop_orders-aaaaaaaaaa"}),
    ("Contour", {"envoy_cluster_name": "shop_orders-aaaaaaaaaa_8080_more"}),
    ("Contour", {}),
    ("EnvoyGateway", {"envoy_cluster_name": "httproute/shop/orders-aaaaaaaaaa/rule/0"}),
    ("EnvoyGateway", {"envoy_cluster_name": "service/billing/orders-aaaaaaaaaa/8080"}),
    ("Istio", {**ISTIO, "reporter": "destination"}),
    ("Istio", {**ISTIO, "destination_service_namespace": "billing"}),
    ("NGINX", {"namespace": "shop", "ingress": "orders", "service": "orders-aaaaaaaaaa", "canary": "shop-x-80"}),
    ("NGINX", {"namespace": "shop", "exported_namespace": "billing", "service": "orders-aaaaaaaaaa"}),
    ("NGINX", {"namespace": "shop", "ingress": "x", "service": "y", "canary": "billing-orders-aaaaaaaaaa-80"}),
]


@pytest.mark.parametrize(("name", "labels"), OURS)
def test_a_series_of_a_revision_is_selected_and_known(name: str, labels: dict[str, str]) -> None:
    identity = IDENTITIES[name]
    assert identity.owner(labels) == identity.key(ARM)
    for label, alternatives in matchers(identity, [ARM]).items():
        assert re.fullmatch("|".join(alternatives), labels.get(label, "")), label


@pytest.mark.parametrize(("name", "labels"), OTHERS)
def test_a_series_of_anybody_else_is_not(name: str, labels: dict[str, str]) -> None:
    assert IDENTITIES[name].owner(labels) != IDENTITIES[name].key(ARM)


def test_the_name_of_a_pod_of_a_long_service_is_cut_off() -> None:
    """The API server cuts what it appends five characters to at 58."""
    replica_set = f"{'a' * 40}-aaaaaaaaaa-7d9f8b6c5d"
    pod = f"{replica_set}-"[:58] + "x2x4z"
    assert IDENTITIES["Pods"].owner({"namespace": "shop", "pod": pod}) == IDENTITIES["Pods"].key(LONG)


@pytest.mark.parametrize("value", ['a"} or vector(1)', "a|b", ".*", "", "a\\", "A"])
@pytest.mark.parametrize("name", IDENTITIES)
def test_nothing_but_names_gets_into_a_query(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="cannot be of anything"):
        matchers(IDENTITIES[name], [ARM._replace(microservice=value)])


def test_a_process_is_known_by_its_pod_and_a_routers_by_its_namespace_too() -> None:
    labels = {"namespace": "infra", "pod": "envoy-1", "instance": "10.0.0.1:8002"}
    assert process(IDENTITIES["Pods"], labels)[0] == "envoy-1"
    assert process(IDENTITIES["Contour"], labels)[0] == "infra/envoy-1"
    assert process(IDENTITIES["Contour"], {"instance": "10.0.0.1:8002"})[0] == "10.0.0.1:8002"
