"""The provider Istio: what each wish of a release looks like in a VirtualService, and what is read back from one."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.domain.routings import CANDIDATE, COOKIE, HEADER, STABLE, routing, routings, spec

from trimtab.domain.drift import stamped
from trimtab.domain.objects import Object, ref_of
from trimtab.domain.traffic.istio import Istio
from trimtab.domain.traffic.provider import Routing

PROVIDER = Istio()
MESH = spec(expose=None)


def routes(wanted: Routing) -> list[dict[str, Any]]:
    (only,) = PROVIDER.manifests(wanted)
    found: list[dict[str, Any]] = only["spec"]["http"]
    return found


def shares(route: Object) -> dict[str, int]:
    return {each["destination"]["host"]: each["weight"] for each in route["route"]}


def live(wanted: Routing, status: Object | None = None) -> dict[Any, Object]:
    (only,) = PROVIDER.manifests(wanted)
    manifest = copy.deepcopy(dict(stamped(only)))
    manifest["metadata"]["generation"] = 3
    return {ref_of(manifest): {**manifest, "status": status or {}}}


def test_weights_of_the_revisions_without_retries() -> None:
    (only,) = PROVIDER.manifests(routing(MESH, weight=20))
    assert only["spec"] == {
        "hosts": ["orders"],
        "gateways": ["mesh"],
        "http": [
            {
                "match": [{"port": 8080}],
                "route": [
                    {"destination": {"host": STABLE, "port": {"number": 8080}}, "weight": 80},
                    {"destination": {"host": CANDIDATE, "port": {"number": 8080}}, "weight": 20},
                ],
                "retries": {"attempts": 0},
            }
        ],
    }


def test_every_http_port_has_routes_of_its_own() -> None:
    ports = [
        {"name": "http", "port": 8080},
        {"name": "db", "port": 5432, "protocol": "TCP"},
        {"name": "grpc", "port": 9000, "protocol": "GRPC"},
    ]
    found = routes(routing(spec(ports=ports, expose=None), weight=20))
    assert [route["match"][0]["port"] for route in found] == [8080, 9000]
    assert [{each["destination"]["port"]["number"] for each in route["route"]} for route in found] == [{8080}, {9000}]


def test_matches_mirror_and_affinity() -> None:
    matched, rest = routes(routing(MESH, matches=({"header": {"name": "X-Canary", "exact": "1"}}, COOKIE)))
    header, cookie = matched["match"]
    assert header["headers"] == {"x-canary": {"exact": "1"}}
    assert list(cookie["headers"]) == ["cookie"]
    assert (shares(matched), shares(rest)) == ({CANDIDATE: 100}, {STABLE: 100, CANDIDATE: 0})

    copied, others = routes(routing(MESH, mirror=20))
    assert [match["method"] for match in copied["match"]] == [{"exact": "GET"}, {"exact": "HEAD"}]
    assert copied["mirror"]["host"] == CANDIDATE
    assert copied["mirrorPercentage"] == {"value": 20}
    assert "mirror" not in others

    *bound, split = routes(routing(MESH, weight=20, cookie_max_age=60))
    cookies = [each["headers"]["response"]["add"]["set-cookie"] for each in split["route"]]
    assert [list(shares(route)) for route in bound] == [[STABLE], [CANDIDATE]]
    assert all("Max-Age=60" in cookie for cookie in cookies)


@settings(max_examples=200)
@given(wanted=routings(st.none()))
def test_what_is_written_is_read_back(wanted: Routing) -> None:
    for route in routes(wanted):
        assert sum(shares(route).values()) == 100
    found = PROVIDER.live(wanted, live(wanted))
    assert found is not None
    assert found.exact
    assert found.confirmed
    candidate = wanted.weight if wanted.candidate else 0
    assert (found.weights.get(STABLE, 0), found.weights.get(CANDIDATE, 0)) == (100 - candidate, candidate)
    assert found.leads_to(CANDIDATE) == bool(wanted.candidate and (wanted.weight or wanted.matches or wanted.mirror))
    assert found.leads_to(STABLE) == (candidate < 100)
    assert found.known == ({STABLE, CANDIDATE} if wanted.candidate else {STABLE})


@pytest.mark.parametrize(
    ("status", "confirmed", "refused"),
    [
        ({}, True, ""),
        ({"observedGeneration": 2}, True, ""),
        ({"conditions": [{"type": "Reconciled", "status": "True", "observedGeneration": 3}]}, True, ""),
        ({"conditions": [{"type": "Reconciled", "status": "True", "observedGeneration": 2}]}, False, ""),
        ({"conditions": [{"type": "Reconciled", "status": "False", "observedGeneration": "3"}]}, False, ""),
        ({"observedGeneration": 3, "validationMessages": [{"level": "WARNING"}]}, True, ""),
        (
            {"observedGeneration": 3, "validationMessages": [{"level": "ERROR", "type": {"code": "IST0101"}}]},
            False,
            "IST",
        ),
        ({"observedGeneration": 2, "validationMessages": [{"level": "ERROR", "type": {"code": "IST0101"}}]}, True, ""),
    ],
)
def test_what_istio_says(status: Object, refused: str, *, confirmed: bool) -> None:
    found = PROVIDER.live(routing(MESH), live(routing(MESH), status))
    assert found is not None
    assert found.confirmed is confirmed
    assert refused in found.refused
    assert bool(found.refused) is bool(refused)


@pytest.mark.parametrize(
    ("wanted", "served", "says"),
    [
        (routing(MESH), frozenset(), ("VirtualService", "install Istio")),
        (routing(spec(ports=[], expose=None)), PROVIDER.kinds, ("no port", "Replicas")),
        (
            routing(spec(ports=[{"name": "g", "port": 1, "protocol": "GRPC"}], expose=None), mirror=5),
            PROVIDER.kinds,
            ("gRPC", "allowUnsafe"),
        ),
    ],
)
def test_problems_name_the_remedy(wanted: Routing, served: frozenset[tuple[str, str]], says: tuple[str, ...]) -> None:
    message = PROVIDER.problem(wanted, served, None)
    assert all(part in message for part in says), message


def test_no_problem() -> None:
    assert PROVIDER.problem(routing(MESH, matches=(HEADER,)), PROVIDER.kinds, None) == ""
    assert PROVIDER.live(routing(MESH), {}) is None
