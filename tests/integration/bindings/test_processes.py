"""Real processes of the operator, ended by kill -9 around their writes; and what they tell of a secret: nothing."""

import base64
import json
import signal
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from tests.fault import faults as kube_faults
from tests.fault.rig import Rig, Signature, rigged
from tests.integration.bindings.life import Ground, Write
from tests.integration.bindings.sample import SAMPLES
from tests.integration.bindings.stage import CLUSTER, NAME, Stage, staged
from tests.integration.bindings.table import Table
from tests.support import aws_wire
from tests.support.aws import Aws, Proxy
from tests.support.aws_faults import Point, kill_at
from tests.support.kube import Kube, namespace, poll
from tests.support.markers import MARK, secret
from tests.support.operator import Operator, running

WRITES: list[Write] = [
    aws_wire.Signature("sqs", "CreateQueue", 2),
    Signature("PATCH", "servicebindings", NAME, "status", 1),
]
ATTEMPTS = 3
"""Of boto3, before the operator hears of an error."""


class Site:
    """A stage, and what it takes to start a process on it."""

    def __init__(self, stage: Stage, rig: Rig, kubeconfig: Path, folder: Path) -> None:
        self.stage = stage
        self.rig = rig
        self.log = folder / "operator.log"
        self._kubeconfig = kubeconfig

    @asynccontextmanager
    async def operator(self, **settings: str) -> AsyncIterator[tuple[Operator, Proxy]]:
        """A process, with a proxy of its own before AWS."""
        with self.stage.aws.proxy() as proxy:
            env = {
                **proxy.env,
                "KUBECONFIG": str(self._kubeconfig),
                "TRIMTAB_CLUSTER_ID": CLUSTER,
                "TRIMTAB_LEADER_ELECTION": "false",
                **settings,
            }
            async with running(self.log, env=env) as operator:
                yield operator, proxy

    async def bound(self) -> None:
        """Waits until the binding is Ready."""

        async def ready() -> bool:
            return (await self.stage.condition("Ready")).get("status") == "True"

        try:
            await poll(ready, 120, "the binding is Ready")
        except AssertionError:
            raise AssertionError(f"{await self.stage.told()}\n{self.log.read_text()[-3000:]}") from None


@pytest_asyncio.fixture
async def make(kube: Kube, aws: Aws, firm: Ground, tmp_path: Path) -> AsyncIterator[Callable[[str], object]]:
    """Makes the site of a service."""

    @asynccontextmanager
    async def site(member: str) -> AsyncIterator[Site]:
        async with (
            namespace(kube, f"test-{uuid.uuid4().hex[:8]}") as space,
            rigged(tmp_path, "process", secret("token")) as (rig, kubeconfig),
            staged(kube, aws, space, SAMPLES[member], firm) as stage,
        ):
            yield Site(stage, rig, kubeconfig, tmp_path)

    yield site


def arm(site: Site, operator: Operator, proxy: Proxy, write: Write, point: Point) -> None:
    """Has the process killed around a write."""

    def kill() -> None:
        operator.send(signal.SIGKILL)

    if isinstance(write, Signature):
        where = kube_faults.Point[point.name]
        site.rig.faults.append(kube_faults.kill_at(write, where, kill, lambda: None))
    else:
        proxy.faults.append(kill_at(proxy, write, point, kill))


@pytest.mark.parametrize("point", Point)
@pytest.mark.parametrize("write", WRITES, ids=str)
async def test_a_killed_process_leaves_nothing_half_done(
    make: object, table: Table, write: Write, point: Point
) -> None:
    async with make("sqs") as site:  # type: ignore[operator]
        async with site.operator() as (operator, proxy):
            arm(site, operator, proxy, write, point)
            await site.stage.ask()
            assert await operator.exit_code(120) == -signal.SIGKILL
        site.rig.faults.clear()
        async with site.operator():
            await site.bound()
        assert await site.stage.differing() == {}
        assert sum(site.stage.space in each for each in site.stage.sample.inventory(site.stage.aws)) == 2
        found = await site.stage.binding()
        for live in (await site.stage.lives()).values():
            if live.tags is not None:
                assert live.tags["trimtab.dev/uid"] == found["metadata"]["uid"]
        table.note("sqs", "kill -9 of a process", "pass")


async def test_no_value_is_told_to_anybody(make: object, table: Table) -> None:
    """The most talkative operator there is, and an AWS that repeats what it was sent. See tests.support.markers."""
    values: list[str] = []

    def repeat(call: aws_wire.Call, proceed: Callable[[], aws_wire.Answer]) -> aws_wire.Answer | None:
        if call.operation != "CreateSecret":
            return None
        sent = call.parameter("SecretString")
        values.append(json.loads(sent)["password"])
        if len(values) > ATTEMPTS:
            return None
        return aws_wire.error(call, 500, "InternalServiceError", f"cannot store {sent}")

    async with make("secretsManager") as site:  # type: ignore[operator]
        async with site.operator(TRIMTAB_LOG_LEVEL="debug") as (_, proxy):
            proxy.faults.append(repeat)
            await site.stage.ask()
            await site.bound()
        projected: Mapping[str, str] = (await site.stage.secret() or {})["data"]
        assert base64.b64decode(projected["password"]).decode() == values[-1]
        assert len(values) > ATTEMPTS
        assert all(MARK in value for value in values), "they would be found if they were told anywhere"
        table.note("secretsManager", "no value in log, events, status, metrics", "pass")
