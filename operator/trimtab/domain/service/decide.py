"""From an observation of a Microservice to the plan that makes the world as declared."""

from datetime import datetime

from trimtab.domain.plan import Plan
from trimtab.domain.service.observation import Observation


def decide(observation: Observation, now: datetime) -> Plan:
    """What has to be written, in order; no intent and no waves if the world is as declared."""
    return Plan(intent=None, waves=())
