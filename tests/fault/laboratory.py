"""Where fault plans run, several at a time, and what an undisturbed run teaches."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fault.rig import Signature
from tests.fault.scenario import PATIENCE
from tests.fault.world import Run, World, world
from tests.support.kube import Kube
from tests.support.mirror import Mirror
from tests.support.operator import RUN

AT_ONCE = 4


@dataclass(slots=True)
class Laboratory:
    """Makes worlds. `slots` bounds how many operators work side by side."""

    kube: Kube
    mirror: Mirror
    folder: Path
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def world(
        self, *, command: Sequence[str] = RUN, env: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[World]:
        """A fresh namespace with an operator of its own."""
        return world(self.kube, self.mirror, self.folder, command=command, env=env)

    async def undisturbed(self) -> Run:
        """The scenario without any fault."""
        async with self.slots, self.world() as this:
            await this.pass_through()
            return await this.result()


@dataclass(frozen=True, slots=True)
class Learned:
    """An undisturbed run, where two such runs differ by chance, and the writes that both have."""

    run: Run
    chance: frozenset[str]
    writes: Sequence[Signature]

    async def unlike(self, this: World) -> dict[str, object]:
        """Where this world ends otherwise, apart from chance. Slow controllers of Kubernetes are given time."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            wrong = (await this.result()).unlike(self.run, besides=self.chance)
            if not wrong or asyncio.get_running_loop().time() > deadline:
                return wrong
            print(f"still otherwise in {this.namespace}: {wrong}")
