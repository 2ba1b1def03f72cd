"""A wait fails for what is not so, and not for a machine that stood still while it was looked at."""

import asyncio

import pytest
from tests.support.kube import poll


class Standstill:
    """Nothing is there at the first look, in which more time passes than there is; from then on it is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks = 0
        self._now = 0.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self._now, raising=False)

    async def look(self) -> bool:
        self.looks += 1
        if self.looks == 1:
            self._now += 60.0
            return False
        return True


async def test_the_last_look_begins_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    still = Standstill(monkeypatch)
    assert await poll(still.look, 1.0, "it is there", every=0.0)
    assert still.looks == 2


async def test_what_never_comes_is_told() -> None:
    async def never() -> bool:
        return False

    with pytest.raises(AssertionError, match="it is there"):
        await poll(never, 0.01, "it is there", every=0.0)
