"""The choice of a provider, and what holds for all of them."""

from typing import Any, get_args

import pytest
from tests.unit.domain.routings import CANDIDATE, GATEWAY, HEADER, OWNER, STABLE, routing, spec

from trimtab.api.traffic import ProviderName
from trimtab.domain.objects import ref_of
from trimtab.domain.traffic import registry
from trimtab.domain.traffic.provider import Provider
from trimtab.domain.traffic.rules import rules

INGRESS = {"ingressClassName": "alb"}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"expose": GATEWAY}, "GatewayAPI"),
        ({"expose": INGRESS}, "ALB"),
        ({"expose": None}, "Replicas"),
        ({"expose": None, "ports": []}, "Replicas"),
    ],
)
def test_the_default_follows_expose(fields: dict[str, Any], name: str) -> None:
    assert registry.default(spec(**fields)) is registry.provider(name)


def test_the_api_knows_the_same_names() -> None:
    assert {provider.name for provider in registry.PROVIDERS} == set(get_args(ProviderName))


@pytest.mark.parametrize("provider", registry.PROVIDERS, ids=lambda provider: provider.name)
@pytest.mark.parametrize("expose", [GATEWAY, INGRESS, None])
def test_objects_are_ours_and_of_the_kinds_that_are_declared(provider: Provider, expose: Any) -> None:
    for manifest in provider.manifests(routing(spec(expose=expose), weight=20)):
        assert (manifest["apiVersion"], manifest["kind"]) in provider.kinds
        assert ref_of(manifest).name == OWNER.name
        assert manifest["metadata"]["ownerReferences"][0]["uid"] == OWNER.uid


@pytest.mark.parametrize(
    ("name", "expose", "kinds"),
    [
        ("GatewayAPI", GATEWAY, ["HTTPRoute"]),
        ("GatewayAPI", None, ["HTTPRoute"]),
        ("GatewayAPI", INGRESS, ["HTTPRoute", "Ingress"]),
        ("ALB", INGRESS, ["Ingress"]),
        ("Istio", None, ["VirtualService"]),
        ("Istio", GATEWAY, ["VirtualService", "HTTPRoute"]),
        ("Replicas", GATEWAY, ["HTTPRoute"]),
        ("Replicas", INGRESS, ["Ingress"]),
        ("Replicas", None, []),
    ],
)
def test_who_is_exposed_stays_so_whoever_releases(name: str, expose: Any, kinds: list[str]) -> None:
    made = registry.objects(registry.provider(name), routing(spec(expose=expose), weight=20))
    assert [manifest["kind"] for manifest in made] == kinds
    if expose is not None and registry.default(spec(expose=expose)).name != name:
        text = str(made[-1])
        assert STABLE not in text
        assert CANDIDATE not in text


@pytest.mark.parametrize("asked", [{"matches": (HEADER,)}, {"mirror": 5}, {"cookie_max_age": 60}])
def test_replicas_can_only_divide(asked: dict[str, Any]) -> None:
    provider = registry.provider("Replicas")
    assert "GatewayAPI" in provider.problem(routing(spec(expose=None), **asked), (), None)
    assert provider.problem(routing(spec(expose=None), weight=5), (), None) == ""
    assert provider.live(routing(), {}) is None


def test_the_last_rule_takes_every_request() -> None:
    for asked in ({}, {"weight": 7}, {"matches": (HEADER,)}, {"mirror": 5}, {"weight": 7, "cookie_max_age": 5}):
        *others, last = rules(routing(**asked))
        assert last.when == ()
        assert all(rule.when for rule in others)
        assert all(sum(backend.weight for backend in rule.backends) == 100 for rule in (*others, last))
