"""Changes of configuration and Secrets restart pods exactly once, or not at all."""

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.e2e.installation import Images
from tests.e2e.load import ALLOW, Load, counted, none_lost
from tests.e2e.made import has_made, made
from tests.e2e.space import UNDER_LOAD, Space, new_space, uids
from tests.support.figures import Figures
from tests.support.kube import Kube, Object
from tests.support.markers import secret as marked
from tests.support.mirror import mirroring

MOUNT = "/etc/demo"


@pytest_asyncio.fixture(scope="module")
async def space(kube: Kube) -> AsyncIterator[Space]:
    async with new_space(kube, "config") as space:
        yield space


async def configure(space: Space, name: str, image: str, on_change: str, feature: str) -> Object:
    config = {"data": {"FEATURE": feature}, "mountPath": MOUNT, "onChange": on_change}
    return await space.apply(name, image, replicas=2, config=config, env={"CONFIG_DIR": MOUNT})


async def reconciled(space: Space, name: str) -> None:
    """Asks for a reconcile and waits for the proof that it is over: a replica asked for after it is there."""
    await space.kubectl("annotate", "msvc", name, "--overwrite", "trimtab.dev/reconcile=again")
    await space.kubectl("scale", "msvc", name, "--replicas=3")
    await space.until(name, lambda o: o["status"].get("ready") == "3/3", "three replicas")


async def test_a_changed_config_rolls_the_pods_once(space: Space, images: Images) -> None:
    await configure(space, "flags", images.v1, "Rollout", "off")
    await space.ready("flags")
    await space.answers("flags", config={"FEATURE": "off"})
    async with mirroring(["Pod", "ReplicaSet"], space.name) as mirror:
        await configure(space, "flags", images.v1, "Rollout", "on")
        await space.ready("flags")
        await space.answers("flags", config={"FEATURE": "on"})
        await has_made(mirror, "flags", space.name, {"Pod": 2, "ReplicaSet": 1})
        await reconciled(space, "flags")
        await has_made(mirror, "flags", space.name, {"Pod": 3, "ReplicaSet": 1}, "the third pod is the scaled one")


async def test_a_changed_config_that_is_to_be_ignored_rolls_nothing(space: Space, images: Images) -> None:
    await configure(space, "dials", images.v1, "Ignore", "off")
    revision = (await space.ready("dials"))[0]["status"]["revision"]
    before = uids(await space.pods("dials"))
    async with mirroring(["ConfigMap", "Pod", "ReplicaSet"], space.name) as mirror:
        await configure(space, "dials", images.v1, "Ignore", "on")
        await mirror.until(
            lambda: any(c.get("data", {}).get("FEATURE") == "on" for c in mirror.of("ConfigMap", space.name)),
            120,
            "the ConfigMap has the new content",
        )
        await reconciled(space, "dials")
        await has_made(mirror, "dials", space.name, {"Pod": 1}, "the one pod is the scaled one")
    assert uids(await space.pods("dials")) > before
    assert (await space.get("dials"))["status"]["revision"] == revision


def secret(space: Space, value: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "stringData": {"name": value},
        "metadata": {"namespace": space.name, "name": "vault-name"},
    }


async def test_a_rotated_secret_restarts_pods_once_without_a_revision_or_a_lost_request(
    space: Space, images: Images, figures: Figures
) -> None:
    old, new = marked("old"), marked("new")
    await space.kube.apply(secret(space, old))
    env = {"SERVICE": {"valueFrom": {"secretKeyRef": {"name": "vault-name", "key": "name"}}}, "SHUTDOWN_DRAIN": "3s"}
    await space.apply("vault", images.v1, replicas=2, env=env, network=ALLOW, **UNDER_LOAD)
    before = (await space.ready("vault"))[0]["status"]
    await space.answers("vault", service=old)
    async with mirroring(["Pod", "ReplicaSet", "ControllerRevision"], space.name) as mirror:
        load = await Load(space=space, name="rotation", url="http://vault:8080/", image=images.v1, seconds=25).begin()
        await space.kube.apply(secret(space, new))
        await space.kubectl("annotate", "msvc", "vault", "trimtab.dev/reconcile=rotated")
        await mirror.until(lambda: made(mirror, "vault", space.name)["Pod"] == 2, 240, "two new pods")
        await space.kubectl("rollout", "status", "deployment/vault", "--timeout=240s", seconds=250)
        after = (await space.ready("vault"))[0]["status"]
        summary = await load.result()
        figures.add("rotation of a Secret: requests from a pod", *counted(summary))
        none_lost(summary)
        await has_made(mirror, "vault", space.name, {"Pod": 2, "ReplicaSet": 1}, "once, and no ControllerRevision")
    await space.answers("vault", service=new)
    assert (after["revision"], after["stableRevision"]) == (before["revision"], before["stableRevision"])
    assert after["history"] == before["history"]
