"""The provider GatewayAPI: what each wish of a release looks like in a route, and what is read back from one."""

import copy
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from tests.unit.domain.routings import (
    CANDIDATE,
    COOKIE,
    GATEWAY,
    HEADER,
    OWNER,
    STABLE,
    gateways,
    routing,
    routings,
    spec,
)

from trimtab.domain.drift import stamped
from trimtab.domain.objects import Object, ref_of
from trimtab.domain.traffic.gatewayapi import GatewayAPI
from trimtab.domain.traffic.provider import Routing

PROVIDER = GatewayAPI()
Rules = list[dict[str, Any]]


def route(wanted: Routing) -> dict[str, Any]:
    (only,) = PROVIDER.manifests(wanted)
    return dict(only)


def rules(wanted: Routing) -> Rules:
    found: Rules = route(wanted)["spec"]["rules"]
    return found


def shares(rule: Mapping[str, Any]) -> dict[str, int]:
    return {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}


def live(wanted: Routing, generation: int = 3, **status: Any) -> dict[Any, Object]:
    """The children with the route as the API server stores it, and a status of its parent."""
    manifest = copy.deepcopy(dict(stamped(route(wanted))))
    manifest["metadata"]["generation"] = generation
    if status:
        conditions = [
            {"type": type_, "observedGeneration": generation, **fields}
            for type_, fields in ({"Accepted": {"status": "True"}, "ResolvedRefs": {"status": "True"}} | status).items()
        ]
        manifest["status"] = {"parents": [{"parentRef": manifest["spec"]["parentRefs"][0], "conditions": conditions}]}
    return {ref_of(manifest): manifest}


ACCEPTED: dict[str, Any] = {"Accepted": {"status": "True"}}


def test_without_a_candidate_there_is_one_backend_of_weight_one() -> None:
    (rule,) = rules(routing(candidate="", weight=30))
    assert rule == {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "filters": [],
        "backendRefs": [{"group": "", "kind": "Service", "name": STABLE, "port": 8080, "weight": 1}],
    }


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        (0, {STABLE: 100, CANDIDATE: 0}),
        (1, {STABLE: 99, CANDIDATE: 1}),
        (50, {STABLE: 50, CANDIDATE: 50}),
        (100, {STABLE: 0, CANDIDATE: 100}),
    ],
)
def test_weights_name_a_candidate_before_it_gets_any(weight: int, expected: dict[str, int]) -> None:
    (rule,) = rules(routing(weight=weight))
    assert shares(rule) == expected


def test_every_path_is_split_alike() -> None:
    paths = [{"prefix": "/orders", "rewrite": "/"}, {"prefix": "/baskets"}]
    found = rules(routing(spec(expose={**GATEWAY, "paths": paths, "timeout": "15s"}), weight=20))
    assert [rule["matches"][0]["path"]["value"] for rule in found] == ["/orders", "/baskets"]
    assert all(shares(rule) == {STABLE: 80, CANDIDATE: 20} for rule in found)
    assert all(rule["timeouts"] == {"request": "15s"} for rule in found)


def test_ab_matches_come_first_and_lead_to_the_candidate_alone() -> None:
    matched, rest = rules(routing(matches=(HEADER, COOKIE)))
    header, cookie = (match["headers"][0] for match in matched["matches"])
    assert header == {"type": "Exact", "name": "x-canary", "value": "1"}
    assert (cookie["type"], cookie["name"]) == ("RegularExpression", "Cookie")
    assert shares(matched) == {CANDIDATE: 1}
    assert shares(rest) == {STABLE: 100, CANDIDATE: 0}


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        ("beta.user=yes+no", True),
        ("a=b; beta.user=yes+no", True),
        ("a=b;beta.user=yes+no; c=d", True),
        ("beta.user=yes+no;c=d", True),
        ("beta.user=yes", False),
        ("betaXuser=yes+no", False),
        ("xbeta.user=yes+no", False),
        ("beta.user=yes+nonsense", False),
        ("a=beta.user=yes+no", False),
    ],
)
def test_a_cookie_is_found_wherever_it_stands(header: str, *, matches: bool) -> None:
    matched, _ = rules(routing(matches=(COOKIE,)))
    pattern = matched["matches"][0]["headers"][0]["value"]
    assert bool(re.fullmatch(pattern, header)) is matches
    assert bool(re.search(pattern, header)) is matches, "whether the gateway anchors patterns or not"


def test_a_rule_that_rewrites_has_one_match() -> None:
    """The Gateway API refuses a rewrite of a prefix in a rule with several matches."""
    paths = [{"prefix": "/a"}, {"prefix": "/b"}, {"prefix": "/c", "rewrite": "/"}]
    found = rules(routing(spec(expose={**GATEWAY, "paths": paths}), matches=(HEADER, COOKIE)))
    assert [len(rule["matches"]) for rule in found] == [4, 1, 1, 1, 1, 1]
    assert all(len(rule["matches"]) == 1 for rule in found if rule["filters"])


def test_mirroring_copies_only_what_changes_nothing() -> None:
    copied, rest = rules(routing(mirror=20))
    assert [match["method"] for match in copied["matches"]] == ["GET", "HEAD"]
    (mirror,) = copied["filters"]
    assert mirror["requestMirror"]["percent"] == 20
    assert mirror["requestMirror"]["backendRef"]["name"] == CANDIDATE
    assert shares(copied) == shares(rest) == {STABLE: 100, CANDIDATE: 0}
    assert rest["filters"] == []


def test_mirroring_copies_everything_if_allowed() -> None:
    (rule,) = rules(routing(mirror=100, mirror_unsafe=True))
    assert "method" not in rule["matches"][0]
    assert "percent" not in rule["filters"][0]["requestMirror"], "known to gateways that know no percentage"


def test_affinity_binds_a_client_to_the_revision_that_it_met() -> None:
    *bound, split = rules(routing(weight=20, cookie_max_age=3600))
    for backend, rule in zip(split["backendRefs"], bound, strict=True):
        (added,) = backend["filters"][0]["responseHeaderModifier"]["add"]
        assert added["name"] == "Set-Cookie"
        pair, *attributes = added["value"].split("; ")
        assert attributes == ["Max-Age=3600", "Path=/", "SameSite=Lax", "HttpOnly"]
        assert shares(rule) == {backend["name"]: 1}
        assert re.fullmatch(rule["matches"][0]["headers"][0]["value"], f"session=1; {pair}")


def test_a_cookie_of_an_earlier_release_binds_nobody() -> None:
    (*_, split), (*bound, _) = (
        rules(routing(weight=20, cookie_max_age=60, release=release)) for release in ("one", "two")
    )
    cookies = [each["filters"][0]["responseHeaderModifier"]["add"][0]["value"] for each in split["backendRefs"]]
    patterns = [rule["matches"][0]["headers"][0]["value"] for rule in bound]
    assert not [pattern for pattern in patterns for cookie in cookies if re.fullmatch(pattern, cookie.split("; ")[0])]


@pytest.mark.parametrize("weight", [0, 100])
def test_a_cookie_keeps_nobody_on_a_revision_that_leaves(weight: int) -> None:
    (rule,) = rules(routing(weight=weight, cookie_max_age=3600))
    assert "Cookie" not in str(rule)


def test_an_ab_match_with_affinity_binds_to_the_candidate() -> None:
    matched, bound, rest = rules(routing(matches=(HEADER,), cookie_max_age=3600))
    assert shares(matched) == shares(bound) == {CANDIDATE: 1}
    assert "Set-Cookie" in str(matched["filters"])
    assert "Set-Cookie" not in str(rest), "whoever has no cookie gets to stable anyway"


def test_without_expose_the_route_is_attached_to_the_service() -> None:
    body = route(routing(spec(expose=None), weight=10))["spec"]
    assert body["parentRefs"] == [{"group": "", "kind": "Service", "name": "orders", "port": 8080}]


def test_grpc() -> None:
    grpc = spec(ports=[{"name": "grpc", "port": 9000, "protocol": "GRPC"}])
    found = route(routing(grpc, weight=20, matches=(HEADER,)))
    matched, split = found["spec"]["rules"]
    assert found["kind"] == "GRPCRoute"
    assert matched["matches"] == [{"headers": [{"type": "Exact", "name": "x-canary", "value": "1"}]}]
    assert "matches" not in split
    assert shares(split) == {STABLE: 80, CANDIDATE: 20}


@settings(max_examples=200)
@given(wanted=routings(gateways()))
def test_what_is_written_is_read_back(wanted: Routing) -> None:
    for rule in rules(wanted):
        assert len(rule["backendRefs"]) == 1 or sum(shares(rule).values()) == 100
    found = PROVIDER.live(wanted, live(wanted, **ACCEPTED))
    assert found is not None
    assert found.exact
    assert found.confirmed
    candidate = wanted.weight if wanted.candidate else 0
    assert found.weights.get(STABLE, 0) == 100 - candidate
    assert found.weights.get(CANDIDATE, 0) == candidate
    assert (CANDIDATE in found.matched) >= bool(wanted.candidate and wanted.matches)
    assert (CANDIDATE in found.mirrored) == bool(wanted.candidate and wanted.mirror)
    reaches = wanted.candidate and (wanted.weight or wanted.matches or wanted.mirror)
    assert found.leads_to(CANDIDATE) == bool(reaches)
    assert found.leads_to(STABLE) == (candidate < 100)
    assert found.known == ({STABLE, CANDIDATE} if wanted.candidate else {STABLE})


@settings(max_examples=100)
@given(one=routings(gateways()), other=routings(gateways()))
def test_exact_is_of_one_routing_only(one: Routing, other: Routing) -> None:
    found = PROVIDER.live(other, live(one))
    same = route(one) == route(other)
    assert (found is not None and found.exact) is same


def test_no_route_yet() -> None:
    assert PROVIDER.live(routing(), {}) is None


@pytest.mark.parametrize(
    ("said", "confirmed", "refused"),
    [
        ({}, False, ""),
        (ACCEPTED, True, ""),
        ({"ResolvedRefs": {"status": "False", "message": "no such Service"}}, False, "no such Service"),
        ({"Accepted": {"status": "False", "reason": "NotAllowed"}}, False, "NotAllowed"),
        ({"Accepted": {"status": "True", "observedGeneration": 2}}, False, ""),
        ({"Accepted": {"status": "False", "observedGeneration": 2}}, False, ""),
        ({"Programmed": {"status": "False"}}, True, ""),
    ],
)
def test_the_words_of_the_gateway(said: dict[str, Any], refused: str, *, confirmed: bool) -> None:
    found = PROVIDER.live(routing(), live(routing(), **said))
    assert found is not None
    assert (found.confirmed, found.refused) == (confirmed, refused)


def test_another_parent_does_not_count() -> None:
    children = live(routing(), **ACCEPTED)
    (manifest,) = children.values()
    manifest["status"]["parents"][0]["parentRef"]["name"] = "other"
    found = PROVIDER.live(routing(), children)
    assert found is not None
    assert not found.confirmed


def test_a_changed_route_is_read_as_it_is() -> None:
    children = live(routing(weight=20))
    (manifest,) = children.values()
    manifest["spec"]["rules"][0]["backendRefs"] = [{"name": CANDIDATE, "weight": 3}, {"name": STABLE}]
    found = PROVIDER.live(routing(weight=20), children)
    assert found is not None
    assert not found.exact
    assert found.weights == {CANDIDATE: 75, STABLE: 25}


SERVED = PROVIDER.kinds
CONTOUR = "projectcontour.io/gateway-controller"


def gateway_class(*features: Any, controller: str = "example.com/gateway") -> Object:
    status = {"supportedFeatures": list(features)} if features else {}
    return {"metadata": {"name": "public"}, "spec": {"controllerName": controller}, "status": status}


@pytest.mark.parametrize("wanted", [routing(weight=5), routing(mirror=20), routing(matches=(HEADER,))])
@pytest.mark.parametrize("known", [None, gateway_class()])
def test_what_is_not_known_is_tried(wanted: Routing, known: Object | None) -> None:
    assert PROVIDER.problem(wanted, SERVED, known) == ""


CORE = ("HTTPRoute", "GRPCRoute")


@pytest.mark.parametrize(
    ("wanted", "known", "says"),
    [
        (routing(mirror=20), gateway_class(controller=CONTOUR), ("RequestPercentageMirror", "mirror 100%", CONTOUR)),
        (routing(mirror=100), gateway_class(*CORE), ("HTTPRouteRequestMirror", "another GatewayClass")),
        (routing(mirror=20), gateway_class(*CORE, "HTTPRouteRequestMirror"), ("PercentageMirror", "mirror 100%")),
        (routing(mirror=100), gateway_class(*CORE, "HTTPRouteRequestMirror"), ("MethodMatching", "allowUnsafe")),
        (routing(weight=5, cookie_max_age=9), gateway_class(*CORE), ("HeaderModification", "leave affinity out")),
        (routing(weight=5), gateway_class("GRPCRoute"), ("HTTPRoute", "another GatewayClass")),
        (
            routing(spec(ports=[{"name": "g", "port": 1, "protocol": "GRPC"}]), mirror=100),
            None,
            ("gRPC", "allowUnsafe"),
        ),
        (routing(spec(ports=[], expose=None), weight=5), None, ("HTTP or GRPC", "Replicas")),
        (
            routing(spec(ports=[{"name": "t", "port": 1, "protocol": "TCP"}], expose=None), weight=5),
            None,
            ("HTTP or GRPC", "Replicas"),
        ),
    ],
)
def test_problems_name_the_remedy(wanted: Routing, known: Object | None, says: tuple[str, ...]) -> None:
    message = PROVIDER.problem(wanted, SERVED, known)
    for part in says:
        assert part in message


@pytest.mark.parametrize(
    ("wanted", "known"),
    [
        (routing(mirror=100), gateway_class(controller=CONTOUR)),
        (routing(weight=5, matches=(COOKIE,)), gateway_class(*CORE)),
        (routing(weight=5), gateway_class({"name": "HTTPRoute"})),
        (
            routing(mirror=20),
            gateway_class(
                *(
                    {"name": each}
                    for each in ("HTTPRoute", "HTTPRouteRequestMirror", "HTTPRouteRequestPercentageMirror")
                ),
                {"name": "HTTPRouteMethodMatching"},
            ),
        ),
    ],
)
def test_what_is_supported_is_no_problem(wanted: Routing, known: Object) -> None:
    assert PROVIDER.problem(wanted, SERVED, known) == ""


def test_a_missing_api_is_named() -> None:
    message = PROVIDER.problem(routing(), (), None)
    assert "HTTPRoute" in message
    assert "install the Gateway API" in message


def test_more_rules_than_a_route_may_have() -> None:
    paths = [{"prefix": f"/{number}", "rewrite": "/"} for number in range(6)]
    exposed = spec(expose={**GATEWAY, "paths": paths})
    assert PROVIDER.problem(routing(exposed, weight=5), SERVED, None) == ""
    message = PROVIDER.problem(routing(exposed, weight=5, cookie_max_age=60), SERVED, None)
    assert "18 rules" in message
    assert "leave affinity out" in message


def test_objects_belong_to_the_microservice() -> None:
    metadata = route(routing())["metadata"]
    assert metadata["name"] == OWNER.name
    assert metadata["ownerReferences"][0]["uid"] == OWNER.uid
    assert metadata["labels"]["app.kubernetes.io/managed-by"] == "trimtab"
