"""What a CanaryRelease tells each of its Microservices to do, and what the Microservice answers.

Both are published in status and nowhere else: the CanaryRelease's reconciler writes the order into its own status, the
Microservice's reconciler carries it out and echoes its sequence number. Neither knows anything of the other's memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Address = Literal["Stable", "Both", "Candidate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A revision that is not to serve until the spec makes another one, or `retry` is asked for."""

    revision: str
    reason: str
    message: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Where a release wants one service to be.

    The order names an aim; whoever carries it out takes the safe way there: pods before weight when going up, weight
    before pods when going down, both revisions behind the address before one of them leaves it.

    `sequence` rises with every change and never falls while the CanaryRelease lives. `release` is the release id,
    empty while none is under way. `stable` and `candidate` are revisions; without a candidate everything goes to
    stable, and pods of any other revision are taken away once nothing leads to them. `weight`: percent of new requests
    for the candidate. `matched`: what matches the A/B rules goes to the candidate. `mirror`: percent of requests copied
    to it. `capacity`: for how many percent of the service's traffic the candidate is to have ready pods.
    `address`: which revisions stand behind the service's own name once the order is in place.
    """

    sequence: int
    release: str
    provider: str
    stable: str
    candidate: str = ""
    weight: int = 0
    matched: bool = False
    mirror: int = 0
    capacity: int = 0
    address: Address = "Stable"

    def to_status(self) -> dict[str, Any]:
        """As an entry of status.targets[].order; what is empty is left out."""
        fields = {
            "sequence": self.sequence,
            "release": self.release,
            "provider": self.provider,
            "stable": self.stable,
            "candidate": self.candidate,
            "weight": self.weight,
            "matched": self.matched,
            "mirror": self.mirror,
            "capacity": self.capacity,
            "address": self.address,
        }
        return {name: value for name, value in fields.items() if value not in ("", 0, False)}

    @staticmethod
    def from_status(fields: Mapping[str, Any]) -> "Order":
        """The order that `to_status` wrote; unknown fields of a newer operator are ignored."""
        return Order(
            sequence=fields["sequence"],
            release=fields.get("release", ""),
            provider=fields["provider"],
            stable=fields.get("stable", ""),
            candidate=fields.get("candidate", ""),
            weight=fields.get("weight", 0),
            matched=fields.get("matched", False),
            mirror=fields.get("mirror", 0),
            capacity=fields.get("capacity", 0),
            address=fields.get("address", "Stable"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """How far a Microservice is with an order; status.release of the Microservice.

    `in_place`: the order with this `sequence` is carried out in full, and whoever routes has confirmed it. `message`
    says what is still missing. `weight` is the candidate's share in percent that is in effect now. `wanted` is the
    service's own number of pods (N), `candidate_wanted` and `candidate_ready` those of the candidate. `failure` is a
    reason (such as MigrationFailed or NotSupported) for which the order can never be carried out; `message` explains.
    """

    sequence: int
    release: str
    in_place: bool
    weight: float = 0.0
    wanted: int = 0
    stable_ready: int = 0
    candidate_wanted: int = 0
    candidate_ready: int = 0
    failure: str = ""
    message: str = ""

    def to_status(self) -> dict[str, Any]:
        """As status.release of the Microservice; what is empty is left out."""
        fields = {
            "sequence": self.sequence,
            "id": self.release,
            "inPlace": self.in_place,
            "weight": f"{self.weight:g}%" if self.weight else "",
            "wanted": self.wanted,
            "stableReady": self.stable_ready,
            "candidateWanted": self.candidate_wanted,
            "candidateReady": self.candidate_ready,
            "failure": self.failure,
            "message": self.message,
        }
        return {name: value for name, value in fields.items() if value not in ("", 0, False)}

    @staticmethod
    def from_status(fields: Mapping[str, Any]) -> "Echo":
        """The echo that `to_status` wrote."""
        return Echo(
            sequence=fields.get("sequence", 0),
            release=fields.get("id", ""),
            in_place=fields.get("inPlace", False),
            weight=float(fields.get("weight", "0%").removesuffix("%")),
            wanted=fields.get("wanted", 0),
            stable_ready=fields.get("stableReady", 0),
            candidate_wanted=fields.get("candidateWanted", 0),
            candidate_ready=fields.get("candidateReady", 0),
            failure=fields.get("failure", ""),
            message=fields.get("message", ""),
        )
