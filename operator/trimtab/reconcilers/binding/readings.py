"""What carries this cluster's tags in AWS, read once for all bindings of an account and region."""

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.domain.binding import ownership
from trimtab.domain.binding.grant import Grant
from trimtab.ports.clock import Clock
from trimtab.ports.cloud import Cloud, CloudError

Tagged = Mapping[str, Mapping[str, str]]
"""ARN -> all its tags."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """`at`: when it began, in seconds of the wall clock. `found` is None if it failed."""

    at: float
    found: Tagged | None


class Readings:
    """A reading is good for `lasting` seconds, and made anew after half of that, even if it failed.

    Who comes while one is under way does not wait for it. The role of whoever comes first makes it: what is tagged in
    an account does not depend on who asks.
    """

    def __init__(self, cloud: Cloud, clock: Clock, lasting: float) -> None:
        self._cloud = cloud
        self._clock = clock
        self._lasting = lasting
        self._last: dict[tuple[str, str], _Reading] = {}
        self._under_way: set[tuple[str, str]] = set()

    async def of(self, grant: Grant) -> Tagged | None:
        """All resources with the tag of the grant's cluster, in its account and region; None if that is not known."""
        place = grant.account, grant.region
        if not self._is_younger(place, self._lasting / 2) and place not in self._under_way:
            self._under_way.add(place)
            try:
                self._last[place] = await self._read(grant)
            finally:
                self._under_way.discard(place)
        return self._last[place].found if self._is_younger(place, self._lasting) else None

    async def _read(self, grant: Grant) -> _Reading:
        began = self._seconds()
        try:
            return _Reading(began, await self._cloud.tagged(grant, {ownership.CLUSTER: grant.cluster}))
        except CloudError:
            return _Reading(began, None)

    def _is_younger(self, place: tuple[str, str], age: float) -> bool:
        last = self._last.get(place)
        return last is not None and 0 <= self._seconds() - last.at < age

    def _seconds(self) -> float:
        return self._clock.now().timestamp()
