"""Asks admission whether pods would get their identity, remembers the answer, and lets pods go that have none."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.binding.identity.view import UNKNOWN
from trimtab.domain.objects import Object, ref_of, uid_of
from trimtab.domain.outcome import Outcome, Waiting
from trimtab.domain.plan import Event, Plan
from trimtab.domain.service import injection
from trimtab.domain.service.aiming import replicas
from trimtab.domain.service.decide import Reasoning
from trimtab.domain.service.decision import Decision
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.revision import Revision
from trimtab.ports.cluster import Cluster, DeniedError, InvalidError, ThrottledError
from trimtab.ports.recorder import Recorder
from trimtab.reconcilers.identity.board import IdentityBoard
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.run import Run

PERIOD = 5.0
"""Seconds between two questions while something waits for the answer."""

SOON = 0.1
"""Seconds until the first one, when the ServiceAccount was written just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """`about` is what was asked of: a ServiceAccount and a role. `refusal` is in place of an answer. `at`: seconds."""

    about: tuple[str, str]
    injected: bool
    refusal: str
    at: float


class Injections:
    """The part of the Microservice's reconciler that is about identities in pods."""

    def __init__(
        self,
        cluster: Cluster,
        board: IdentityBoard,
        recorder: Recorder,
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._board = board
        self._recorder = recorder
        self._seconds = seconds
        self._answers: dict[Key, _Answer] = {}

    def forget(self, key: Key) -> None:
        """The Microservice is gone."""
        self._answers.pop(key, None)

    def known(self, key: Key, observation: Observation) -> Observation:
        """The observation with what is known of the identity without asking anybody."""
        view = self._board.view(key.namespace, key.name)
        if view is None and any("secret" not in (each.get("spec") or {}) for each in observation.bindings or ()):
            view = UNKNOWN
        seen = replace(observation, identity=view)
        answer = self._answers.get(key)
        if view is None or answer is None or answer.about != injection.asked_of(seen):
            return seen
        return replace(seen, injected=answer.injected, refusal=answer.refusal)

    async def asked(self, key: Key, observation: Observation, plan: Plan) -> Observation:
        """The same with a fresh answer of admission, if anything waits for one and it is time to ask."""
        decision = _decision(plan)
        if decision is None or observation.injected or not self._is_due(key, observation):
            return observation
        revision = _waiting(decision) or _lacking(observation, decision)
        pod = injection.question(observation, revision) if revision is not None else None
        if pod is None:
            return observation
        injected, refusal = await self._would_carry(observation, pod)
        about = injection.asked_of(observation)
        self._answers[key] = _Answer(about=about, injected=injected, refusal=refusal, at=self._seconds())
        return replace(observation, injected=injected, refusal=refusal)

    async def mended(self, observation: Observation, plan: Plan, outcome: Outcome, run: Run) -> Outcome:
        """After the effects: tells what was found, lets one pod go that has no identity, says when to look again."""
        decision = _decision(plan)
        if decision is None or observation.identity is None:
            self._board.show_injection(run.key.namespace, run.key.name, None)
            return outcome
        found = injection.finding(observation, decision.records)
        self._board.show_injection(run.key.namespace, run.key.name, found)
        lacking = injection.without(observation, decision.records)
        if lacking and observation.injected:
            await self._let_go(observation, lacking, run)
        if not (lacking or _waiting(decision)):
            return outcome
        return _sooner(outcome, PERIOD if run.key in self._answers else SOON)

    async def _would_carry(self, observation: Observation, pod: Object) -> tuple[bool, str]:
        """A pod that is refused for want of quota says nothing: its Deployment will tell."""
        view = observation.identity
        try:
            made = await self._cluster.dry_run(pod)
        except (DeniedError, InvalidError) as error:
            return "exceeded quota" in str(error), str(error)
        return view is not None and injection.carries(made, view), ""

    async def _let_go(self, observation: Observation, lacking: tuple[Object, ...], run: Run) -> None:
        pod = injection.replaceable(observation, lacking, replicas(observation))
        if pod is None:
            return
        run.writes += 1
        try:
            await self._cluster.evict(ref_of(pod), uid=uid_of(pod))
        except ThrottledError:
            return  # its PodDisruptionBudget forbids it for now
        # Whoever comes after it must be seen to get the identity before the next one goes.
        self._answers.pop(run.key, None)
        message = f"pod {pod['metadata']['name']} was admitted without AWS credentials; another one takes its place"
        event = Event(type="Normal", reason=str(Reason.IDENTITY_NOT_INJECTED), message=message)
        self._recorder.record(observation.resource, event)

    def _is_due(self, key: Key, observation: Observation) -> bool:
        answer = self._answers.get(key)
        if answer is None or answer.about != injection.asked_of(observation):
            return True
        return self._seconds() - answer.at >= PERIOD - SOON


def _decision(plan: Plan) -> Decision | None:
    return plan.decision.decision if isinstance(plan.decision, Reasoning) else None


def _waiting(decision: Decision) -> Revision | None:
    """The revision that nothing but its identity holds up."""
    waits = any(blocker.kind == "ServiceAccount" for blocker in decision.awaited)
    return decision.target if waits else None


def _lacking(observation: Observation, decision: Decision) -> Revision | None:
    pods = injection.without(observation, decision.records)
    return decision.records[pods[0]["metadata"]["labels"][labels.REVISION]] if pods else None


def _sooner(outcome: Outcome, after: float) -> Outcome:
    if isinstance(outcome, Waiting) and outcome.after <= after:
        return outcome
    return Waiting(after=after, reason=str(Reason.IDENTITY_NOT_INJECTED))
