"""The provider ALB: what each wish of a release looks like in an Ingress, and what is read back from one."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.domain.routings import CANDIDATE, COOKIE, HEADER, STABLE, routing, routings, spec

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.drift import stamped
from trimtab.domain.objects import Object, ref_of
from trimtab.domain.traffic.alb import ALB
from trimtab.domain.traffic.provider import Routing

PROVIDER = ALB()
PREFIX = "alb.ingress.kubernetes.io/"
BY_INGRESS = {"ingressClassName": "alb"}


def exposed(**fields: Any) -> MicroserviceSpec:
    return spec(expose={**BY_INGRESS, **fields.pop("expose", {})}, **fields)


def ingress(wanted: Routing) -> dict[str, Any]:
    (only,) = PROVIDER.manifests(wanted)
    return dict(only)


def backends(wanted: Routing) -> list[dict[str, Any]]:
    (rule,) = ingress(wanted)["spec"]["rules"]
    return [path["backend"]["service"] for path in rule["http"]["paths"]]


def annotation(wanted: Routing, name: str) -> Any:
    return json.loads(ingress(wanted)["metadata"]["annotations"][PREFIX + name])


def groups(wanted: Routing, action: str = "orders") -> dict[str, int]:
    config = annotation(wanted, f"actions.{action}")["forwardConfig"]
    return {group["serviceName"]: group["weight"] for group in config["targetGroups"]}


def live(wanted: Routing, address: str = "") -> dict[Any, Object]:
    manifest = copy.deepcopy(dict(stamped(ingress(wanted))))
    manifest["status"] = {"loadBalancer": {"ingress": [{"hostname": address}] if address else []}}
    return {ref_of(manifest): manifest}


def test_what_is_not_divided_is_plain() -> None:
    wanted = routing(exposed(), candidate="")
    assert backends(wanted) == [{"name": STABLE, "port": {"number": 8080}}]
    assert not [key for key in ingress(wanted)["metadata"]["annotations"] if "action" in key]


def test_targets_are_registered_before_they_get_requests() -> None:
    assert groups(routing(exposed(), weight=0)) == {STABLE: 100, CANDIDATE: 0}
    assert groups(routing(exposed(), weight=100)) == {STABLE: 0, CANDIDATE: 100}


def test_weights_are_those_of_target_groups() -> None:
    wanted = routing(exposed(), weight=20)
    assert backends(wanted) == [{"name": "orders", "port": {"name": "use-annotation"}}]
    assert annotation(wanted, "actions.orders") == {
        "type": "forward",
        "forwardConfig": {
            "targetGroups": [
                {"serviceName": STABLE, "servicePort": 8080, "weight": 80},
                {"serviceName": CANDIDATE, "servicePort": 8080, "weight": 20},
            ]
        },
    }


def test_hosts_and_paths() -> None:
    parts = {"hosts": ["a.example", "b.example"], "paths": [{"prefix": "/orders"}, {"prefix": "/"}]}
    rules = ingress(routing(exposed(expose=parts), candidate=""))["spec"]["rules"]
    assert [rule["host"] for rule in rules] == ["a.example", "b.example"]
    assert [[path["path"] for path in rule["http"]["paths"]] for rule in rules] == [["/orders", "/"]] * 2
    assert "host" not in ingress(routing(exposed()))["spec"]["rules"][0]


def test_matches_come_before_the_rest() -> None:
    wanted = routing(exposed(), matches=(HEADER, COOKIE))
    assert [backend["name"] for backend in backends(wanted)] == ["orders-match-0", "orders-match-1", "orders"]
    assert groups(wanted, "orders-match-0") == groups(wanted, "orders-match-1") == {CANDIDATE: 100}
    (header,) = annotation(wanted, "conditions.orders-match-0")
    assert header == {"field": "http-header", "httpHeaderConfig": {"httpHeaderName": "x-canary", "values": ["1"]}}
    (cookie,) = annotation(wanted, "conditions.orders-match-1")
    assert cookie["httpHeaderConfig"]["httpHeaderName"] == "Cookie"
    assert cookie["httpHeaderConfig"]["values"] == ["*beta.user=yes+no", "*beta.user=yes+no;*"]


def test_affinity_is_stickiness_of_the_target_groups() -> None:
    sticky = annotation(routing(exposed(), weight=20, cookie_max_age=3600), "actions.orders")["forwardConfig"]
    assert sticky["targetGroupStickinessConfig"] == {"enabled": True, "durationSeconds": 3600}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"target-type": "ip"}),
        ({"ports": [{"name": "g", "port": 9000, "protocol": "GRPC"}]}, {"backend-protocol-version": "GRPC"}),
        ({"ports": [{"name": "h", "port": 9000, "protocol": "HTTP2"}]}, {"backend-protocol-version": "HTTP2"}),
        ({"health": {"readiness": {"path": "/readyz"}}}, {"healthcheck-path": "/readyz", "success-codes": "200-399"}),
        ({"health": {"readiness": {"path": "/readyz", "port": 9090}}}, {"healthcheck-port": "9090"}),
    ],
)
def test_targets_are_pods_and_health_is_readiness(fields: dict[str, Any], expected: dict[str, str]) -> None:
    annotations = ingress(routing(exposed(**fields), candidate=""))["metadata"]["annotations"]
    assert {f"{PREFIX}{key}": value for key, value in expected.items()}.items() <= annotations.items()


PATHS = st.sampled_from([[], [{"prefix": "/a"}, {"prefix": "/b"}]])


@settings(max_examples=200)
@given(
    wanted=routings(
        st.fixed_dictionaries({**{key: st.just(value) for key, value in BY_INGRESS.items()}}, optional={"paths": PATHS})
    )
)
def test_what_is_written_is_read_back(wanted: Routing) -> None:
    found = PROVIDER.live(wanted, live(wanted, "lb.example"))
    assert found is not None
    assert found.exact
    assert found.confirmed
    candidate = wanted.weight if wanted.candidate else 0
    assert (found.weights.get(STABLE, 0), found.weights.get(CANDIDATE, 0)) == (100 - candidate, candidate)
    assert sum(found.weights.values()) == 100
    assert found.known == ({STABLE, CANDIDATE} if wanted.candidate else {STABLE})
    assert found.matched == (frozenset({CANDIDATE}) if wanted.candidate and wanted.matches else frozenset())


def test_an_address_confirms() -> None:
    found = PROVIDER.live(routing(exposed()), live(routing(exposed())))
    assert found is not None
    assert not found.confirmed
    assert PROVIDER.live(routing(exposed()), {}) is None


def test_an_unreadable_annotation_leads_nowhere() -> None:
    children = live(routing(exposed(), weight=20), "lb.example")
    (manifest,) = children.values()
    manifest["metadata"]["annotations"][f"{PREFIX}actions.orders"] = "{"
    found = PROVIDER.live(routing(exposed(), weight=20), children)
    assert found is not None
    assert not found.exact
    assert found.weights == {}


def ingress_class(controller: str) -> Object:
    return {"metadata": {"name": "alb"}, "spec": {"controller": controller}}


AWS, NGINX = ingress_class("ingress.k8s.aws/alb"), ingress_class("k8s.io/ingress-nginx")


@pytest.mark.parametrize(
    ("wanted", "known", "says"),
    [
        (routing(spec(), weight=5), None, ("ingressClassName",)),
        (routing(exposed(), mirror=5), AWS, ("copies no requests", "GatewayAPI")),
        (routing(exposed(), matches=(HEADER,), cookie_max_age=60), AWS, ("leave affinity out",)),
        (routing(exposed(), weight=5, cookie_max_age=700000), AWS, ("604800", "maxAge")),
        (routing(exposed(), weight=5), NGINX, ("k8s.io/ingress-nginx", "ingress.k8s.aws/alb")),
        (routing(exposed(), matches=(HEADER,)), NGINX, ("k8s.io/ingress-nginx", "knows no weights")),
        (routing(exposed(), matches=({"header": {"name": "a", "exact": "b*"}},)), AWS, ("'b*'", "wildcards")),
        (routing(exposed(), matches=({"header": {"name": "a" * 41, "exact": "b"}},)), None, ("40", "shorten")),
    ],
)
def test_problems_name_the_remedy(wanted: Routing, known: Object | None, says: tuple[str, ...]) -> None:
    message = PROVIDER.problem(wanted, PROVIDER.kinds, known)
    assert all(part in message for part in says), message


@pytest.mark.parametrize(
    ("wanted", "known"),
    [
        (routing(exposed(), weight=5, cookie_max_age=60), AWS),
        (routing(exposed(), weight=5), None),
        (routing(exposed(), candidate=""), NGINX),
        (routing(exposed(), matches=(HEADER, COOKIE)), AWS),
    ],
)
def test_no_problem(wanted: Routing, known: Object | None) -> None:
    assert PROVIDER.problem(wanted, PROVIDER.kinds, known) == ""
