"""Releases of a service behind the Gateway: real pods, a real Envoy, and users who must not notice."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from tests.e2e.installation import Images, gateway_reference, gateway_url, through_gateway
from tests.e2e.load import ALLOW, LONGEST, Load, counted, few_late, lost, none_failed, none_lost, told
from tests.e2e.releases import Releases, canary_release, holding_to_the_rules, restarts
from tests.e2e.space import UNDER_LOAD, Space, conditions, is_pod_ready, is_ready, microservice, new_space, uids
from tests.e2e.test_operator import leader, recovered
from tests.support.figures import Figures
from tests.support.kube import Kube, Object, poll
from tests.support.kubectl import kubectl
from tests.support.markers import secret as marked
from tests.support.mirror import Mirror

NEVER_READY: Mapping[str, Any] = {"health": {"readiness": {"path": "/nowhere", "periodSeconds": 1}}}
CRASHING: Mapping[str, Any] = {"args": ["no-such-command"]}
SLOW_STEPS = {"canary": {"steps": [{"weight": "25%", "bake": "30s"}, {"weight": "50%", "bake": "30s"}]}}


async def shop_front(space: Space, image: str, **spec: Any) -> None:
    """The service `web`, reached through the Gateway and from the load's pod."""
    await space.apply("web", image, **{**_front(space), **spec})


def _front(space: Space) -> dict[str, Any]:
    expose = {"gateway": gateway_reference(), "hosts": [host(space)]}
    health = {"readiness": {"path": "/readyz", "periodSeconds": 2, "timeoutSeconds": 2}}
    return {"replicas": 2, "network": ALLOW, "expose": expose, "health": health, **UNDER_LOAD}


def host(space: Space) -> str:
    return f"{space.name}.example"


def load(space: Space, image: str, seconds: int, rate: int = 100, name: str = "users") -> Load:
    """Users of `web` who come through the Gateway."""
    return Load(space=space, name=name, url=gateway_url(), host=host(space), image=image, seconds=seconds, rate=rate)


async def same(space: Space, images: Images) -> Releases:
    """`web` at version 1 under a policy of short steps, promoted and at rest."""
    releases = Releases(space)
    await shop_front(space, images.v1)
    await releases.apply("web")
    await releases.until("web", lambda s: s.get("phase") in ("Idle", "Promoted", "Aborted"), "at rest")
    await releases.settled("web")
    await poll(lambda: through_gateway(host(space)), 120, "the Gateway answers")
    return releases


@pytest_asyncio.fixture
async def space(kube: Kube, images: Images) -> AsyncIterator[Space]:
    async with new_space(kube, "release") as space:
        yield space


@pytest.mark.alone
async def test_a_good_release_loses_no_request_and_starts_each_pod_once(
    space: Space, images: Images, figures: Figures
) -> None:
    releases = await same(space, images)
    before = await releases.revision("web")
    async with holding_to_the_rules(space):
        outside = await load(space, images.v1, seconds=LONGEST, rate=110).begin()
        inside = await Load(
            space=space, name="inside", url="http://web:8080/", image=images.v1, seconds=LONGEST, rate=90
        ).begin()
        await shop_front(space, images.v2)
        await releases.begun("web")
        candidate = await releases.revision("web")
        await releases.until("web", lambda s: s.get("step") == 2, "the second step")
        judged = uids(await releases.pods_of("web", candidate))
        status = await releases.ended("web", "Promoted")
        summaries = [await each.stopped(after=5_200) for each in (outside, inside)]
    assert sum(summary["sent"] for summary in summaries) >= 10_000
    for summary, where in zip(summaries, ("through the gateway", "from a pod"), strict=True):
        figures.add(f"canary release: requests {where}", *counted(summary))
        none_failed(summary)
    assert set(summaries[0]["versions"]) == {images.version(images.v1), images.version(images.v2)}
    pods = await releases.serving("web", candidate, 2)
    assert judged <= uids(pods), "the judged pods are those that serve now"
    assert restarts(pods) == 0
    assert status["stable"] in (candidate, images.version(images.v2))
    # The Microservice's reconciler hears of the end from the CanaryRelease's status, and says so a moment later.
    service = await space.until(
        "web", lambda o: conditions(o).get("Released", {}).get("status") == "True", "the service says so, too"
    )
    assert service["status"]["stableRevision"] == candidate
    await releases.alone("web", candidate)
    assert candidate != before


async def test_a_candidate_that_never_gets_ready_goes_back_and_users_notice_nothing(
    space: Space, images: Images
) -> None:
    releases = await same(space, images)
    await releases.apply("web", analysis={"readyWithin": "8s"})
    stable = await releases.revision("web")
    before = uids(await space.pods("web"))
    async with holding_to_the_rules(space):
        users = await load(space, images.v1, seconds=25).begin()
        await shop_front(space, images.v2, **NEVER_READY)
        status = await releases.ended("web", "Aborted")
        summary = await users.result()
    none_lost(summary)
    assert set(summary["versions"]) == {images.version(images.v1)}
    assert status["history"][0]["message"]
    service = await space.until(
        "web",
        lambda o: conditions(o).get("Released", {}).get("reason") == "RevisionRejected" and is_ready(o),
        "the revision is rejected, and stable serves",
    )
    assert service["status"]["stableRevision"] == stable

    async def as_before() -> bool:
        return uids(await space.pods("web")) == before

    await poll(as_before, 120, "no pod of stable was touched, and the candidate's are gone")
    await space.kubectl("annotate", "msvc", "web", "trimtab.dev/reconcile=again")
    assert (await releases.get("web"))["status"]["phase"] == "Aborted", "it stays rejected"


async def test_a_crash_looping_candidate_goes_back_and_can_be_retried(space: Space, images: Images) -> None:
    releases = await same(space, images)
    async with holding_to_the_rules(space):
        users = await load(space, images.v1, seconds=25).begin()
        await shop_front(space, images.v2, **CRASHING)
        first = await releases.ended("web", "Aborted")
        summary = await users.result()
        none_lost(summary)
        old = first["history"][0]["releaseID"]
        assert (await releases.say("web", "retry", old))["result"] == "Accepted"
        again = await releases.until(
            "web", lambda s: s.get("history") and s["history"][0]["releaseID"] != old, "the retry was judged", 400
        )
    assert again["history"][0]["outcome"] == "Aborted"
    assert len(again["history"]) >= 2


async def test_a_new_revision_mid_release_first_returns_and_a_revert_ends_it(space: Space, images: Images) -> None:
    releases = await same(space, images)
    await releases.apply("web", strategy=SLOW_STEPS)
    stable = await releases.revision("web")
    async with holding_to_the_rules(space):
        users = await load(space, images.v1, seconds=45).begin()
        await shop_front(space, images.v2)
        first = (await releases.until("web", lambda s: s.get("weight") == "25%" and s.get("step") == 1, "step 1"))[
            "releaseID"
        ]
        await shop_front(space, images.v2, env={"COLOUR": "green"})
        status = await releases.until(
            "web", lambda s: s["releaseID"] != first and s.get("step") == 1, "a release of the new revision"
        )
        assert status["history"][0]["outcome"] == "Superseded"
        await shop_front(space, images.v1)
        status = await releases.until("web", lambda s: s["history"][0]["outcome"] == "Reverted", "it ended")
        summary = await users.result()
    none_lost(summary)
    service = await space.until(
        "web", lambda o: conditions(o).get("Released", {}).get("status") == "True", "released as it was"
    )
    assert service["status"]["revision"] == service["status"]["stableRevision"] == stable
    assert not [r for r in service["status"].get("rejectedRevisions", ()) if not r.get("lifted")]


async def test_people_pause_resume_approve_and_abort(space: Space, images: Images) -> None:
    releases = await same(space, images)
    steps = [{"weight": "25%", "bake": "2s", "approval": "Required"}, {"weight": "50%", "bake": "300s"}]
    await releases.apply("web", strategy={"canary": {"steps": steps}})
    async with holding_to_the_rules(space):
        await shop_front(space, images.v2)
        waiting = await releases.phase("web", "AwaitingApproval")
        assert waiting["releaseID"]
        assert (await releases.say("web", "pause"))["result"] == "Accepted"
        await releases.phase("web", "Paused")
        assert (await releases.say("web", "promote", "aaaaaaaaaa"))["result"] == "Refused", "a stale release id"
        assert (await releases.say("web", "resume"))["result"] == "Accepted"
        await releases.approve("web")
        await releases.until("web", lambda s: s.get("step") == 2 and s.get("phase") == "Progressing", "step 2")
        refused = await releases.say("web", "promote")
        assert refused["result"] == "Refused"
        assert "NothingToPromote" in refused["message"] or "nothing" in refused["message"].lower()
        assert (await releases.say("web", "abort"))["result"] == "Accepted"
        await releases.ended("web", "Aborted")
        await releases.leads_to("web", (await space.get("web"))["status"]["stableRevision"])


async def test_promote_full_goes_to_everything_at_once(space: Space, images: Images) -> None:
    releases = await same(space, images)
    await releases.apply("web", strategy=SLOW_STEPS)
    async with holding_to_the_rules(space):
        await shop_front(space, images.v2)
        await releases.until("web", lambda s: s.get("step") == 1 and s.get("weight") == "25%", "step 1")
        assert (await releases.say("web", "promote-full"))["result"] == "Accepted"
        await releases.ended("web", "Promoted")
    await space.answers("web", "/version", version=images.version(images.v2))


@pytest.mark.alone
async def test_a_killed_operator_leaves_the_release_to_the_other(space: Space, kube: Kube, images: Images) -> None:
    releases = await same(space, images)
    steps = [{"weight": "25%", "bake": "5s"}, {"weight": "50%", "bake": "5s"}]
    await releases.apply("web", strategy={"canary": {"steps": steps}})
    async with holding_to_the_rules(space) as mirror:
        users = await load(space, images.v1, seconds=45).begin()
        await shop_front(space, images.v2)
        await releases.until("web", lambda s: s.get("step") == 1 and s.get("weight") == "25%", "step 1")
        killed = await leader(kube)
        await kubectl("-n", "trimtab-system", "delete", "pod", killed, "--grace-period=0", "--force")
        candidate = await releases.revision("web")
        await releases.ended("web", "Promoted")
        summary = await users.result()
        made = {s.key[2] for s in mirror.history if s.kind == "Pod" and s.type == "ADDED"}
    none_failed(summary)
    assert len([name for name in made if name.startswith(f"web-{candidate}")]) == 2, "no pod was started twice"
    await recovered(kube, killed)


async def test_the_old_revision_comes_back_inside_the_watch(space: Space, images: Images) -> None:
    releases = await same(space, images)
    await releases.apply("web", watch="10m")
    stable = await releases.revision("web")
    before = uids(await space.pods("web"))
    async with holding_to_the_rules(space) as mirror:
        users = await load(space, images.v1, seconds=45).begin()
        await shop_front(space, images.v2)
        await releases.phase("web", "Watching")
        candidate = await releases.revision("web")
        weights = await releases.split("web")
        assert weights[f"web-{candidate}"] == 100
        (victim, *_) = await releases.pods_of("web", candidate)
        # What people mean by "it broke after all": the application ends by itself.
        begun = time.monotonic()
        await releases.crash(victim)
        await releases.ended("web", "Aborted")
        missing = _back(mirror, victim) - begun
        summary = await users.result()
    half = 50 * (1 + missing)
    assert lost(summary).total() <= half, f"while kubelet starts one of two pods again: {told(summary)}"
    few_late(summary)
    await releases.leads_to("web", stable)
    assert before <= uids(await space.pods("web")), "the old pods had been kept"


def _back(mirror: Mirror, pod: Object) -> float:
    """When a pod was first seen ready after it was started anew, or taken away; now, if it is neither yet."""
    name, seen = pod["metadata"]["name"], [each for each in mirror.history if each.kind == "Pod"]
    for each in (each for each in seen if each.key[2] == name):
        if each.type == "DELETED" or "deletionTimestamp" in each.obj["metadata"]:
            return each.at
        if restarts([each.obj]) and is_pod_ready(each.obj):
            return each.at
    return time.monotonic()


async def test_a_change_of_configuration_alone_is_released(space: Space, images: Images) -> None:
    releases = await same(space, images)
    async with holding_to_the_rules(space):
        await shop_front(space, images.v1, config={"data": {"feature": "on"}, "mountPath": "/etc/web"})
        await releases.ended("web", "Promoted")
    answer = await poll(lambda: through_gateway(host(space)), 60, "the Gateway answers")
    assert answer["service"] == "web"


async def test_a_gitops_tool_that_applies_every_second_sees_no_difference(space: Space, images: Images) -> None:
    releases = await same(space, images)
    in_git = [microservice(space.name, "web", images.v2, **_front(space)), canary_release(space.name, "web")]
    async with holding_to_the_rules(space):
        users = await load(space, images.v1, seconds=35).begin()
        applied = [await space.kube.apply(manifest, manager="gitops") for manifest in in_git]
        over = asyncio.Event()
        healing = asyncio.create_task(_self_heal(space, in_git, over))
        try:
            await releases.ended("web", "Promoted")
        finally:
            over.set()
            await healing
        summary = await users.result()
    none_lost(summary)
    for before in applied:
        now = await space.kube.get(before["kind"], space.name, "web")
        assert now
        assert now["metadata"]["generation"] == before["metadata"]["generation"], "nothing of the spec ever changed"
        assert now["metadata"].get("annotations") == before["metadata"].get("annotations")
        assert now["spec"] == before["spec"]


async def _self_heal(space: Space, manifests: list[Object], over: asyncio.Event) -> None:
    while not over.is_set():
        await asyncio.gather(*(space.kube.apply(manifest, manager="gitops") for manifest in manifests))
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), 1)


async def test_a_rotated_secret_restarts_pods_of_both_revisions_and_the_release_goes_on(
    space: Space, images: Images
) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": space.name, "name": "login"}}
    await space.kube.create({**secret, "stringData": {"password": marked("first")}})
    reference = {"valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}}
    releases = Releases(space)
    await shop_front(space, images.v1, env={"LOGIN": reference})
    steps = [{"weight": "50%", "bake": "2s", "approval": "Required"}]
    await releases.apply("web", strategy={"canary": {"steps": steps}})
    await releases.settled("web")
    stable = await releases.revision("web")
    async with holding_to_the_rules(space, grace=3):
        users = await load(space, images.v1, seconds=LONGEST).begin()
        await shop_front(space, images.v2, env={"LOGIN": reference})
        begun = await releases.until("web", lambda s: s.get("step") == 1 and s.get("effectiveWeight") == "50%", "half")
        candidate = await releases.revision("web")
        before = {rev: uids(await releases.pods_of("web", rev)) for rev in (stable, candidate)}
        await space.kube.patch("Secret", space.name, "login", {"stringData": {"password": marked("second")}})
        await space.kubectl("annotate", "msvc", "web", "trimtab.dev/reconcile=rotated")

        async def replaced() -> bool:
            now = {rev: uids(await releases.pods_of("web", rev)) for rev in (stable, candidate)}
            return all(now[rev] and not now[rev] & before[rev] for rev in (stable, candidate))

        await poll(replaced, 240, "the pods of both revisions are new", every=0.3)
        await releases.approve("web")
        status = await releases.ended("web", "Promoted")
        summary = await users.stopped()
    none_lost(summary)
    assert status["history"][0]["releaseID"] == begun["releaseID"], "the same release, from its begin to its end"
    assert len(status["history"]) == 1
