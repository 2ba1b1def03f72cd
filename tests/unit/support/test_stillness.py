"""When a world of the fault tests counts as at rest."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.fault import world
from tests.support.mirror import Mirror


class Clock:
    """Looks, the first of which a machine stands still in, and what the operator writes in the second."""

    def __init__(self, calls: list[Any]) -> None:
        self.now, self.looks, self._calls = 0.0, 0, calls

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.looks += 1
        self.now += 5 if self.looks == 1 else seconds
        if self.looks == 2:
            self._calls.append(SimpleNamespace(is_write=True, at=self.now))


async def test_a_machine_that_stood_still_is_not_taken_for_one_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    clock = Clock(calls)
    loop = SimpleNamespace(get_running_loop=lambda: clock, sleep=clock.sleep)
    monkeypatch.setattr(world, "asyncio", loop)
    rig = SimpleNamespace(calls=calls, writes=calls)
    this = world.World("shop", cast("Any", None), Mirror(), cast("Any", rig), cast("Any", None), Path())
    await this.still(1)
    assert clock.looks >= 2 + 1 / world.LOOK
