"""Looks at AWS and writes to it, for one binding at a time: with an audit line for each write, and one Event."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from trimtab.api.reasons import Reason
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.observation import Observation, Trouble
from trimtab.domain.binding.protocol.decide import looked_at
from trimtab.domain.binding.protocol.decision import Action, Create, Decision, Delete, Modify, Tag
from trimtab.domain.binding.protocol.recall import recalled, searched
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.plan import Event
from trimtab.ports.clock import Clock
from trimtab.ports.cloud import Cloud, CloudError, CloudExistsError
from trimtab.ports.recorder import Recorder
from trimtab.reconcilers.binding import audit
from trimtab.reconcilers.binding.looks import Memory
from trimtab.reconcilers.binding.troubles import trouble
from trimtab.reconcilers.run import Run

_EVENTS: dict[str, Reason] = {
    "Create": Reason.RESOURCE_CREATED,
    "Adopt": Reason.ADOPTED,
    "Reattach": Reason.REATTACHED,
    "HandOver": Reason.HANDED_OVER,
    "Retain": Reason.RESOURCE_RETAINED,
    "Delete": Reason.RESOURCE_DELETED,
}


class CarryingOut:
    """The hands of the reconciler of bindings."""

    def __init__(self, cloud: Cloud, recorder: Recorder, clock: Clock, draw: Callable[[], float]) -> None:
        self._cloud = cloud
        self._recorder = recorder
        self._clock = clock
        self._draw = draw

    async def look(
        self, observation: Observation, memory: Memory, known: Mapping[str, Live] | None = None
    ) -> Observation:
        """All resources at once; what could not be looked at is a trouble, never taken for absent.

        `known` are those, by key, of which only the rest is asked.
        """
        spared = known or {}
        grant, wanted = observation.permit, looked_at(observation)
        if not isinstance(grant, Grant) or not wanted:
            return replace(observation, looks={}, troubles={})
        answers = await asyncio.gather(
            *(self._look(grant, each, arn, spared.get(each.key), memory) for each, arn in wanted)
        )
        found = dict(zip((each.key for each, _ in wanted), answers, strict=True))
        return replace(
            observation,
            looks={key: each for key, each in found.items() if not isinstance(each, Trouble)},
            troubles={key: each for key, each in found.items() if isinstance(each, Trouble)},
            recent=memory.recent(self._seconds()),
        )

    async def recall(self, observation: Observation, grant: Grant, memory: Memory) -> Observation | Trouble:
        """Searches AWS for what a lost status knew; a search that fails says nothing."""
        try:
            return recalled(observation, await self._cloud.tagged(grant, searched(observation)))
        except CloudError as error:
            return trouble(error, None, memory.failures, self._draw)

    async def _look(
        self, grant: Grant, resource: Resource, arn: str, known: Live | None, memory: Memory
    ) -> Live | Trouble | None:
        try:
            return await self._cloud.look(grant, resource, arn=arn, known=known)
        except CloudError as error:
            return trouble(error, None, memory.failures, self._draw)

    async def act(
        self, observation: Observation, grant: Grant, decision: Decision, memory: Memory, run: Run
    ) -> tuple[Observation, tuple[Action, ...]]:
        """The actions in order. One that fails keeps no others from being tried, but no deletion comes after it.

        Returns those that failed.
        """
        troubles: dict[str, Trouble] = {}
        failed: list[Action] = []
        for action in decision.actions:
            if troubles and isinstance(action, Delete):
                break
            met = await self._try(observation, grant, action, memory, run)
            if met is not None:
                troubles[action.resource.key] = met
                failed.append(action)
        return replace(observation, troubles={**observation.troubles, **troubles}), tuple(failed)

    async def _try(
        self, observation: Observation, grant: Grant, action: Action, memory: Memory, run: Run
    ) -> Trouble | None:
        failed: CloudError | None = None
        met: Trouble | None = None
        run.writes += 1
        try:
            await self._send(grant, action)
            memory.wrote(action.resource.key, action.token, self._seconds())
        except CloudExistsError as error:
            failed = error
            memory.wrote(action.resource.key, "exists", self._seconds())
        except CloudError as error:
            failed = error
            met = trouble(error, action, memory.failures, self._draw)
        audit.changed(observation, grant, action, failed, run.trace)
        announced = isinstance(action, Tag) and action.verb == "Delete"
        if failed is None and action.verb in _EVENTS and not announced:
            self._tell(observation, action)
        return met

    async def _send(self, grant: Grant, action: Action) -> None:
        match action:
            case Create(resource=resource, tags=tags):
                await self._cloud.create(grant, resource, tags)
            case Modify(resource=resource, live=live, change=change):
                await self._cloud.change(grant, resource, live, change)
            case Delete(resource=resource, live=live):
                await self._cloud.delete(grant, resource, live)
            case Tag(resource=resource, live=live, tags=tags, without=without):
                if tags:
                    await self._cloud.tag(grant, resource, live, tags)
                if without:
                    await self._cloud.untag(grant, resource, live, without)

    def _tell(self, observation: Observation, action: Action) -> None:
        name = action.resource.name if isinstance(action, Create) else action.live.arn
        event = Event(type="Normal", reason=str(_EVENTS[action.verb]), message=f"{action.resource.kind} {name}")
        self._recorder.record(observation.resource, event)

    def _seconds(self) -> float:
        return self._clock.now().timestamp()
