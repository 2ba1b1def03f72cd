"""What the providers of traffic control render is accepted as it stands by the real API server with the real CRDs.

Istio and the AWS Load Balancer Controller are not here: that they do what their objects say is not shown by this.
"""

import json
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.kube import APPLY, Kube, KubeError, Object, is_served, path, poll, remove_crd
from tests.unit.domain.routings import (
    CANDIDATE,
    COOKIE,
    GATEWAY,
    HEADER,
    STABLE,
    gateways,
    routing,
    routings,
    spec,
)

from trimtab.domain.drift import differs, stamped
from trimtab.domain.objects import ref_of
from trimtab.domain.service.meta import Identity, identity_of
from trimtab.domain.traffic import registry
from trimtab.domain.traffic.gatewayfeatures import MAX_RULES
from trimtab.domain.traffic.provider import Provider, Routing

INGRESS = {"ingressClassName": "alb", "hosts": ["shop.example"]}
EXPOSED: Mapping[str, Any] = {"GatewayAPI": GATEWAY, "Istio": None, "ALB": INGRESS}
ROUTED = pytest.mark.parametrize("provider", [each for each in registry.PROVIDERS if each.routed], ids=lambda p: p.name)
NEEDED = (
    "httproutes.gateway.networking.k8s.io",
    "grpcroutes.gateway.networking.k8s.io",
    "virtualservices.networking.istio.io",
)


@pytest_asyncio.fixture(scope="module", autouse=True)
async def _served(kube: Kube) -> AsyncIterator[None]:
    """The CRDs of the routes, those that the cluster lacks for as long as this module runs."""
    if "TRIMTAB_CRDS" not in os.environ:
        pytest.skip("the CRDs of routes come with clusters that hack/cluster starts")
    folder = Path(os.environ["TRIMTAB_CRDS"])
    documents = [
        document
        for file in (folder / "istio.yaml", *sorted((folder / "gateway-api").glob("*.yaml")))
        for document in yaml.safe_load_all(file.read_text())
        if document and document["metadata"]["name"] in NEEDED
    ]
    assert len(documents) == len(NEEDED)
    missing = [crd for crd in documents if not await kube.get("CustomResourceDefinition", "", crd["metadata"]["name"])]
    try:
        for crd in missing:
            await kube.apply(crd)
        for crd in missing:
            await poll(partial(is_served, kube, crd), 60, f"{crd['metadata']['name']} is served")
        yield
    finally:
        for crd in missing:
            await remove_crd(kube, crd["metadata"]["name"])


@pytest_asyncio.fixture
async def owner(kube: Kube, space: str) -> Identity:
    """A Microservice, without which the objects would be collected as garbage."""
    metadata = {"name": "orders", "namespace": space}
    body = {"image": "registry.example/orders:1", "suspend": True}
    microservice = {"apiVersion": "trimtab.dev/v1alpha1", "kind": "Microservice", "metadata": metadata, "spec": body}
    return identity_of(await kube.apply(microservice))


async def send(kube: Kube, manifest: Mapping[str, Any], **query: str) -> Object:
    """Server-side apply as the operator does it; a field that the schema does not know is an error."""
    ref = ref_of(manifest)
    url = path(ref.kind, ref.namespace, ref.name)
    return await kube.call(
        "PATCH", url, manifest, APPLY, fieldManager="trimtab", force="true", fieldValidation="Strict", **query
    )


async def assert_taken_as_written(kube: Kube, provider: Provider, wanted: Routing) -> None:
    for manifest in map(stamped, provider.manifests(wanted)):
        answer = await send(kube, manifest, dryRun="All")
        assert not differs(manifest, answer), (json.dumps(manifest), json.dumps(answer))


def usual(provider: Provider, owner: Identity, **fields: Any) -> Routing:
    return replace(routing(spec(expose=EXPOSED[provider.name]), **fields), owner=owner)


RELEASE: list[dict[str, Any]] = [
    {"candidate": ""},
    {"weight": 0},
    {"weight": 5},
    {"weight": 50, "cookie_max_age": 3600},
    {"weight": 50},
    {"weight": 100},
    {"matches": (HEADER, COOKIE)},
    {"mirror": 20},
    {"mirror": 100, "mirror_unsafe": True},
    {"weight": 0},
    {"stable": CANDIDATE, "candidate": ""},
]
"""What a route may go through; what a provider cannot do is left out."""


@ROUTED
async def test_a_release_step_by_step(kube: Kube, owner: Identity, provider: Provider) -> None:
    """Each step is what is there afterwards, no more: nothing of the step before it stays."""
    for step in RELEASE:
        wanted = usual(provider, owner, **step)
        if provider.problem(wanted, registry.KINDS, None):
            continue
        (manifest,) = map(stamped, provider.manifests(wanted))
        answer = await send(kube, manifest)
        found = provider.live(wanted, {ref_of(manifest): answer})
        assert found is not None
        assert found.exact, (step, answer)
        candidate = wanted.weight if wanted.candidate else 0
        assert sum(found.weights.values()) == 100
        assert found.weights.get(CANDIDATE, 0) == (100 if wanted.stable == CANDIDATE else candidate)
        assert (CANDIDATE in found.matched) == bool(
            wanted.matches or (0 < wanted.weight < 100 and wanted.cookie_max_age and provider.name != "ALB")
        )
        assert (CANDIDATE in found.mirrored) == bool(wanted.mirror)
        again = await send(kube, manifest)
        assert again["metadata"]["resourceVersion"] == answer["metadata"]["resourceVersion"], "nothing left to write"


@ROUTED
async def test_what_somebody_changes_is_seen(kube: Kube, owner: Identity, provider: Provider) -> None:
    wanted = usual(provider, owner, weight=5)
    (manifest,) = map(stamped, provider.manifests(wanted))
    answer = await send(kube, manifest)
    text = json.dumps({field: answer[field] for field in ("apiVersion", "kind", "metadata", "spec")})
    if provider.name == "ALB":
        changed = text.replace('\\"weight\\":5', '\\"weight\\":95').replace('\\"weight\\":95}', '\\"weight\\":5}', 1)
    else:
        changed = text.replace(CANDIDATE, "orders-cccccccccc")
    assert changed != text
    edited = await kube.call("PUT", path(answer["kind"], owner.namespace, owner.name), json.loads(changed))
    found = provider.live(wanted, {ref_of(manifest): edited})
    assert found is not None
    assert not found.exact
    mended = await send(kube, manifest)
    found = provider.live(wanted, {ref_of(manifest): mended})
    assert found is not None
    assert found.exact


INGRESSES = st.fixed_dictionaries(
    {"ingressClassName": st.just("alb")},
    optional={"hosts": st.just(["a.example", "*.b.example"]), "paths": st.just([{"prefix": "/a"}, {"prefix": "/"}])},
)
ANY = {"GatewayAPI": gateways(), "Istio": st.none(), "ALB": INGRESSES}


@ROUTED
@settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_any_routing(kube: Kube, space: str, provider: Provider, data: st.DataObject) -> None:
    drawn = data.draw(routings(ANY[provider.name]))
    wanted = replace(drawn, owner=replace(drawn.owner, namespace=space))
    if not provider.problem(wanted, registry.KINDS, None):
        await assert_taken_as_written(kube, provider, wanted)


def many(prefixes: int) -> dict[str, Any]:
    return {**GATEWAY, "paths": [{"prefix": f"/{number}", "rewrite": "/"} for number in range(prefixes)]}


@pytest.mark.parametrize("prefixes", [MAX_RULES // 3, MAX_RULES // 3 + 1])
async def test_a_route_that_is_too_large_is_known_before(kube: Kube, owner: Identity, prefixes: int) -> None:
    provider = registry.provider("GatewayAPI")
    wanted = replace(routing(spec(expose=many(prefixes)), weight=5, cookie_max_age=60), owner=owner)
    if not provider.problem(wanted, registry.KINDS, None):
        await assert_taken_as_written(kube, provider, wanted)
        return
    with pytest.raises(KubeError, match="at most 16 items"):
        await assert_taken_as_written(kube, provider, wanted)


@pytest.mark.parametrize(
    "asked", [{}, {"weight": 50}, {"matches": tuple({"cookie": {"name": f"c{n}", "exact": "v"}} for n in range(8))}]
)
async def test_as_many_matches_as_a_release_may_have(kube: Kube, owner: Identity, asked: dict[str, Any]) -> None:
    provider = registry.provider("GatewayAPI")
    paths = [{"prefix": f"/{number}"} for number in range(8)]
    wanted = replace(routing(spec(expose={**GATEWAY, "paths": paths}), **asked), owner=owner)
    assert provider.problem(wanted, registry.KINDS, None) == ""
    await assert_taken_as_written(kube, provider, wanted)


async def test_a_plain_entrance_serves_any_class(kube: Kube, owner: Identity) -> None:
    """Without a release an Ingress needs no controller of AWS."""
    wanted = replace(routing(spec(expose={"ingressClassName": "nginx"}), stable=owner.name, candidate=""), owner=owner)
    (manifest,) = registry.default(wanted.spec).manifests(wanted)
    answer = await send(kube, manifest, dryRun="All")
    (rule,) = answer["spec"]["rules"]
    assert [each["backend"] for each in rule["http"]["paths"]] == [
        {"service": {"name": "orders", "port": {"number": 8080}}}
    ]
    assert STABLE not in json.dumps(answer)
