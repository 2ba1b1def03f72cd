"""What goes wrong with real pods becomes a reason that a person can act on, while the old pods go on serving."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from tests.e2e.installation import Images
from tests.e2e.space import Space, blockers, conditions, is_pod_ready, new_space, uids
from tests.support.kube import Kube, poll
from tests.support.kubectl import table

ABSENT = "127.0.0.1:9/absent:1"
MENDED = "mended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """What breaks a Microservice, the reason that it must show, and words that its message must have."""

    reason: str
    says: tuple[str, ...]
    spec: dict[str, Any] = field(default_factory=dict)
    image: str = Images.v2


CASES = {
    "bad-image": Broken(reason="ImagePullBackOff", says=(ABSENT,), image=ABSENT),
    "root-image": Broken(reason="RunAsRootRefused", says=("spec.securityContext.runAsUser",), image=Images.root),
    "too-big": Broken(
        reason="Unschedulable", says=("memory",), spec={"resources": {"requests": {"cpu": "10m", "memory": "4000Gi"}}}
    ),
    "crashing": Broken(reason="CrashLoopBackOff", says=("1",), spec={"args": ["no-such-command"]}),
    "unready": Broken(reason="NotReady", says=(), spec={"health": {"readiness": {"path": "/no", "periodSeconds": 1}}}),
    "secretless": Broken(
        reason="SecretNotFound", says=("absent",), spec={"envFrom": [{"secretRef": {"name": "absent"}}]}
    ),
}


@pytest_asyncio.fixture(scope="module")
async def space(kube: Kube, images: Images) -> AsyncIterator[Space]:
    """Each case is broken by a change of a service that was fine; all at once, since each takes its time to show."""
    async with new_space(kube, "failures") as space:
        for name in (*CASES, MENDED):
            await space.apply(name, images.v1)
        await space.ready(*CASES, MENDED, seconds=300)
        await space.apply(MENDED, ABSENT)
        for name, case in CASES.items():
            await space.apply(name, case.image, **case.spec)
        yield space


@pytest.mark.parametrize("name", CASES)
async def test_it_says_what_is_wrong_and_the_old_pods_serve(space: Space, images: Images, name: str) -> None:
    case = CASES[name]
    broken = await space.until(name, lambda o: case.reason in blockers(o), case.reason, seconds=240)
    blocker = blockers(broken)[case.reason]
    for words in case.says:
        assert words in blocker["message"]
    assert conditions(broken)["Ready"]["status"] == "False"
    assert (await space.ask(name, "/version"))["version"] == images.version(images.v1), "the old pods serve"
    rows = {row["NAME"]: row for row in table(await space.kubectl("get", "msvc"))}
    assert rows[name]["READY"] == "False"
    assert rows[name]["WAITING-FOR"]


async def test_what_was_broken_can_be_mended(space: Space, images: Images) -> None:
    await space.until(MENDED, lambda o: "ImagePullBackOff" in blockers(o), "it is broken", seconds=240)
    before = uids([pod for pod in await space.pods(MENDED) if is_pod_ready(pod)])
    await space.apply(MENDED, images.v1)
    mended = (await space.ready(MENDED))[0]
    assert not mended["status"].get("waitingFor")

    async def as_before() -> bool:
        return uids(await space.pods(MENDED)) == before

    await poll(as_before, 120, "the pods that serve were not restarted, and those that could not start are gone")


async def test_a_quota_that_is_used_up_is_named(kube: Kube, images: Images) -> None:
    async with new_space(kube, "quota") as space:
        quota = {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "spec": {"hard": {"pods": "1"}},
            "metadata": {"namespace": space.name, "name": "small"},
        }
        await kube.call("POST", f"/api/v1/namespaces/{space.name}/resourcequotas", quota)
        await space.apply("two", images.v1, replicas=2)
        short = await space.until("two", lambda o: "QuotaExceeded" in blockers(o), "QuotaExceeded")
        assert "small" in blockers(short)["QuotaExceeded"]["message"], "which quota it is"
        assert conditions(short)["Ready"]["status"] == "False"
        await kube.call("DELETE", f"/api/v1/namespaces/{space.name}/resourcequotas/small")
        # The ReplicaSet controller tries again in its own time, which grows with each failure.
        await space.ready("two", seconds=300)
