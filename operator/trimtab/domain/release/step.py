"""The one way in: from an observation of a CanaryRelease to what is to be written, told and asked."""

from datetime import datetime

from trimtab.domain.release.machine import turn
from trimtab.domain.release.observation import Observation
from trimtab.domain.release.report import Step, report

__all__ = ["Step", "step"]


def step(observation: Observation, now: datetime) -> Step:
    """One step of the state machine. Its state is the observed status; an unchanged world gives the same status."""
    return report(observation, turn(observation, now), now)
