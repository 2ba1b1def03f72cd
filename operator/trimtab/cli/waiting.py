"""Waiting for something to show on a watch."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import TypeVar

import click

from trimtab.adapters.kubernetes.following import Change
from trimtab.api.scalars import parse_duration
from trimtab.domain.objects import Object

T = TypeVar("T")
ANSWER = 30.0
"""Seconds within which the operator must have taken notice of a request."""

SILENT = f"the operator has not taken notice within {ANSWER:.0f} s: does it run?"


async def first(changes: AsyncIterator[Change], look: Callable[[Change], T | None], seconds: float) -> T | None:
    """The first answer of `look` that is not None; None if there is none within `seconds`. Raises ClusterError."""
    try:
        async with asyncio.timeout(seconds), aclosing(changes):  # type: ignore[type-var]
            async for change in changes:
                if (found := look(change)) is not None:
                    return found
    except TimeoutError:
        pass
    return None


def answer(verb: Object | None, value: str) -> Object | None:
    """A verb of a status, if it answers the request `value`."""
    return verb if verb and verb.get("value") == value else None


class Duration(click.ParamType[float]):
    """A length of time in the notation of the API, as seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """See click.ParamType."""
        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value)).total_seconds()
        except ValueError:
            self.fail(f"{value!r} is no duration: write it as 10m", param, ctx)
