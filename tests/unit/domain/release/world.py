"""A CanaryRelease among simple models of its Microservices, which carry out orders with delays."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from tests.unit.domain.release.service import UID, Service

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.canaryrelease_status import CanaryReleaseStatus
from trimtab.api.reasons import Reason
from trimtab.domain import labels
from trimtab.domain.outcome import Waiting
from trimtab.domain.plan import Event
from trimtab.domain.release.counting.counters import Arm, Reading, Series
from trimtab.domain.release.counting.meters import Count, Level, Meter, Tally
from trimtab.domain.release.judging.judge import judge
from trimtab.domain.release.observation import Answer, Observation, Target, Verdict
from trimtab.domain.release.report import report
from trimtab.domain.release.step import Step, step
from trimtab.domain.status import same
from trimtab.domain.traffic.order import Order

BEGIN = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)
"""A Monday."""

SCRAPE = 10.0


def spec(**changes: Any) -> dict[str, Any]:
    """A CanaryRelease of `orders` with two steps, judged by its pods."""
    return {
        "targets": [{"name": "orders"}],
        "strategy": {"canary": {"steps": [{"weight": "10%", "bake": "1m"}, {"weight": "50%", "bake": "2m"}]}},
        "kpis": [{"name": "pods", "pods": {"maxRestarts": 0}}],
        "watch": "1m",
        **changes,
    }


@cache
def parsed(declared: str) -> CanaryReleaseSpec:
    """The spec that this JSON says."""
    return CanaryReleaseSpec.model_validate_json(declared)


class World:
    """Everything that the machine sees, on a clock of its own. `apply` is what a reconcile would do."""

    def __init__(self, declared: dict[str, Any] | None = None, *, counted: bool = False, **services: Any) -> None:
        self.spec = declared or spec()
        names = [target["name"] for target in self.spec["targets"]]
        self.services = {name: Service(name=name, **services) for name in names}
        self.status: dict[str, Any] = {}
        self.annotations: dict[str, str] = {}
        self.others: list[dict[str, Any]] = []
        self.answers: dict[str, Answer] = {}
        self.gates: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.verdicts: dict[tuple[str, str], Verdict] = {}
        self.delivered: frozenset[tuple[str, str]] = frozenset()
        self.events: list[Event] = []
        self.now = BEGIN
        self.true = BEGIN.timestamp()
        self.generation = 1
        self.counted = counted
        self.samples: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
        self.bad: dict[tuple[str, str, str], dict[float, float]] = {}
        self.due_bad: dict[tuple[str, str, str], float] = {}
        self.gauges: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
        self.meters: tuple[Meter, ...] = ()
        self.since: float | None = None
        self.outage = ""
        self.scraped = True
        self.remembered = True
        self.after: float | None = 0.0
        self.due: datetime | None = None
        self.seen = ""
        self.writes = 0

    def observe(self) -> Observation:
        resource = {
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "CanaryRelease",
            "metadata": {
                "name": "orders",
                "namespace": "shop",
                "uid": UID,
                "generation": self.generation,
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "annotations": dict(self.annotations),
            },
            "spec": self.spec,
            "status": self.status,
        }
        named = [target["name"] for target in self.spec["targets"]]
        return Observation(
            resource=resource,
            spec=parsed(json.dumps(self.spec)),
            targets={
                name: Target(microservice=self.services[name].resource(), pods=self.services[name].projections())
                if name in self.services
                else Target(microservice=None)
                for name in named
            },
            others=tuple(self.others),
            reading=self.reading(),
            source=self.counted,
            scrape=SCRAPE if self.counted else 0.0,
            verdicts=dict(self.verdicts),
            answers=dict(self.answers),
            delivered=self.delivered,
        )

    def reading(self) -> Reading | None:
        """What the store has of what was asked for; a store that nobody reaches has nothing."""
        if not self.counted:
            return None
        if not self.remembered:
            return None
        if self.outage:
            return Reading(at=self.true, window=3 * SCRAPE, unread=dict.fromkeys(self.meters, self.outage))
        window = max(3 * SCRAPE, self.true - (self.since or self.true) + 4 * SCRAPE)
        series: dict[Arm, tuple[Series, ...]] = {}
        for key in self.samples:
            service, revision, pod = key
            arm = Arm("shop", service, revision, "routed" if self.services[service].routed else "direct")
            if recent := self._recent(self.samples[key], 3 * SCRAPE):
                series[arm] = (*series.get(arm, ()), Series(pod=pod, samples=recent))
        counted = [meter for meter in self.meters if not isinstance(meter.measure, Level)]
        return Reading(
            at=self.true,
            window=window,
            series=series,
            tallies={meter: tuple(self._tallies(meter, window)) for meter in counted},
            levels={
                meter: tuple(
                    Series(pod=pod, samples=self._recent(samples, window))
                    for (service, revision, pod), samples in self.gauges.items()
                    if (service, revision) == (meter.arm.microservice, meter.arm.revision)
                )
                for meter in self.meters
                if isinstance(meter.measure, Level)
            },
        )

    def _recent(self, samples: list[tuple[float, float]], window: float) -> tuple[tuple[float, float], ...]:
        return tuple(sample for sample in samples if sample[0] > self.true - window)

    def _tallies(self, meter: Meter, window: float) -> Iterator[Tally]:
        for key, samples in self.samples.items():
            if key[:2] == (meter.arm.microservice, meter.arm.revision):
                bad = self.bad[key]
                counts = tuple(Count(at, total, bad[at]) for at, total in self._recent(samples, window))
                yield Tally(instance=key[2], counts=counts)

    def apply(self) -> Step:
        """One reconcile, and what the services read of it."""
        observation = judge(self.observe(), self.now)
        taken = step(observation, self.now)
        self.meters, self.since, self.remembered = taken.meters, taken.since, True
        said = report(observation, taken, self.now)
        status = json.loads(json.dumps(said.status))
        if not same(status, self.status):
            CanaryReleaseStatus.model_validate(status)
            self.status = status
            self.writes += 1
        self.events += said.events
        self.after = said.outcome.after if isinstance(said.outcome, Waiting) else None
        wanted = {question.id for question in taken.questions}
        self.answers = {name: answer for name, answer in self.answers.items() if name in wanted}
        for question in taken.questions:
            if question.id not in self.answers:
                self.asked.append(question.id)
                gate = question.body["gate"]
                self.answers[question.id] = self.gates.get(gate, Answer(open=True, message="open"))
        return taken

    def work(self) -> None:
        """The services do a round of their work."""
        for target in self.status.get("targets") or ():
            if target["name"] in self.services:
                self.services[target["name"]].take(target.get("order"), target.get("rejected"))
        for service in self.services.values():
            service.born = datetime.fromtimestamp(self.true, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            service.work()

    def restart(self) -> None:
        """The operator begins anew: all that it has read is gone."""
        self.meters, self.since, self.remembered, self.due = (), None, False, self.now

    def advance(self, seconds: float) -> None:
        """Time passes; pods are scraped and count what the weights give them."""
        self.now += timedelta(seconds=seconds)
        before, self.true = self.true, self.true + seconds
        if not self.counted:
            return
        for tick in range(int(before // SCRAPE) + 1, int(self.true // SCRAPE) + 1):
            for service in self.services.values() if self.scraped else ():
                self._scrape(service, tick * SCRAPE)

    def _scrape(self, service: Service, at: float) -> None:
        order = service.order
        candidate = order.candidate if order else ""
        for name, pod in service.pods.items():
            revision = pod["revision"]
            share = service.weight * (1 - service.lossy) if revision == candidate else 100 - service.weight
            key = (service.name, revision, name)
            samples = self.samples.setdefault(key, [])
            last = samples[-1][1] if samples else 0.0
            new = int(service.traffic * share / max(service.ready(revision), 1)) if pod["ready"] else 0
            samples.append((at, last + new))
            self.due_bad[key] = self.due_bad.get(key, 0.0) + new * service.failing.get(revision, 0.0)
            self.bad.setdefault(key, {})[at] = float(int(self.due_bad[key]))
            if revision in service.levels:
                self.gauges.setdefault(key, []).append((at, service.levels[revision]))

    def tend(self) -> None:
        """A reconcile if there is cause for one: something changed, or it is time to look again."""
        signature = self._signature()
        if signature != self.seen or (self.due is not None and self.now >= self.due):
            asked = len(self.asked)
            self.apply()
            self.seen = self._signature() if len(self.asked) == asked else ""  # an answer is cause to look again
            self.due = None if self.after is None else self.now + timedelta(seconds=self.after)

    def _signature(self) -> str:
        """All that a watch would tell, and the operator's own memory."""
        told = [service.resource() for service in self.services.values()]
        pods = [service.pods for service in self.services.values()]
        memory = (self.annotations, self.verdicts, self.answers, self.others, self.delivered)
        return f"{told}{pods}{memory}{self.spec}{self.status}"

    def run(self, seconds: float, tick: float = 2.0) -> None:
        """Reconciles and works until that much time has passed."""
        for _ in range(int(seconds / tick)):
            self.tend()
            self.work()
            self.advance(tick)
        self.apply()

    def until(self, phase: str, limit: float = 3600.0, tick: float = 2.0) -> None:
        """Runs until status.phase is that."""
        for _ in range(int(limit / tick)):
            self.tend()
            if self.status.get("phase") == phase:
                return
            self.work()
            self.advance(tick)
        raise AssertionError(f"never {phase}: {self.status.get('phase')}: {self.message}")

    def serving(self) -> "World":
        """The same with its first revision in place and nothing under way."""
        self.until("Idle")
        self.run(20)
        return self

    def serving_anyway(self) -> "World":
        """The same, whatever the status says."""
        self.run(30)
        return self

    def change(self, revision: str, name: str = "orders") -> None:
        self.services[name].change(revision)

    def verb(self, verb: str, release: str | None = None, nonce: str = "1") -> None:
        self.annotations[labels.RELEASE] = f"{verb}/{release or self.status.get('releaseID', '')}/{nonce}"

    def judge(self, result: Any, kpi: str, reason: Reason = Reason.KPI_FAILED, name: str = "orders") -> None:
        self.verdicts[name, kpi] = Verdict(result=result, message=f"it is {result}", reason=reason)

    @property
    def message(self) -> str:
        return str(self.condition("Ready").get("message", ""))

    def condition(self, type_: str) -> dict[str, Any]:
        return next((each for each in self.status.get("conditions", ()) if each["type"] == type_), {})

    def target(self, name: str = "orders") -> dict[str, Any]:
        return next(each for each in self.status["targets"] if each["name"] == name)

    def order(self, name: str = "orders") -> Order:
        return Order.from_status(self.target(name)["order"])

    @property
    def outcomes(self) -> list[str]:
        return [each["outcome"] for each in self.status.get("history", ())]
