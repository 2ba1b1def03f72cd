"""What must not decide a release: no data, no traffic, an incident of everybody, a killed operator."""

import asyncio
import time
from typing import Any

import pytest
from tests.e2e.installation import Images
from tests.e2e.judging import DECIDED, ERRORS, SLOW, Shop, break_pod, held, kpi, shop, side_by_side
from tests.e2e.load import few_late, lost, none_lost, told
from tests.e2e.outage import prometheus_away
from tests.e2e.releases import holding_to_the_rules
from tests.e2e.space import Space
from tests.e2e.test_operator import leader, recovered
from tests.support.kube import Kube, Object, poll
from tests.support.kubectl import kubectl
from tests.support.mirror import Mirror

OUTAGE = 120
"""Seconds."""

LONG_STEPS = {"strategy": {"canary": {"steps": [{"weight": "20%", "bake": "40s"}, {"weight": "50%", "bake": "4s"}]}}}
FORGIVING = {"name": "errors", "requests": {"source": "Proxy", "successRate": "90%"}}
"""By which evidence that an incident leaves behind is outweighed soon."""


@pytest.mark.alone
async def test_an_outage_of_prometheus_decides_nothing(kube: Kube, images: Images) -> None:
    async with (
        shop(kube, images, "outage", ERRORS, policy=LONG_STEPS) as good,
        shop(kube, images, "outage-bad", ERRORS, policy=LONG_STEPS) as bad,
        holding_to_the_rules(good.space) as mirror,
    ):
        users = [await web.users() for web in (good, bad)]
        _, turning = await asyncio.gather(good.release(), bad.release())
        for web in (good, bad):
            await web.releases.until("web", lambda s: s.get("step") == 1 and s.get("effectiveWeight"), "step 1")
        await mirror.until(lambda: _at_step(mirror, good.space.name), 60, "the mirror has heard of it, too")
        before = len(mirror.history)
        async with prometheus_away():
            end = time.monotonic() + OUTAGE
            for pod in await bad.releases.pods_of("web", turning):
                await break_pod(bad.space, pod, {"errorRate": 0.3})
            for web in (good, bad):
                await web.releases.until("web", lambda s: held(s) == "ProviderError", "held by the outage", 110)
            await poll(lambda: _later(end), OUTAGE + 10, "the outage lasts", every=0.5)
            assert _seen(mirror, before) == {(1, "20%")}, "neither further nor back"
        await side_by_side(_ended(good, "Promoted"), _ended(bad, "Aborted"))
        summaries = [await each.stopped() for each in users]
    none_lost(summaries[0])


async def _later(moment: float) -> bool:
    return time.monotonic() > moment


async def _ended(web: Shop, outcome: str) -> None:
    await web.releases.ended("web", outcome, seconds=DECIDED)


def _at_step(mirror: Mirror, namespace: str) -> bool:
    (release,) = mirror.of("CanaryRelease", namespace)
    status = release.get("status", {})
    return status.get("step") == 1 and bool(status.get("effectiveWeight"))


def _seen(mirror: Mirror, since: int) -> set[tuple[Any, Any]]:
    """Every step and weight that the release was at, from this event on."""
    statuses = [s.obj.get("status", {}) for s in mirror.history[since:] if s.kind == "CanaryRelease"]
    return {(status.get("step"), status.get("weight")) for status in statuses}


async def test_what_nobody_uses_is_held_and_so_is_an_incident_of_both_revisions(kube: Kube, images: Images) -> None:
    await side_by_side(_nobody_comes(kube, images), _what_both_depend_on_fails(kube, images))


async def _nobody_comes(kube: Kube, images: Images) -> None:
    async with shop(kube, images, "nobody", ERRORS) as web, holding_to_the_rules(web.space):
        await web.release()
        status = await web.releases.until("web", lambda s: held(s) == "TooLittleTraffic", "held", 300)
        found = kpi(status, "errors")
        assert found["verdict"] == "Insufficient", found
        assert not found.get("eta"), "nobody can know when there will be a verdict"
        assert status["position"] == "1/2", "a release is not promoted by silence"
        # With requests it goes on.
        users = await web.users()
        await web.releases.ended("web", "Promoted", seconds=DECIDED)
        none_lost(await users.stopped())


async def _what_both_depend_on_fails(kube: Kube, images: Images) -> None:
    env = {"UPSTREAM_URL": "http://stock:8080/"}
    stock = {"network": {"allowFrom": [{"microservice": "web"}]}}
    async with (
        shop(kube, images, "incident", FORGIVING, beside={"stock": stock}, env=env, replicas=1) as web,
        holding_to_the_rules(web.space),
    ):
        users = await web.users(rate=80)
        await _break(web.space, "stock", {"errorRate": 0.4})
        await web.release()
        await web.releases.until("web", lambda s: held(s) == "EnvironmentUnhealthy", "held by the incident", 300)
        await _break(web.space, "stock", {})
        await web.releases.ended("web", "Promoted", seconds=DECIDED)
        summary = await users.stopped()
    failures = lost(summary)
    assert failures["http 502"] > 0.9 * failures.total(), f"users saw more than the incident: {told(summary)}"
    few_late(summary)


async def _break(space: Space, service: str, faults: Object) -> None:
    for pod in await space.pods(service):
        await break_pod(space, pod, faults)


@pytest.mark.alone
async def test_an_operator_killed_mid_analysis_comes_to_the_same_verdicts(kube: Kube, images: Images) -> None:
    async with (
        shop(kube, images, "kill-good", ERRORS, SLOW) as good,
        shop(kube, images, "kill-bad", ERRORS, SLOW) as bad,
        holding_to_the_rules(good.space),
        holding_to_the_rules(bad.space),
    ):
        users = [await web.users() for web in (good, bad)]
        revisions = await asyncio.gather(good.release(), bad.release({"errorRate": 0.06}))
        counted = [
            await web.releases.until("web", lambda s: kpi(s, "errors").get("candidate"), "requests are counted")
            for web in (good, bad)
        ]
        before = [kpi(status, "errors")["candidate"] for status in counted]
        killed = await leader(kube)
        await kubectl("-n", "trimtab-system", "delete", "pod", killed, "--grace-period=0", "--force")
        await side_by_side(_ended(good, "Promoted"), _ended(bad, "Aborted"))
        summaries = [await each.stopped() for each in users]
        await recovered(kube, killed)
        await good.releases.serving("web", revisions[0], 2)
    none_lost(summaries[0])
    assert all(each["requests"] > 0 for each in before), before
