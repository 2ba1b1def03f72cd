"""One namespace, one operator behind a rig, and something that starts the operator again whenever it ends."""

import asyncio
import itertools
import secrets
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.fault.rig import Call, Rig, rigged
from tests.fault.scenario import PATIENCE, STAGES
from tests.fault.snapshot import Snapshot, differences, history, snapshot
from tests.support.kube import Kube, namespace, poll
from tests.support.markers import secret
from tests.support.mirror import Mirror
from tests.support.operator import RUN, Operator

QUIET = 1.5
"""Seconds without a write, of the operator or of a controller of Kubernetes, after which a run is taken to be over."""

LOOK = 0.1
"""Seconds between looks for writes. Silence is counted in looks: a machine that stands still is silent, too."""


class Keeper:
    """Starts the operator, and again whenever it ends, as a kubelet does. `exits` are the exit codes so far."""

    def __init__(self, log: Path, env: Mapping[str, str], command: Sequence[str] = RUN) -> None:
        self.log, self.env, self.command = log, env, command
        self.exits: list[int] = []
        self.operator = Operator(log, command=command, env=env)
        self._task = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            self.exits.append(await asyncio.to_thread(self.operator.process.wait))
            self.operator = Operator(self.log, command=self.command, env=self.env)

    async def ready(self) -> None:
        """Waits until the operator, perhaps just started again, is ready and has looked at what is there."""
        await poll(self._has_looked, PATIENCE, "an operator that is ready")

    async def _has_looked(self) -> bool:
        ready = (await self.operator.get("/readyz"))[0] == 200
        return ready and await self.operator.metric("controller_runtime_reconcile_total") > 0

    def kill(self) -> None:
        """kill -9; it comes back."""
        self.operator.send(signal.SIGKILL)

    async def close(self) -> None:
        """Ends the operator for good."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self.operator.send(signal.SIGCONT)
        self.operator.send(signal.SIGKILL)
        await self.operator.exit_code(60)


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended: the masked end state, what was ADDED and DELETED, and what the operator wrote."""

    state: Snapshot
    history: Counter[tuple[str, str, str]]
    writes: Sequence[Call]
    exits: Sequence[int] = ()

    def unlike(self, other: "Run", *, besides: frozenset[str] = frozenset()) -> dict[str, object]:
        """Where this run ended otherwise than `other`, leaving out the paths `besides`."""
        state = {path: values for path, values in differences(other.state, self.state).items() if path not in besides}
        keys = self.history.keys() | other.history.keys()
        events = {f"{key}": (other.history[key], self.history[key]) for key in keys}
        counts = {key: pair for key, pair in events.items() if pair[0] != pair[1] and key not in besides}
        return {**state, **counts}


@dataclass(slots=True)
class World:
    """All that a plan acts on."""

    namespace: str
    kube: Kube
    mirror: Mirror
    rig: Rig
    keeper: Keeper
    folder: Path

    async def pass_through(self) -> None:
        """Lives through all stages of the scenario."""
        for stage in STAGES:
            await stage(self.kube, self.mirror, self.namespace)

    async def result(self) -> Run:
        """Waits until the operator and the controllers of Kubernetes are quiet and looks at what is there."""
        await self.quiet()
        state = await snapshot(self.kube, self.namespace)
        return Run(state, history(self.mirror, self.namespace), self.rig.writes, tuple(self.keeper.exits))

    async def quiet(self, seconds: float = QUIET) -> None:
        """Waits until the operator works and has written nothing for a while (L1: the end state is left alone)."""
        await self.keeper.ready()
        await self.still(seconds)

    async def still(self, seconds: float = QUIET) -> None:
        """Waits until nothing was written for a while, whether or not the operator could."""
        loop = asyncio.get_running_loop()
        deadline, looks = loop.time() + PATIENCE, 0
        while looks * LOOK < seconds:
            assert loop.time() < deadline, (
                f"the operator keeps writing: {[str(c.signature) for c in self.rig.writes[-9:]]}"
            )
            calls, events = len(self.rig.calls), len(self.mirror.history)
            await asyncio.sleep(LOOK)
            looks = 0 if self._written_after(calls, events) else looks + 1

    def _written_after(self, calls: int, events: int) -> bool:
        """Whether the operator tried to write here after so many calls, or anybody did after so many events."""
        return any(call.is_write for call in self.rig.calls[calls:]) or any(
            seen.key[1] == self.namespace for seen in self.mirror.history[events:]
        )


_SESSION = secrets.token_hex(3)  # namespaces of an earlier session may still be on their way out
_NUMBERS = itertools.count(1)


@asynccontextmanager
async def world(
    kube: Kube, mirror: Mirror, folder: Path, *, command: Sequence[str] = RUN, env: Mapping[str, str] | None = None
) -> AsyncIterator[World]:
    """A world of its own for one plan."""
    async with (
        namespace(kube, f"fault-{_SESSION}-{next(_NUMBERS)}") as name,
        rigged(folder, name, secret("token")) as (rig, kubeconfig),
    ):
        settings = {
            "KUBECONFIG": str(kubeconfig),
            "TRIMTAB_NAMESPACES": name,
            "TRIMTAB_LEASE_NAMESPACE": name,
            "TRIMTAB_IDENTITY": "first",  # kept across restarts, so that none of them has to wait for the lease
            **(env or {}),
        }
        keeper = Keeper(folder / f"{name}.log", settings, command)
        this = World(name, kube, mirror, rig, keeper, folder)
        try:
            await keeper.operator.ready(PATIENCE)
            yield this
            await keeper.operator.get("/metrics")
        finally:
            await keeper.close()
