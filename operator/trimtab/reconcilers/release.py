"""The reconciler of CanaryReleases: observe, step, record the decision, and only then let anything follow from it.

It writes nothing but the status of its CanaryRelease; the Microservices carry out the orders that they find there.
"""

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.reasons import Reason
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.outcome import Done, Outcome, Waiting
from trimtab.domain.plan import Event
from trimtab.domain.release.channels import channel_key
from trimtab.domain.release.durations import seconds
from trimtab.domain.release.judging.judge import judge, pending
from trimtab.domain.release.observation import Observation, Target
from trimtab.domain.release.policy import KIND, targets_of
from trimtab.domain.release.report import invalid, report
from trimtab.domain.release.step import Step, step
from trimtab.domain.service.meta import API_VERSION
from trimtab.domain.service.meta import KIND as MICROSERVICE
from trimtab.ports.clock import Clock
from trimtab.ports.cluster import Cluster
from trimtab.ports.notifier import Notice
from trimtab.ports.recorder import Recorder
from trimtab.reconcilers import release_metrics
from trimtab.reconcilers.courier import Courier, Delivery
from trimtab.reconcilers.inquiries import Inquiries
from trimtab.reconcilers.publishing import publish
from trimtab.reconcilers.queue import Key, WorkQueue
from trimtab.reconcilers.release_metrics import ReleaseMetrics
from trimtab.reconcilers.run import Run
from trimtab.reconcilers.sampler import Sampler
from trimtab.reconcilers.validation import explain

LATE = 1.0
"""Seconds after a tick at which a release looks again by itself if no reading has called it: the store is slow."""


class ReleaseReconciler:
    """Takes one CanaryRelease at a time one step further; what it remembers of a release is all in its status."""

    def __init__(
        self,
        cluster: Cluster,
        recorder: Recorder,
        clock: Clock,
        queue: WorkQueue,
        *,
        sampler: Sampler,
        inquiries: Inquiries,
        courier: Courier,
    ) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._clock = clock
        self._queue = queue
        self._sampler = sampler
        self._inquiries = inquiries
        self._courier = courier
        self._preferred: dict[Key, frozenset[Key]] = {}
        self._metrics = ReleaseMetrics()
        self._judges = ThreadPoolExecutor(max_workers=1, thread_name_prefix="judge")  # more only fight over one lock

    async def reconcile(self, run: Run) -> Outcome:
        """One run over one key; raises whatever a later repetition may cure."""
        resource = self._cluster.cached(_ref(run.key))
        if resource is None or "deletionTimestamp" in resource["metadata"]:
            run.gone = resource is None
            self._forget(run.key)
            return Done()
        run.generation = resource["metadata"].get("generation")
        now = self._clock.now()
        try:
            spec = CanaryReleaseSpec.model_validate(resource["spec"])
        except ValidationError as error:
            self._forget(run.key)
            return await publish(self._cluster, self._recorder, resource, invalid(resource, explain(error), now), run)
        observation = await self._judged(self._observe(run.key, resource, spec), now)
        taken = step(observation, now)
        said = report(observation, taken, now)
        lost = self._given_up(run.key, resource, said.status)
        outcome = await publish(
            self._cluster, self._recorder, resource, replace(said, events=(*said.events, *lost)), run
        )
        release_metrics.ended(resource.get("status") or {}, said.status)
        self._metrics.show(run.key, said.status if isinstance(outcome, Waiting) else {})
        return self._follow_up(run.key, observation, taken, outcome)

    async def _judged(self, observation: Observation, now: datetime) -> Observation:
        """With verdicts; while there is something new to judge, nothing else waits for that."""
        if pending(observation):
            return await asyncio.get_running_loop().run_in_executor(self._judges, judge, observation, now)
        return judge(observation, now)

    def _observe(self, key: Key, resource: Object, spec: CanaryReleaseSpec) -> Observation:
        """Everything from memory: a look costs no request."""
        return Observation(
            resource=resource,
            spec=spec,
            targets={target.name: self._target(key.namespace, target.name) for target in spec.targets},
            others=self._others(key, spec),
            reading=self._sampler.reading(key),
            age=self._sampler.age(key),
            source=self._sampler.source and self._cluster.is_current(KIND),  # evidence that is not kept proves nothing
            scrape=self._sampler.scrape,
            answers=self._inquiries.answers(key),
            delivered=frozenset(self._courier.settled(key)),
        )

    def _target(self, namespace: str, name: str) -> Target:
        ref = ObjectRef(api_version=API_VERSION, kind=MICROSERVICE, namespace=namespace, name=name)
        return Target(microservice=self._cluster.cached(ref), pods=tuple(self._cluster.pods(namespace, name)))

    def _others(self, key: Key, spec: CanaryReleaseSpec) -> tuple[Object, ...]:
        """CanaryReleases that may claim the same targets; all of the namespace if the release has to take turns."""
        names = [target.name for target in spec.targets] if spec.concurrency is None else [""]
        found = {
            policy["metadata"]["name"]: policy
            for name in names
            for policy in self._cluster.policies(key.namespace, name)
        }
        return tuple(policy for name, policy in sorted(found.items()) if name != key.name)

    def _follow_up(self, key: Key, observation: Observation, taken: Step, outcome: Outcome) -> Outcome:
        """What may happen only now that the decision is recorded. Nothing here blocks or fails."""
        spec, interval = observation.spec, seconds(observation.spec.analysis.interval)
        active = isinstance(outcome, Waiting)
        self._prefer(key, frozenset(_services(key, observation)) if active else frozenset(), active=active)
        self._inquiries.ask(key, taken.questions)
        self._courier.post(key, _deliveries(key, spec, taken.state.notices))
        self._sampler.watch(key, taken.arms, taken.meters, interval, taken.since)
        if not isinstance(outcome, Waiting):
            return outcome
        return Waiting(after=self._after(key, outcome.after, interval), reason=outcome.reason)

    def _after(self, key: Key, after: float, interval: float) -> float:
        """A tick is met exactly, though decisions know whole seconds only; or it comes with a reading."""
        tick = self._sampler.until_tick(interval)
        if not tick <= after < tick + 1.0:
            return after
        return tick + LATE if self._sampler.watches(key) else tick

    def _prefer(self, key: Key, services: frozenset[Key], active: bool) -> None:
        """While a release is under way it and its services go before all others."""
        before = self._preferred.pop(key, frozenset())
        for service in before - services:
            self._queue.prefer(service, preferred=False)
        for service in services - before:
            self._queue.prefer(service, preferred=True)
        self._queue.prefer(key, preferred=active)
        if active:
            self._preferred[key] = services

    def _given_up(self, key: Key, resource: Object, status: Mapping[str, Any]) -> tuple[Event, ...]:
        """Events about notices that no repetition could deliver and that leave the status with this step."""
        pending = _pending((resource.get("status") or {}).get("notices")) - _pending(status.get("notices"))
        lost = {name: why for name, why in self._courier.settled(key).items() if why and name in pending}
        return tuple(
            Event(type="Warning", reason=str(Reason.NOTIFICATION_FAILED), message=f"{notice} to {channel}: {why}")
            for (notice, channel), why in lost.items()
        )

    def _forget(self, key: Key) -> None:
        self._prefer(key, frozenset(), active=False)
        self._inquiries.ask(key, ())
        self._courier.post(key, ())
        self._sampler.watch(key, (), (), LATE, None)
        self._metrics.forget(key)


def _ref(key: Key) -> ObjectRef:
    return ObjectRef(api_version=API_VERSION, kind=KIND, namespace=key.namespace, name=key.name)


def _services(key: Key, observation: Observation) -> Iterable[Key]:
    return (Key(MICROSERVICE, key.namespace, name) for name in targets_of(observation.resource))


def _pending(notices: Iterable[Mapping[str, Any]] | None) -> set[tuple[str, str]]:
    return {(notice["id"], channel) for notice in notices or () for channel in notice.get("channels") or ()}


def _deliveries(key: Key, spec: CanaryReleaseSpec, notices: Iterable[Mapping[str, Any]]) -> Iterable[Delivery]:
    """What the status holds for channels that the spec still names."""
    channels = {channel_key(channel): channel for channel in (each.to_json() for each in spec.notify)}
    for entry in notices:
        fields = {name: entry.get(name, "") for name in ("id", "event", "title", "text", "at")}
        notice = Notice(namespace=key.namespace, release=key.name, fields=entry.get("fields") or {}, **fields)
        for name in entry.get("channels") or ():
            if name in channels:
                yield Delivery(notice=notice, channel_key=name, channel=channels[name])
