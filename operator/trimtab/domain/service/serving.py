"""The Deployments of a service as its status tells of them: the one that Ready is about, and the pods of all."""

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.domain import names
from trimtab.domain.objects import Object
from trimtab.domain.service.arms import Arm
from trimtab.domain.service.arrangement import Arrangement
from trimtab.domain.service.meta import Identity
from trimtab.domain.service.observation import Observation


def bearer(owner: Identity, observation: Observation, arrangement: Arrangement | None) -> str:
    """Name of the Deployment that serves; of stable and rolling updates, between the two, the one with more pods."""
    if arrangement is None:
        stable = (observation.resource.get("status") or {}).get("stableRevision", "")
        known = (owner.name, names.revision_arm(owner.name, stable))
        return next((name for name in known if deployment(owner, observation, name) is not None), owner.name)
    arms: tuple[Arm, ...] = (arrangement.stable, arrangement.fleet.rolling)
    return max((arm for arm in arms if arm.exists), key=lambda arm: len(arm.ready), default=arms[0]).name


def counted(observation: Observation, field: str) -> int:
    """A count of the status of all Deployments together."""
    return sum((each.get("status") or {}).get(field, 0) for each in _deployments(observation))


def _deployments(observation: Observation) -> Iterator[Mapping[str, Any]]:
    return (child for ref, child in observation.children.items() if ref.kind == "Deployment")


def deployment(owner: Identity, observation: Observation, name: str) -> Object | None:
    """A Deployment of the service, if it exists."""
    return observation.children.get(owner.ref("apps/v1", "Deployment", name))
