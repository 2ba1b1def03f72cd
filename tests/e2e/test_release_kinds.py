"""The other ways of releasing, with real requests: blue/green, A/B, mirror, by share of pods, several at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

import aiohttp
import pytest_asyncio
from tests.e2e.installation import Images, gateway_url, through_gateway
from tests.e2e.load import ALLOW, LONGEST, Load, none_lost
from tests.e2e.releases import Releases, canary_release, holding_to_the_rules
from tests.e2e.space import UNDER_LOAD, Space, conditions, new_space
from tests.e2e.test_release_gateway import NEVER_READY, host, load, shop_front
from tests.support.kube import Kube, KubeError, Object, poll
from tests.support.kubectl import CommandError
from tests.support.mirror import Mirror

JUDGED_LONG = "300s"


@pytest_asyncio.fixture
async def space(kube: Kube, images: Images) -> AsyncIterator[Space]:
    async with new_space(kube, "kinds") as space:
        yield space


async def under(space: Space, images: Images, **spec: Any) -> Releases:
    """`web` at version 1 at rest under a policy with this spec."""
    releases = Releases(space)
    await shop_front(space, images.v1)
    await releases.apply("web", **spec)
    await releases.settled("web")
    await poll(lambda: through_gateway(host(space)), 120, "the Gateway answers")
    return releases


async def versions(
    space: Space, times: int, headers: Mapping[str, str] | None = None, cookies: Mapping[str, str] | None = None
) -> Counter[str]:
    """Which versions, or refusals, answer `times` requests through the Gateway, each on a connection of its own."""
    seen: Counter[str] = Counter()
    for _ in range(times):
        named = {"Host": host(space), **(headers or {})}
        async with (
            aiohttp.ClientSession(cookies=dict(cookies or {})) as session,
            session.get(gateway_url(), headers=named) as response,
        ):
            seen[(await response.json())["version"] if response.status == 200 else f"http {response.status}"] += 1
    return seen


async def answers(
    space: Space, version: str, headers: Mapping[str, str] | None = None, cookies: Mapping[str, str] | None = None
) -> None:
    """Waits until all of some requests are answered by that version.

    The Gateway's proxy lags behind its route, and each of its threads, which have their own connections, by itself.
    """

    async def all_of_them() -> bool:
        return (await versions(space, 20, headers, cookies)).keys() == {version}

    await poll(all_of_them, 120, f"{version} answers", every=0.5)


async def test_blue_green_previews_then_moves_everything_and_can_go_back(space: Space, images: Images) -> None:
    blue_green = {"blueGreen": {"bake": "3s", "approval": "Required"}}
    releases = await under(space, images, strategy=blue_green)
    stable = await releases.revision("web")
    async with holding_to_the_rules(space):
        users = await load(space, images.v1, seconds=30).begin()
        await shop_front(space, images.v2)
        await releases.phase("web", "AwaitingApproval")
        candidate = await releases.revision("web")
        await releases.serving("web", candidate, 2)
        assert (await versions(space, 20)).keys() == {images.version(images.v1)}, "nobody sees them"
        # But they answer at the address of the revision.
        await space.answers(f"web-{candidate}", "/version", version=images.version(images.v2))
        await releases.approve("web")
        await releases.ended("web", "Promoted")
        await answers(space, images.version(images.v2))
        summary = await users.result()
    none_lost(summary)
    assert stable != candidate


async def test_a_b_by_header_and_cookie(space: Space, images: Images) -> None:
    match = [{"header": {"name": "x-canary", "exact": "1"}}, {"cookie": {"name": "canary", "exact": "always"}}]
    releases = await under(space, images, strategy={"abTest": {"match": match, "bake": JUDGED_LONG}})
    async with holding_to_the_rules(space):
        await shop_front(space, images.v2)
        await releases.until("web", lambda s: s.get("step") == 1 and s.get("phase") == "Progressing", "the test runs")
        new, old = images.version(images.v2), images.version(images.v1)
        await answers(space, new, {"x-canary": "1"})
        assert (await versions(space, 20)).keys() == {old}
        assert (await versions(space, 20, {"x-canary": "0"})).keys() == {old}
        await answers(space, new, cookies={"other": "1", "canary": "always"})
        await releases.say("web", "abort")
        await releases.ended("web", "Aborted")
        await answers(space, old, {"x-canary": "1"})


async def test_who_has_seen_one_revision_stays_with_it(space: Space, images: Images) -> None:
    releases = await under(
        space,
        images,
        strategy={"canary": {"steps": [{"weight": "50%", "bake": JUDGED_LONG}]}},
        traffic={"affinity": {"cookie": {"maxAge": "1h"}}},
    )
    await shop_front(space, images.v2)
    await releases.until("web", lambda s: s.get("effectiveWeight") or s.get("weight") == "50%", "half of the traffic")

    async def both() -> bool:
        return len(await versions(space, 20)) == 2

    await poll(both, 120, "new sessions reach both revisions", every=0.5)
    await poll(lambda: _all_bind(space), 120, "each new session is told where to stay", every=0.5)
    for _ in range(6):
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            seen = set()
            for _ in range(10):
                async with session.get(gateway_url(), headers={"Host": host(space)}) as response:
                    seen.add((await response.json())["version"])
        assert len(seen) == 1, "one session, one revision"
    await releases.until("web", lambda s: "session" in str(s).lower(), "it is said that the ramp lags", 120)


async def _all_bind(space: Space) -> bool:
    """Whether all of some answers bind to a revision: a thread of the Gateway's proxy may not know the route yet."""
    for _ in range(20):
        async with (
            aiohttp.ClientSession() as session,
            session.get(gateway_url(), headers={"Host": host(space)}) as response,
        ):
            if "Set-Cookie" not in response.headers:
                return False
    return True


async def test_mirrored_requests_are_copied_and_nobody_sees_the_answers(space: Space, images: Images) -> None:
    then = {"canary": {"steps": [{"weight": "50%", "bake": "2s"}]}}
    releases = await under(space, images, strategy={"mirror": {"percent": "100%", "bake": "40s", "then": then}})
    async with holding_to_the_rules(space):
        users = await load(space, images.v1, seconds=LONGEST).begin()
        await shop_front(space, images.v2)
        await releases.until("web", lambda s: s.get("step") == 1 and s.get("phase") == "Progressing", "the mirror")
        candidate = await releases.revision("web")
        assert (await versions(space, 20)).keys() == {images.version(images.v1)}

        async def copied() -> bool:
            with suppress(CommandError):  # before its pods are ready
                text = await space.kubectl("get", "--raw", _metrics_of(space, f"web-{candidate}"))
                return _requests(text) > 50
            return False

        await poll(copied, 60, "copies reach the candidate", every=0.5)
        await releases.ended("web", "Promoted")
        summary = await users.stopped()
    none_lost(summary)


def _requests(metrics: str) -> float:
    name = "http_server_request_duration_seconds_count{"
    return sum(float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines() if line.startswith(name))


def _metrics_of(space: Space, service: str) -> str:
    return f"/api/v1/namespaces/{space.name}/services/{service}:8080/proxy/metrics"


async def test_what_the_gateway_cannot_do_is_refused_with_the_remedy(space: Space, images: Images) -> None:
    then = {"canary": {"steps": [{"weight": "50%", "bake": "2s"}]}}
    releases = await under(space, images, strategy={"mirror": {"percent": "20%", "bake": "2s", "then": then}})
    await shop_front(space, images.v2)
    status = await releases.ended("web", "Aborted")
    assert status["history"][0]["reason"] == "NotSupported"
    assert "mirror" in status["history"][0]["message"].lower()


async def test_a_callee_inside_the_cluster_is_released_by_share_of_pods(space: Space, images: Images) -> None:
    network = {"allowFrom": [{"microservice": "orders"}]}
    health = {"readiness": {"path": "/readyz", "periodSeconds": 2, "timeoutSeconds": 2}}
    usual: dict[str, Any] = {"replicas": 2, "health": health, **UNDER_LOAD}
    releases = Releases(space)
    await space.apply("stock", images.v1, network=network, **usual)
    await space.apply("orders", images.v1, env={"UPSTREAM_URL": "http://stock:8080/"}, network=ALLOW, **usual)
    await releases.apply("stock", strategy={"canary": {"steps": [{"weight": "34%", "bake": "5s"}]}})
    await releases.settled("stock")
    await space.ready("orders")
    async with holding_to_the_rules(space) as mirror:
        users = await Load(
            space=space, name="users", url="http://orders:8080/", image=images.v1, seconds=40, rate=100
        ).begin()
        await space.apply("stock", images.v2, network=network, **usual)
        third = "a third of the pods, not 34 %"
        status = await mirror.until(lambda: _at_weight(mirror, "33.3"), 300, third)
        assert status["step"] == 1
        assert status["targets"][0]["order"]["provider"] == "Replicas"
        await releases.ended("stock", "Promoted")
        summary = await users.result()
    none_lost(summary)

    async def through_both() -> bool:
        with suppress(KubeError):
            return bool((await space.ask("orders"))["upstream"]["version"] == images.version(images.v2))
        return False

    await poll(through_both, 120, "orders calls the new version of stock")


def _at_weight(mirror: Mirror, share: str) -> Object | None:
    """The first status of a release with this share in effect, however short it was."""
    statuses = (s.obj.get("status", {}) for s in mirror.history if s.kind == "CanaryRelease")
    return next((status for status in statuses if status.get("effectiveWeight", "").startswith(share)), None)


async def test_replicas_that_change_mid_step_keep_the_shares(space: Space, images: Images) -> None:
    steps = [{"weight": "50%", "bake": "2s", "approval": "Required"}]
    releases = await under(space, images, strategy={"canary": {"steps": steps}})
    async with holding_to_the_rules(space):
        users = await load(space, images.v1, seconds=LONGEST).begin()
        await shop_front(space, images.v2)
        await releases.until("web", lambda s: s.get("step") == 1 and s.get("effectiveWeight") == "50%", "the step")
        candidate = await releases.revision("web")
        await space.kubectl("scale", "msvc", "web", "--replicas=4")

        async def grown() -> bool:
            return len(await releases.pods_of("web", candidate)) == 2

        await poll(grown, 240, "the candidate grows with the service", every=0.3)
        await releases.approve("web")
        await releases.ended("web", "Promoted")
        summary = await users.stopped()
    none_lost(summary)
    await releases.serving("web", candidate, 4)


async def test_two_services_come_back_together_when_one_fails(space: Space, images: Images) -> None:
    releases = Releases(space)
    await shop_front(space, images.v1)
    await space.apply("stock", images.v1, replicas=1)
    policy = canary_release(
        space.name, "both", targets=[{"name": "stock"}, {"name": "web"}], analysis={"readyWithin": "12s"}
    )
    await space.kube.apply(policy)
    await releases.settled("both", "web", "stock")
    before = {name: (await space.get(name))["status"]["stableRevision"] for name in ("web", "stock")}
    async with holding_to_the_rules(space):
        await asyncio.gather(shop_front(space, images.v2, **NEVER_READY), space.apply("stock", images.v2, replicas=1))
        status = await releases.until(
            "both", lambda s: s.get("history") and s["history"][0]["outcome"] == "Aborted", "both came back", 400
        )
    assert len(status["history"][0]["versions"]) == 2
    for name, revision in before.items():
        service = await space.until(
            name, lambda o: conditions(o).get("Released", {}).get("reason") == "RevisionRejected", "rejected"
        )
        assert service["status"]["stableRevision"] == revision


async def test_the_policy_comes_and_goes_under_load(space: Space, images: Images) -> None:
    await shop_front(space, images.v1)
    await space.ready("web")
    await poll(lambda: through_gateway(host(space)), 120, "the Gateway answers")
    releases = Releases(space)
    async with holding_to_the_rules(space):
        outside = await load(space, images.v1, seconds=45).begin()
        inside = await Load(
            space=space, name="inside", url="http://web:8080/", image=images.v1, seconds=45, rate=80
        ).begin()
        await releases.apply("web")
        await releases.settled("web")
        stable = (await space.get("web"))["status"]["stableRevision"]

        async def beside() -> bool:
            return {d["metadata"]["name"] for d in await space.owned("Deployment", "web")} == {f"web-{stable}"}

        await poll(beside, 120, "the Deployment of the revision alone", every=0.3)
        await space.kube.delete("CanaryRelease", space.name, "web")

        async def back() -> bool:
            return {d["metadata"]["name"] for d in await space.owned("Deployment", "web")} == {"web"}

        await poll(back, 240, "one Deployment with a rolling update again", every=0.3)
        await space.ready("web")
        for each in (outside, inside):
            summary = await each.result()
            none_lost(summary)
