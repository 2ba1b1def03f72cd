"""The periodic look at a binding with which all was well, at the cost of the calls that only AWS's answer can save."""

from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.protocol.decide import decide, looked_at
from trimtab.domain.binding.protocol.decision import Decision
from trimtab.domain.binding.protocol.poll import is_calm, is_quiet, known
from trimtab.ports.clock import Clock
from trimtab.ports.cloud import Cloud
from trimtab.reconcilers.binding.carrying_out import CarryingOut
from trimtab.reconcilers.binding.looks import Memory
from trimtab.reconcilers.binding.readings import Readings


class Poll:
    """Asks each resource only for its settings, and takes its tags from one reading for all bindings.

    `fresh` is for how many seconds a look is good. A reading lasts half as long, so that it is always younger than the
    look before.
    """

    def __init__(self, cloud: Cloud, clock: Clock, carrying_out: CarryingOut, fresh: float) -> None:
        self._clock = clock
        self._carrying_out = carrying_out
        self._readings = Readings(cloud, clock, fresh / 2)

    async def look(self, observation: Observation, memory: Memory) -> tuple[Observation, Decision] | None:
        """What was seen, and that nothing follows from it; None if there is any doubt, or anything to be done."""
        grant = observation.permit
        if not isinstance(grant, Grant) or not is_calm(observation):
            return None
        tagged = await self._readings.of(grant)
        wanted = [resource for resource, _ in looked_at(observation)]
        spared = known(wanted, observation.owner, memory.looks, tagged or {})
        if not spared:
            return None
        observation = await self._carrying_out.look(observation, memory, spared)
        decision = decide(observation, self._clock.now())
        return (observation, decision) if is_quiet(observation, decision) else None
