"""Drift: our fields by value, everybody else's left alone."""

from typing import Any

import pytest

from trimtab.domain import labels
from trimtab.domain.drift import differs, stamped


def deployment(containers: list[Any], **spec: Any) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "orders"},
        "spec": {**spec, "template": {"spec": {"containers": containers}}},
    }


APP = {"name": "app", "image": "a", "env": [{"name": "A", "value": "1"}], "command": ["x"]}


@pytest.mark.parametrize(
    "live",
    [
        deployment([APP]),
        deployment([{**APP, "imagePullPolicy": "Always"}]),
        deployment([{"name": "injected", "image": "b"}, APP]),
        deployment([{**APP, "env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}]),
        deployment([APP], minReadySeconds=0),
        {**deployment([APP]), "status": {"replicas": 1}},
    ],
)
def test_what_others_add_is_no_drift(live: dict[str, Any]) -> None:
    assert not differs(deployment([APP]), live)


@pytest.mark.parametrize(
    "live",
    [
        deployment([{**APP, "image": "b"}]),
        deployment([{**APP, "env": []}]),
        deployment([{**APP, "env": [{"name": "A", "value": "2"}]}]),
        deployment([{**APP, "command": ["x", "y"]}]),
        deployment([{key: value for key, value in APP.items() if key != "command"}]),
        deployment([{"name": "other", "image": "a"}]),
        {"kind": "Deployment", "metadata": {"name": "orders"}, "spec": {}},
    ],
)
def test_a_field_of_ours_with_another_value_is_drift(live: dict[str, Any]) -> None:
    assert differs(deployment([APP]), live)


def test_what_the_api_server_drops_because_it_is_empty_is_no_drift() -> None:
    desired = deployment([{"name": "app", "env": [{"name": "A", "value": ""}], "args": [], "resources": {}}])
    assert not differs(desired, deployment([{"name": "app", "env": [{"name": "A"}]}]))


def test_false_is_a_value() -> None:
    desired = deployment([{"name": "app", "securityContext": {"allowPrivilegeEscalation": False}}])
    assert differs(desired, deployment([{"name": "app", "securityContext": {}}]))


def test_an_empty_map_can_be_a_value() -> None:
    desired = {
        "kind": "Deployment",
        "metadata": {"annotations": {}},
        "spec": {"volumes": [{"name": "a", "emptyDir": {}}]},
    }
    live = {"kind": "Deployment", "metadata": {}, "spec": {"volumes": [{"name": "a", "emptyDir": {}}]}}
    assert not differs(desired, live)
    assert differs(desired, {**live, "spec": {"volumes": [{"name": "a", "hostPath": {"path": "/"}}]}})


def test_a_label_added_to_a_selector_is_drift() -> None:
    desired = {"kind": "Service", "metadata": {}, "spec": {"selector": {"a": "1"}}}
    assert differs(desired, {"kind": "Service", "metadata": {}, "spec": {"selector": {"a": "1", "b": "2"}}})


def test_a_port_added_to_a_service_is_not_ours_but_one_that_is_changed_is() -> None:
    port = {"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}
    desired = {"kind": "Service", "metadata": {}, "spec": {"ports": [port]}}
    other = {"name": "x", "port": 81, "protocol": "TCP", "targetPort": 81}
    assert not differs(desired, {**desired, "spec": {"ports": [other, {**port, "nodePort": 30000}]}})
    assert differs(desired, {**desired, "spec": {"ports": [{**port, "targetPort": 1}]}})


@pytest.mark.parametrize(
    "spec",
    [
        {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}, {}]},
        {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 1}]}]},
        {"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}}]}]},
        {"podSelector": {"matchLabels": {"a": "b"}}, "ingress": [{"from": [{"podSelector": {}}]}]},
        {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}], "egress": [{}]},
        {"podSelector": {}},
    ],
)
def test_whatever_is_changed_in_a_network_policy_is_drift(spec: dict[str, Any]) -> None:
    ours: dict[str, Any] = {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}
    desired = {"kind": "NetworkPolicy", "metadata": {}, "spec": ours}
    assert not differs(desired, desired)
    assert differs(desired, {**desired, "spec": spec})


def test_a_policy_without_rules_is_as_the_api_server_stores_it() -> None:
    desired = {"kind": "NetworkPolicy", "metadata": {}, "spec": {"podSelector": {}, "ingress": []}}
    assert not differs(desired, {**desired, "spec": {"podSelector": {}}})


def test_a_filter_added_to_a_route_is_drift() -> None:
    rule = {"backendRefs": [{"name": "orders"}], "filters": []}
    desired = {"kind": "HTTPRoute", "metadata": {}, "spec": {"rules": [rule]}}
    assert not differs(desired, {**desired, "spec": {"rules": [{"backendRefs": [{"name": "orders", "weight": 1}]}]}})
    assert differs(desired, {**desired, "spec": {"rules": [{**rule, "filters": [{"type": "RequestMirror"}]}]}})
    assert differs(desired, {**desired, "spec": {"rules": [rule, rule]}})


def test_a_removed_field_is_noticed_by_the_stamp() -> None:
    before = stamped({"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "1", "b": "2"}})
    after = stamped({"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "1"}})
    assert labels.APPLIED in after["metadata"]["annotations"]
    assert not differs(after, after)
    assert differs(after, before)


def test_the_stamp_keeps_other_annotations_and_the_manifest() -> None:
    manifest = {"kind": "ServiceAccount", "metadata": {"name": "x", "annotations": {"role": "r"}}}
    assert stamped(manifest)["metadata"]["annotations"]["role"] == "r"
    assert manifest["metadata"] == {"name": "x", "annotations": {"role": "r"}}
