import json
from typing import Any

import pytest

from devcluster import discovery


def pod(
    *, ip: str | None = "10.128.0.7", ports: list[dict[str, object]], annotations: dict[str, str] | None = None
) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "web-1",
            "namespace": "shop",
            "uid": "u-1",
            "labels": {"app.kubernetes.io/name": "web"},
            "annotations": annotations or {},
        },
        "spec": {"containers": [{"name": "app", "ports": ports}]},
        "status": {"phase": "Running"} | ({"podIP": ip} if ip else {}),
    }


def test_every_tcp_port_of_a_pod_is_a_target_with_the_labels_of_kubernetes_discovery() -> None:
    ports = [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9100, "protocol": "TCP"}]

    found = discovery.targets([pod(ports=ports, annotations={"prometheus.io/scrape": "true"})])

    assert [target["targets"] for target in found] == [["10.128.0.7:8080"], ["10.128.0.7:9100"]]
    assert found[1]["labels"] == {
        "__meta_kubernetes_namespace": "shop",
        "__meta_kubernetes_pod_name": "web-1",
        "__meta_kubernetes_pod_uid": "u-1",
        "__meta_kubernetes_pod_ip": "10.128.0.7",
        "__meta_kubernetes_pod_phase": "Running",
        "__meta_kubernetes_pod_label_app_kubernetes_io_name": "web",
        "__meta_kubernetes_pod_annotation_prometheus_io_scrape": "true",
        "__meta_kubernetes_pod_container_port_name": "metrics",
    }


def test_ports_of_init_containers_are_targets_as_native_sidecars_have_some() -> None:
    meshed = pod(ports=[])
    meshed["spec"]["initContainers"] = [{"name": "proxy", "ports": [{"name": "metrics", "containerPort": 15090}]}]

    assert [target["targets"] for target in discovery.targets([meshed])] == [["10.128.0.7:15090"]]


@pytest.mark.parametrize(
    "unreachable",
    [
        pod(ip=None, ports=[{"containerPort": 8080}]),
        pod(ports=[{"containerPort": 53, "protocol": "UDP"}]),
        pod(ports=[]),
    ],
    ids=["no address yet", "UDP", "no port"],
)
def test_what_cannot_be_scraped_is_no_target(unreachable: dict[str, Any]) -> None:
    assert discovery.targets([unreachable]) == []


def test_targets_are_what_prometheus_reads_from_a_file() -> None:
    text = json.dumps(discovery.targets([pod(ports=[{"containerPort": 1}])]))

    assert all(
        set(group) == {"targets", "labels"} and all(isinstance(value, str) for value in group["labels"].values())
        for group in json.loads(text)
    )
