"""What NetworkPolicies admit, by the rules of networking.k8s.io/v1: no cluster of ours enforces them in development."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

Policy = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Party:
    """A pod, or with an empty `namespace` an address outside the cluster's pods."""

    address: str = "10.1.0.1"
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)


def may(policies: Sequence[Policy], source: Party, target: Party, port: int, protocol: str = "TCP") -> bool:
    """Whether a connection is admitted, at its source (egress) and at its target (ingress)."""
    return _side(policies, "Egress", source, target, port, protocol) and _side(
        policies, "Ingress", target, source, port, protocol
    )


def _side(policies: Iterable[Policy], side: str, pod: Party, peer: Party, port: int, protocol: str) -> bool:
    chosen = [
        policy
        for policy in policies
        if pod.namespace == policy["metadata"]["namespace"]
        and side in policy["spec"]["policyTypes"]
        and selects(policy["spec"]["podSelector"], pod.labels)
    ]
    rules = [rule for policy in chosen for rule in policy["spec"].get(side.lower(), ())]
    peers = "to" if side == "Egress" else "from"
    return not chosen or any(
        _ports(rule.get("ports"), port, protocol)
        and (not rule.get(peers) or any(_peer(each, peer, pod.namespace) for each in rule[peers]))
        for rule in rules
    )


def _ports(ports: Sequence[Mapping[str, Any]] | None, port: int, protocol: str) -> bool:
    return not ports or any(
        each.get("protocol", "TCP") == protocol and each.get("port", port) == port for each in ports
    )


def _peer(rule: Mapping[str, Any], party: Party, namespace: str) -> bool:
    if "ipBlock" in rule:
        network = ip_network(rule["ipBlock"]["cidr"])
        return ip_address(party.address) in network
    if not party.namespace:
        return False
    if "namespaceSelector" in rule:
        here = selects(rule["namespaceSelector"], party.namespace_labels)
    else:
        here = party.namespace == namespace
    return here and selects(rule.get("podSelector", {}), party.labels)


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector chooses an object with these labels."""
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    return all(_expression(each, labels) for each in selector.get("matchExpressions", ()))


def _expression(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", ())
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
