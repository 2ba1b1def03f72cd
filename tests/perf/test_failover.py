"""How long nobody reconciles after the leader was killed."""

import time
from pathlib import Path

from tests.perf.burst import make_namespace, remove_namespace
from tests.perf.workloads import microservice
from tests.support.figures import Figures
from tests.support.kube import Kube, poll
from tests.support.operator import Operator, running


async def test_kill_the_leader(kube: Kube, figures: Figures, tmp_path: Path) -> None:
    namespace = await make_namespace(kube, "perf-failover")
    async with running(tmp_path / "leader") as leader, running(tmp_path / "standby") as standby:
        await kube.apply(microservice(namespace, "before"))
        await poll(lambda: kube.get("Deployment", namespace, "before"), 60, "the leader's first Deployment")
        victim = await poll(lambda: _leader(leader, standby), 60, "one of the two says that it leads")
        other = standby if victim is leader else leader
        seconds = await _without(victim, kube, namespace)
        await poll(lambda: other.metric(LEADER), 60, "the other one says that it leads")
    await remove_namespace(kube, namespace)
    figures.add("kill -9 of the leader to the second replica's first child", f"{seconds:.1f} s", "", "< 20 s")
    assert seconds < 40


LEADER = "leader_election_master_status"


async def _leader(*operators: Operator) -> Operator | None:
    """The only one that says that it leads."""
    leading = [each for each in operators if await each.metric(LEADER)]
    return leading[0] if len(leading) == 1 else None


async def _without(victim: Operator, kube: Kube, namespace: str) -> float:
    victim.process.kill()
    begin = time.monotonic()
    await kube.apply(microservice(namespace, "after"))
    await poll(lambda: kube.get("Deployment", namespace, "after"), 60, "a Deployment by the second replica")
    return time.monotonic() - begin
