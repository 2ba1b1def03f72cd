"""The operator itself: it may die or be replaced at any time, and no workload notices."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.e2e.installation import NAMESPACE, RELEASE, Images, install
from tests.e2e.made import has_made
from tests.e2e.space import Space, is_pod_ready, new_space, uids
from tests.support.kube import Kube, poll
from tests.support.kubectl import kubectl
from tests.support.mirror import mirroring

pytestmark = pytest.mark.alone
NAMES = ("left", "right")


@pytest_asyncio.fixture(scope="module")
async def space(kube: Kube, images: Images) -> AsyncIterator[Space]:
    async with new_space(kube, "operator") as space:
        yield space


async def leader(kube: Kube) -> str:
    """The name of the pod that holds the Lease."""
    lease = await kube.get("Lease", NAMESPACE, RELEASE)
    assert lease
    return str(lease["spec"]["holderIdentity"])


async def operator_whole(kube: Kube) -> None:
    """Waits until both replicas of the operator are ready: who has killed one leaves it to others as he found it."""

    async def whole() -> bool:
        pods = (await kube.list("Pod", NAMESPACE, "app.kubernetes.io/component=operator"))["items"]
        return len([pod for pod in pods if is_pod_ready(pod)]) == 2

    await poll(whole, 240, "both replicas of the operator are back", every=0.5)


async def recovered(kube: Kube, killed: str) -> None:
    """Waits until another replica leads than the one that was killed, and both are there again."""

    async def succeeded() -> bool:
        return await leader(kube) not in ("", "None", killed)

    await poll(succeeded, 120, f"another replica leads than {killed}", every=0.5)
    await operator_whole(kube)


async def deploy(space: Space, image: str) -> None:
    for name in NAMES:
        await space.apply(name, image, replicas=2)


async def test_a_killed_leader_leaves_the_rollout_to_the_other(space: Space, kube: Kube, images: Images) -> None:
    await deploy(space, images.v1)
    await space.ready(*NAMES)
    async with mirroring(["Pod"], space.name, "app.kubernetes.io/component=service") as mirror:
        killed = await leader(kube)
        await deploy(space, images.v2)
        await mirror.until(lambda: any(s.type == "ADDED" for s in mirror.history), 120, "the rollout has begun")
        await kubectl("-n", NAMESPACE, "delete", "pod", killed, "--grace-period=0", "--force")
        await space.ready(*NAMES)
        for name in NAMES:
            await has_made(mirror, name, space.name, {"Pod": 2}, "one pod for each replica, none twice")
    for name in NAMES:
        await space.answers(name, "/version", version=images.version(images.v2))
    await recovered(kube, killed)


async def test_an_upgrade_of_the_operator_restarts_no_workload(space: Space, kube: Kube, images: Images) -> None:
    await deploy(space, images.v2)
    await space.ready(*NAMES)
    before = [await space.pods(name) for name in NAMES]
    generations = [(await space.owned("Deployment", name))[0]["metadata"]["generation"] for name in NAMES]
    old = {pod["metadata"]["name"] for pod in (await kube.list("Pod", NAMESPACE))["items"]}

    await install(images.operator_again)

    async def taken_over() -> bool:
        return await leader(kube) not in old

    await poll(taken_over, 240, "a pod of the new version leads", every=0.5)
    await space.apply("later", images.v1)
    await space.ready("later")
    for name, pods, generation in zip(NAMES, before, generations, strict=True):
        assert uids(await space.pods(name)) == uids(pods)
        assert (await space.owned("Deployment", name))[0]["metadata"]["generation"] == generation
