"""Where a service is to be while its revisions stand side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.domain.service.arms import Arm, Fleet
from trimtab.domain.traffic.capacity import pods_among, pods_for
from trimtab.domain.traffic.order import Order
from trimtab.domain.traffic.provider import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """An order with all that is needed to carry it out.

    `wanted` is the service's own number of pods. `provider` divides requests; `served`: there are ports, and so an
    address. `startable` are revisions whose first pod may start. `leaving` is the revision that the one Deployment of
    rolling updates is to run, because no CanaryRelease asks for revisions side by side any more; empty while one does.
    `matches`, `cookie_max_age` (seconds) and `mirror_unsafe` are what the CanaryRelease says about requests.
    """

    order: Order
    wanted: int
    provider: Provider
    served: bool
    startable: frozenset[str]
    leaving: str = ""
    matches: tuple[Mapping[str, Any], ...] = ()
    cookie_max_age: int = 0
    mirror_unsafe: bool = False

    @property
    def routed(self) -> bool:
        """Whether a router chooses between the Services of the revisions."""
        return self.served and self.provider.routed

    def pods(self, share: int) -> int:
        """Pods of the candidate for a share in percent."""
        return (pods_for if self.routed else pods_among)(share, self.wanted)

    @property
    def candidate_pods(self) -> int:
        """Pods that the order asks for. Those of a worker take work by being there: without weight it has none."""
        return self.pods(max(self.order.capacity, self.order.weight) if self.served else self.order.weight)

    def stable(self, fleet: Fleet) -> Arm:
        """The arm of the stable revision."""
        return fleet.of(self.order.stable)

    def candidate(self, fleet: Fleet) -> Arm | None:
        """The arm of the candidate, if there is one."""
        return fleet.of(self.order.candidate) if self.order.candidate else None

    def takes_over(self, fleet: Fleet) -> bool:
        """Whether the arm of rolling updates is to take over: there is nothing left but stable."""
        return bool(self.leaving) and not self.strangers(fleet)

    def strangers(self, fleet: Fleet) -> tuple[Arm, ...]:
        """Arms of revisions that the order does not name, and that still have pods."""
        named = (self.order.stable, self.order.candidate)
        return tuple(arm for name, arm in sorted(fleet.arms.items()) if name not in named and arm.present)
