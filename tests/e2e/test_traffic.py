"""Real requests through the cluster's Gateway, led by the routes that the provider GatewayAPI renders.

There is no operator in this: two revisions are plain Deployments, and each test puts a route before them.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from tests.e2e.installation import Images, gateway_reference, gateway_url
from tests.e2e.load import LONGEST, Load, counted, none_lost
from tests.e2e.space import Space, new_space
from tests.support.figures import Figures
from tests.support.kube import Kube, Object, path, poll

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.drift import stamped
from trimtab.domain.objects import ref_of
from trimtab.domain.service.meta import Identity
from trimtab.domain.traffic import registry
from trimtab.domain.traffic.provider import Live, Routing

STABLE, CANDIDATE = "orders-aaaaaaaaaa", "orders-bbbbbbbbbb"
IMAGES = {STABLE: Images.v1, CANDIDATE: Images.v2}
VERSIONS = {service: Images.version(image) for service, image in IMAGES.items()}
PROVIDER = registry.provider("GatewayAPI")
MATCHES = ({"header": {"name": "x-canary", "exact": "1"}}, {"cookie": {"name": "beta", "exact": "yes"}})


def revision(namespace: str, name: str, image: str) -> list[Object]:
    """One pod of the demo application, and the Service of its own that a revision has."""
    container = {
        "name": "app",
        "image": image,
        "env": [{"name": "SERVICE", "value": "orders"}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    labels, metadata = {"app": name}, {"namespace": namespace, "name": name}
    template = {"metadata": {"labels": labels}, "spec": pod}
    deployment = {"selector": {"matchLabels": labels}, "template": template}
    service = {"selector": labels, "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": deployment},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service},
    ]


@dataclass(slots=True)
class Traffic:
    """Two revisions behind the Gateway, and clients that ask for them."""

    space: Space
    session: aiohttp.ClientSession
    expose: dict[str, Any] = field(default_factory=dict)
    protocol: str = "HTTP"

    @property
    def host(self) -> str:
        """The host name of the service."""
        return f"{self.protocol.lower()}.{self.space.name}.example"

    async def route(self, **wanted: Any) -> Routing:
        """Applies the route of a routing, and waits until the Gateway has confirmed it."""
        expose = {"gateway": gateway_reference(), "hosts": [self.host], **self.expose}
        ports = [{"name": "main", "port": 8080, "protocol": self.protocol}]
        routing = Routing(
            owner=Identity(name="orders", namespace=self.space.name, uid=""),
            spec=MicroserviceSpec.model_validate({"image": Images.v1, "ports": ports, "expose": expose}),
            **{"stable": STABLE, "candidate": CANDIDATE, "release": "bbbbbbbbbb", **wanted},
        )
        (manifest,) = map(stamped, PROVIDER.manifests(routing))
        metadata = {key: value for key, value in manifest["metadata"].items() if key != "ownerReferences"}
        await self.space.kube.apply({**manifest, "metadata": metadata}, "trimtab")
        await poll(lambda: self._confirmed(routing), 120, "the Gateway confirms the route")
        return routing

    async def live(self, routing: Routing) -> Live:
        """What the provider reads from the live route; it does not differ but for the owner, whom it lacks."""
        (manifest,) = PROVIDER.manifests(routing)
        found = await self.space.kube.get(manifest["kind"], self.space.name, "orders")
        assert found
        owners = {"ownerReferences": manifest["metadata"]["ownerReferences"]}
        live = PROVIDER.live(routing, {ref_of(manifest): {**found, "metadata": {**found["metadata"], **owners}}})
        assert live is not None
        assert live.exact
        assert not live.refused, live.refused
        return live

    async def _confirmed(self, routing: Routing) -> bool:
        return (await self.live(routing)).confirmed

    async def ask(self, method: str = "GET", url: str = "/version", **headers: str) -> aiohttp.ClientResponse:
        """The answer to one request; its body is read."""
        async with self.session.request(
            method, gateway_url() + url, headers={"Host": self.host, **headers}, data=b"x" if method == "POST" else None
        ) as answer:
            await answer.read()
            assert answer.status == 200, (answer.status, await answer.text())
            return answer

    async def versions(self, count: int, **headers: str) -> Counter[str]:
        """How many of `count` requests were answered by each version."""
        answers = await asyncio.gather(*(self.ask(**headers) for _ in range(count)))
        return Counter(answer.headers["X-Version"] for answer in answers)

    async def until(self, expected: set[str], requests: int = 20, **headers: str) -> None:
        """Waits until a number of requests are answered by just the `expected` versions: the proxy lags behind."""

        async def answered() -> bool:
            try:
                return set(await self.versions(requests, **headers)) == expected
            except AssertionError:  # it does not know the route yet
                return False

        await poll(answered, 120, f"answers of {expected}")

    async def counted(self, service: str) -> Counter[str]:
        """The requests that a revision's pod has had, by method, as it counts them itself."""
        url = path("Service", self.space.name, f"{service}:8080", "proxy") + "/metrics"
        async with self.space.kube.session.get(url) as answer:
            lines = (await answer.text()).splitlines()
        counts: Counter[str] = Counter()
        for line in lines:
            if line.startswith("http_server_request_duration_seconds_count{"):
                labels, value = line.split("{")[1].split("} ")
                method = next(
                    label.split('"')[1] for label in labels.split(",") if label.startswith("http_request_method=")
                )
                counts[method] += int(value)
        return counts


@pytest_asyncio.fixture(scope="module")
async def _space(kube: Kube) -> AsyncIterator[Space]:
    async with new_space(kube, "traffic") as space:
        for service, image in IMAGES.items():
            for manifest in revision(space.name, service, image):
                await kube.apply(manifest)
        for service in IMAGES:
            await space.kubectl("rollout", "status", f"deployment/{service}", "--timeout=240s", seconds=250)
        yield space


@pytest_asyncio.fixture
async def traffic(_space: Space) -> AsyncIterator[Traffic]:
    connector = aiohttp.TCPConnector(limit=20)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Traffic(_space, session)


V1, V2 = VERSIONS[STABLE], VERSIONS[CANDIDATE]
COUNT = 1000


@pytest.mark.parametrize("weight", [5, 20, 50])
async def test_weights_are_shares_of_requests(traffic: Traffic, figures: Figures, weight: int) -> None:
    await traffic.route(weight=weight)
    await traffic.until({V1, V2}, requests=100)
    deviation = (weight / 100 * (1 - weight / 100) / COUNT) ** 0.5

    async def as_ordered() -> float | None:
        share = (await traffic.versions(COUNT))[V2] / COUNT
        print(f"{100 * share:.1f} % of {COUNT} requests")
        return share if abs(share - weight / 100) < 5 * deviation else None

    # The weight before leads to both versions as well, and the Gateway's proxy may still go by it.
    share = await poll(as_ordered, 60, f"the candidate gets {weight} %")
    figures.add(f"share of the candidate at weight {weight} %", f"{100 * share:.1f} %", f"{COUNT} requests", "")


@pytest.mark.parametrize(("weight", "version"), [(0, V1), (100, V2)])
async def test_nobody_gets_to_a_revision_without_weight(traffic: Traffic, weight: int, version: str) -> None:
    await traffic.route(weight=weight)
    await traffic.until({version}, requests=100)
    assert await traffic.versions(200) == Counter({version: 200})


async def test_a_change_of_weight_fails_no_request(traffic: Traffic) -> None:
    """Every step of a release, and back, while requests go on; each of them is answered with 200."""
    await traffic.route(weight=0)
    await traffic.until({V1})
    ended = asyncio.Event()

    async def load() -> Counter[str]:
        answered: Counter[str] = Counter()
        while not ended.is_set():
            answered += await traffic.versions(20)
        return answered

    running = asyncio.create_task(load())
    for step in ({"weight": 20}, {"weight": 50, "cookie_max_age": 60}, {"weight": 100}, {"matches": MATCHES}, {}):
        await traffic.route(**step)
    ended.set()
    assert set(await running) == {V1, V2}


async def test_a_header_and_a_cookie_lead_to_the_candidate(traffic: Traffic) -> None:
    await traffic.route(matches=MATCHES)
    await traffic.until({V2}, 20, **{"x-canary": "1"})
    for headers, version in (
        ({}, V1),
        ({"x-canary": "1"}, V2),
        ({"X-Canary": "1"}, V2),
        ({"x-canary": "0"}, V1),
        ({"Cookie": "beta=yes"}, V2),
        ({"Cookie": "a=b; beta=yes; c=d"}, V2),
        ({"Cookie": "beta=yes2"}, V1),
        ({"Cookie": "nobeta=yes"}, V1),
    ):
        assert await traffic.versions(20, **headers) == Counter({version: 20}), headers


async def _binds(traffic: Traffic, routing: Routing) -> bool:
    """Whether all answers bind to this very release; on many connections, since each thread of a proxy has its own."""
    answers = await asyncio.gather(*(traffic.ask() for _ in range(20)))
    return all(f"={routing.release}." in answer.headers.get("Set-Cookie", "") for answer in answers)


async def test_a_client_stays_where_it_was_first(traffic: Traffic) -> None:
    routing = await traffic.route(weight=50, cookie_max_age=3600)
    await poll(lambda: _binds(traffic, routing), 120, "answers bind to a revision")
    seen = set()
    for _ in range(40):
        first = await traffic.ask()
        cookie = first.headers["Set-Cookie"]
        assert "Max-Age=3600" in cookie
        again = await traffic.versions(10, Cookie=f"theme=dark; {cookie.split(';')[0]}")
        assert again == Counter({first.headers["X-Version"]: 10})
        seen.add(first.headers["X-Version"])
    assert seen == {V1, V2}

    stale = (await traffic.ask()).headers["Set-Cookie"].split(";")[0]
    await traffic.route(weight=50, cookie_max_age=3600, release="another")
    await traffic.until({V1, V2}, Cookie=stale)


async def test_an_aborted_release_keeps_nobody_at_the_candidate(traffic: Traffic) -> None:
    routing = await traffic.route(weight=50, cookie_max_age=3600)
    await poll(lambda: _binds(traffic, routing), 120, "answers bind to a revision of this release")
    cookies = {(await traffic.ask()).headers["Set-Cookie"].split(";")[0] for _ in range(40)}
    assert len(cookies) == 2
    await traffic.route(weight=0, cookie_max_age=3600)
    for cookie in cookies:
        await traffic.until({V1}, Cookie=cookie)


async def test_a_match_with_affinity_binds_to_the_candidate(traffic: Traffic) -> None:
    await traffic.route(matches=MATCHES, cookie_max_age=60)
    await traffic.until({V2}, 20, **{"x-canary": "1"})
    cookie = (await traffic.ask(**{"x-canary": "1"})).headers["Set-Cookie"].split(";")[0]
    assert await traffic.versions(20, Cookie=cookie) == Counter({V2: 20})
    assert "Set-Cookie" not in (await traffic.ask()).headers


async def test_a_mirror_copies_what_is_safe_and_changes_no_answer(traffic: Traffic) -> None:
    await traffic.route(mirror=100)
    before = await traffic.counted(CANDIDATE)

    async def copied() -> bool:
        await traffic.ask()
        return (await traffic.counted(CANDIDATE))["GET"] > before["GET"]

    await poll(copied, 120, "the first copy")
    before = await traffic.counted(CANDIDATE)
    assert await traffic.versions(100) == Counter({V1: 100})
    posts = [await traffic.ask("POST", "/echo") for _ in range(20)]
    assert {answer.headers["X-Version"] for answer in posts} == {V1}

    async def all_copied() -> bool:
        return (await traffic.counted(CANDIDATE))["GET"] - before["GET"] >= 100

    await poll(all_copied, 120, "a copy of each GET")
    assert (await traffic.counted(CANDIDATE))["POST"] == before["POST"]


async def test_every_path_is_divided_and_rewritten(traffic: Traffic) -> None:
    paths = [{"prefix": "/a", "rewrite": "/version"}, {"prefix": "/version"}]
    traffic = replace(traffic, expose={"paths": paths})
    await traffic.route(weight=50, matches=MATCHES, cookie_max_age=60)
    for url in ("/a", "/version"):

        async def answers(url: str = url) -> bool:
            try:
                found = [await traffic.ask("GET", url) for _ in range(20)]
            except AssertionError:  # it does not know the path yet
                return False
            return {answer.headers["X-Version"] for answer in found} == {V1, V2}

        await poll(answers, 120, f"both revisions answer at {url}")
        assert {(await traffic.ask("GET", url, **{"x-canary": "1"})).headers["X-Version"] for _ in range(10)} == {V2}


async def test_calls_of_grpc_are_divided(traffic: Traffic, figures: Figures) -> None:
    traffic = replace(traffic, protocol="GRPC")
    await traffic.route(weight=0)
    options = ("-protocol", "grpc")
    load = Load(
        space=traffic.space,
        name="grpc",
        url=gateway_url(),
        host=traffic.host,
        image=Images.v1,
        rate=100,
        seconds=LONGEST,
        options=options,
    )
    await load.begin_once_reached()
    await traffic.route(weight=50, cookie_max_age=60)
    await traffic.route(weight=30)
    summary = await load.stopped(after=await load.sent() + 800)
    figures.add("calls of gRPC while weights change", *counted(summary))
    none_lost(summary)
    assert set(summary["versions"]) == {V1, V2}
    # Contour 1.33 keeps the answers to routes by name, whatever their kind.
    await traffic.space.kube.delete("GRPCRoute", traffic.space.name, "orders")


async def test_percent_mirroring_is_refused_where_the_gateway_ignores_it(traffic: Traffic, kube: Kube) -> None:
    """Contour takes a percentage and copies everything, so what is rendered for others must not be sent to it."""
    routing = replace(await traffic.route(), mirror=20)
    gateway = await kube.call("GET", "/apis/gateway.networking.k8s.io/v1/namespaces/infra/gateways/public")
    name = gateway["spec"]["gatewayClassName"]
    known = await kube.call("GET", f"/apis/gateway.networking.k8s.io/v1/gatewayclasses/{name}")
    problem = PROVIDER.problem(routing, registry.KINDS, known)
    assert "HTTPRouteRequestPercentageMirror" in problem
    assert "mirror 100%" in problem
    assert PROVIDER.problem(replace(routing, mirror=100), registry.KINDS, known) == ""
    (manifest,) = PROVIDER.manifests(routing)
    (filter_,) = manifest["spec"]["rules"][0]["filters"]
    assert filter_["requestMirror"]["percent"] == 20
