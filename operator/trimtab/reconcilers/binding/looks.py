"""What AWS said of each binding's resources, and when: an event of the cluster alone costs no call to AWS."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from trimtab.domain.binding.resource import Live

SETTLING = 60.0
"""Seconds for which a look need not show yet what AWS has answered as done."""

LONGEST_REST = 600.0


@dataclass(slots=True)
class Memory:
    """Of one binding. All of it may be lost: then AWS is looked at again.

    `basis` is what the looks were made for, `at` when; they hold no secret. `settled`: nothing was awaited then. `rest`
    is until when nothing is asked, since AWS said so. `writes`: key and token of what was answered, and when. Times are
    seconds of the wall clock: a jump costs a look more.
    """

    basis: str = ""
    at: float = 0.0
    rest: float = 0.0
    looks: Mapping[str, Live | None] = field(default_factory=dict)
    settled: bool = False
    writes: dict[tuple[str, str], float] = field(default_factory=dict)
    failures: int = 0

    def remember(self, basis: str, looks: Mapping[str, Live | None], now: float, *, settled: bool) -> None:
        """A run is over."""
        self.basis, self.at, self.settled = basis, now, settled
        self.looks = {key: replace(live, outputs={}) if live is not None else None for key, live in looks.items()}

    def wrote(self, key: str, token: str, now: float) -> None:
        """A write was answered."""
        self.writes[key, token] = now

    def recent(self, now: float) -> frozenset[tuple[str, str]]:
        """Writes that a look need not show yet."""
        self.writes = {write: at for write, at in self.writes.items() if 0 <= now - at < SETTLING}
        return frozenset(self.writes)

    def is_fresh(self, basis: str, now: float, lasting: float) -> bool:
        """Whether the looks are still worth what they were."""
        return self.settled and self.basis == basis and 0 <= now - self.at < lasting

    def is_due(self, basis: str, now: float, lasting: float) -> bool:
        """Whether nothing but the time asks for another look."""
        return self.settled and self.basis == basis and now - self.at >= lasting

    def resting(self, basis: str, now: float) -> float:
        """Seconds for which AWS is to be left alone; a new spec ends that."""
        return min(self.rest - now, LONGEST_REST) if self.basis == basis and now < self.rest else 0.0
