"""One life of the operator in this process: its caches, sessions and clients, cut off from the world when it dies.

Between it and the world are two proxies, one before the API server and one before AWS, so that it can be killed around
any of its writes. What it knew is gone with it; the next life has only what Kubernetes and AWS keep.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any
from unittest import mock

import aiohttp
from tests.fault.rig import Answer, Cut, Proceed, Rig, Signature, rigged
from tests.fault.rig import Call as KubeCall
from tests.support import aws_wire
from tests.support.aws import Aws, Proxy
from tests.support.aws import Cut as AwsCut
from tests.support.aws import Proceed as AwsProceed
from tests.support.aws_faults import Point
from tests.support.markers import secret

from trimtab.adapters.aws import clients
from trimtab.adapters.aws.access import AwsAccess
from trimtab.adapters.aws.cloud import AwsCloud
from trimtab.adapters.aws.lanes import Lanes
from trimtab.adapters.aws.pace import Rates
from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.cluster import KubernetesCluster
from trimtab.adapters.kubernetes.connection import Connection
from trimtab.adapters.memory.clock import MemoryClock
from trimtab.adapters.memory.lease import MemoryLease
from trimtab.adapters.memory.recorder import MemoryRecorder
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.objects import Object, ref_of
from trimtab.domain.outcome import Outcome
from trimtab.reconcilers.binding.reconciler import BindingReconciler
from trimtab.reconcilers.identity.board import IdentityBoard
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.run import Run

_making = Lock()

Write = Signature | aws_wire.Signature


class Died(Exception):  # noqa: N818 - it is what happens, not an error of ours
    """The operator was killed while it ran."""


class Life:
    """See above. `aws` and `kube` are the proxies, whose lists of calls tell what it did."""

    def __init__(self, proxy: Proxy, rig: Rig, clock: MemoryClock) -> None:
        self.aws = proxy
        self.kube = rig
        self.clock = clock
        self.recorder = MemoryRecorder()
        self.cache = ObjectCache()
        self.dead = False
        self._doomed = False
        self._task: asyncio.Task[Outcome] | None = None
        self._loop = asyncio.get_running_loop()
        self._reconcile: dict[str, Callable[[Run], Any]] = {}
        proxy.faults.append(self._aws_after_death)
        rig.faults.append(self._kube_after_death)

    def begin(self, cluster: KubernetesCluster, cloud: AwsCloud, cluster_id: str) -> None:
        """Gives it the operator's parts."""
        identity = ClusterIdentity(id=cluster_id)
        board = IdentityBoard(lambda key: None)
        bindings = BindingReconciler(cluster, cloud, self.recorder, self.clock, lambda: identity, board=board)
        self._reconcile = {"ServiceBinding": bindings.reconcile}

    @property
    def writes(self) -> list[Write]:
        """All that it changed or tried to, in Kubernetes and in AWS."""
        return [*(each.signature for each in self.kube.writes if each.signature), *self.aws_writes]

    @property
    def aws_writes(self) -> list[Write]:
        """The same of AWS only."""
        return [each.signature for each in self.aws.writes]

    def forget(self) -> None:
        """Begins new lists of calls."""
        self.aws.forget()
        self.kube.calls.clear()
        self.kube.forget()

    def see(self, objects: Iterable[Object]) -> None:
        """What the watches would have brought: all objects that there are of the kinds that bindings depend on."""
        current = {ref_of(each): each for each in objects}
        for kind in ("ServiceBinding", "BindingPolicy", "Namespace", "Microservice", "Deployment", "Pod"):
            for known in list(self.cache.of_kind(kind)):
                if ref_of(known) not in current:
                    self.cache.remove(known)
        for each in current.values():
            self.cache.put(each)

    async def reconcile(self, namespace: str, name: str, kind: str = "ServiceBinding") -> Outcome:
        """One run. Raises Died if it was killed meanwhile, and whatever the reconciler raises."""
        if self.dead:
            raise Died
        self._task = asyncio.create_task(self._reconcile[kind](Run(Key(kind, namespace, name))))
        try:
            return await self._task
        except asyncio.CancelledError:
            if not self.dead:
                raise
            raise Died from None

    def kill(self) -> None:
        """Ends it at once, wherever it is. May be called from any thread."""
        self.dead = self.aws.dead = True
        if self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)

    def die_at(self, write: Write, point: Point) -> None:
        """Kills it around one of its writes."""
        if isinstance(write, Signature):
            self.kube.faults.append(partial(self._die_at_kube, write, point))
        else:
            self.aws.faults.append(partial(self._die_at_aws, write, point))

    def _die_at_aws(
        self, write: Write, point: Point, call: aws_wire.Call, proceed: AwsProceed
    ) -> aws_wire.Answer | None:
        if call.signature != write or self._doomed:
            return None
        answer = None if point is Point.BEFORE else proceed()
        if answer is None or point is Point.UNANSWERED:
            self.kill()
            raise AwsCut
        self._doomed = True
        return answer

    async def _die_at_kube(self, write: Write, point: Point, call: KubeCall, proceed: Proceed) -> Answer | None:
        if call.signature != write or self._doomed:
            return None
        answer = None if point is Point.BEFORE else await proceed()
        if answer is None or point is Point.UNANSWERED:
            self.kill()
            raise Cut
        self._doomed = True
        return answer

    def _aws_after_death(self, call: aws_wire.Call, proceed: AwsProceed) -> aws_wire.Answer | None:
        if self._doomed and not self.dead:
            self.kill()
        if self.dead:
            raise AwsCut
        return None

    async def _kube_after_death(self, call: KubeCall, proceed: Proceed) -> Answer | None:
        if self._doomed and not self.dead:
            self.kill()
        if self.dead:
            raise Cut
        return None


class Ground:
    """What outlasts an operator: the way to the API server, made once since credentials take long to read."""

    def __init__(self, rig: Rig, server: str, session: aiohttp.ClientSession) -> None:
        self.rig = rig
        self.server = server
        self.session = session

    def renew(self) -> None:
        """For the next life: nothing was called yet, and nothing fails."""
        self.rig.calls.clear()
        self.rig.faults.clear()
        self.rig.forget()


@asynccontextmanager
async def ground(folder: Path) -> AsyncIterator[Ground]:
    """The ground that operators live on."""
    async with rigged(folder, "lives", secret("token")) as (rig, kubeconfig):
        with mock.patch.dict(os.environ, {"KUBECONFIG": str(kubeconfig)}):
            connection = await Connection.load()
        async with connection.session(limit=8) as session:
            yield Ground(rig, connection.server, session)


@asynccontextmanager
async def living(
    aws: Aws, below: Ground, clock: MemoryClock, *, cluster_id: str, attempts: int = 1
) -> AsyncIterator[Life]:
    """A life. At its end, by whatever cause, nothing of it is left. Pauses between calls pass in no time.

    `attempts` are those of boto3 itself, which does pause; with one, the operator meets every fault.
    """
    lease = MemoryLease(lambda: 0.0)

    async def pause(seconds: float) -> None:
        clock.advance(seconds + 0.001)  # the clock knows no less than a microsecond

    lanes = Lanes(Rates(), now=lambda: clock.now().timestamp(), sleep=pause)
    below.renew()
    with aws.proxy() as proxy:
        life = Life(proxy, below.rig, clock)
        access = AwsAccess(lease, lanes=lanes, make=partial(_make, proxy, attempts))
        cluster = KubernetesCluster(ApiClient(below.session, below.server, lease), life.cache)
        life.begin(cluster, AwsCloud(access), cluster_id)
        try:
            yield life
        finally:
            life.kill()
            access.close()


def _make(proxy: Proxy, attempts: int, *args: Any, **options: Any) -> Any:
    """A client that calls through the proxy. Lives overlap, so that the environment is theirs for this moment only."""
    with _making, mock.patch.dict(os.environ, proxy.env):
        return clients.make(*args, **options | {"attempts": attempts})
