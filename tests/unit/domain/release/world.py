"""A CanaryRelease among simple models of its Microservices, which carry out orders with delays."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

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
from trimtab.domain.traffic.capacity import carried, effective_share, pods_among, pods_for
from trimtab.domain.traffic.order import Echo, Order

BEGIN = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)
"""A Monday."""

SCRAPE = 10.0
UID = "uid-orders"


def spec(**changes: Any) -> dict[str, Any]:
    """A CanaryRelease of `orders` with two steps, judged by its pods."""
    return {
        "targets": [{"name": "orders"}],
        "strategy": {"canary": {"steps": [{"weight": "10%", "bake": "1m"}, {"weight": "50%", "bake": "2m"}]}},
        "kpis": [{"name": "pods", "pods": {"maxRestarts": 0}}],
        "watch": "1m",
        **changes,
    }


@dataclass
class Service:
    """A Microservice as its reconciler would keep it: pods before weight going up, weight before pods going down.

    `broken` revisions are never ready, nor are `lost` pods of the candidate; while `late`, some pod always is missing.
    Of a revision, `failing` is the share of its requests that fail, `levels` the value of its gauges. `lossy` is the
    share of the candidate's requests that get lost on their way.
    """

    name: str
    revision: str = "r1"
    routed: bool = True
    wanted: int = 4
    policy: str = UID
    uid: str = ""
    noticed: bool = True
    order: Order | None = None
    weight: float = 0.0
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    stable: str = ""
    failure: str = ""
    jobs: list[dict[str, Any]] = field(default_factory=list)
    history: list[str] = field(default_factory=lambda: ["r1"])
    numbers: int = 0
    lost: int = 0
    late: bool = False
    traffic: float = 100.0
    lossy: float = 0.0
    failing: dict[str, float] = field(default_factory=dict)
    levels: dict[str, float] = field(default_factory=dict)
    born: str = "2026-01-05T00:00:00Z"

    def ready(self, revision: str) -> int:
        return sum(1 for pod in self.pods.values() if pod["revision"] == revision and pod["ready"])

    def count(self, revision: str) -> int:
        return sum(1 for pod in self.pods.values() if pod["revision"] == revision)

    def take(self, order: dict[str, Any] | None, rejected: dict[str, Any] | None) -> None:
        """Reads the order that the CanaryRelease published; older ones are ignored."""
        if order is None:
            return
        found = Order.from_status(order)
        if self.order is not None and found.sequence < self.order.sequence:
            return
        if rejected and all(
            each["revision"] != rejected["revision"] or each["at"] != rejected["at"] for each in self.rejected
        ):
            self.rejected.insert(0, {**rejected, "lifted": False})
        self.order, self.stable = found, found.stable

    def serving_anyway(self) -> "World":
        """The same, whatever the status says."""
        self.run(30)
        return self

    def change(self, revision: str) -> None:
        """The spec asks for another revision."""
        self.history.insert(0, revision)
        self.revision = revision
        for each in self.rejected:
            each["lifted"] = each["lifted"] or each["revision"] != revision

    def capacity(self) -> dict[str, int]:
        order = self.order
        if order is None:
            return {}
        wanted = {order.stable: self.wanted}
        if order.candidate and order.capacity:
            share = order.weight or order.capacity
            pods = pods_for if self.routed else pods_among
            wanted[order.candidate] = max(
                pods(share, self.wanted), pods_for(order.capacity, self.wanted) if self.routed else 0
            )
        return wanted

    def work(self) -> None:
        """One round: starts pods, makes them ready, moves the weight as far as they carry it, takes pods away."""
        order = self.order
        if order is None:
            return
        wanted = self.capacity()
        for pod in self.pods.values():
            pod["ready"] = pod["revision"] not in self.broken
        newest = [pod for pod in self.pods.values() if pod["revision"] == order.candidate]
        for pod in newest[: self.lost]:
            pod["ready"] = False
        for revision, number in wanted.items():
            for _ in range(number - self.count(revision)):
                self.numbers += 1
                pod = {"revision": revision, "ready": False, "restarts": 0, "born": self.born}
                self.pods[f"{revision}-{self.numbers}"] = pod
        self._lead(order)
        for revision in {pod["revision"] for pod in self.pods.values()} - {order.stable if self.weight < 100 else ""}:
            keep = wanted.get(revision, 0)
            if revision == order.candidate and self.weight > 0:
                keep = max(keep, 1)
            names = sorted((name for name, pod in self.pods.items() if pod["revision"] == revision), key=_age)
            for name in names[keep:]:
                del self.pods[name]

    def _lead(self, order: Order) -> None:
        """Weight only to what is ready, and back to stable only if stable is there."""
        if not order.candidate:
            self.weight = 0.0 if self.ready(order.stable) or not self.weight else self.weight
            return
        ready = self.ready(order.candidate)
        if self.routed:
            target = float(
                min(order.weight, carried(ready, self.wanted))
                if ready < pods_for(order.weight, self.wanted)
                else order.weight
            )
        elif order.weight >= 100:
            target = 100.0 if ready >= self.wanted else effective_share(ready, self.wanted)
        else:
            target = effective_share(min(ready, pods_among(order.weight, self.wanted)), self.wanted)
        if target >= self.weight or self.ready(order.stable):
            self.weight = target

    def echo(self) -> Echo | None:
        order = self.order
        if order is None:
            return None
        wanted = self.capacity().get(order.candidate, 0) if order.candidate else 0
        ready = self.ready(order.candidate) if order.candidate else 0
        whole = self.weight >= min(order.weight, 100) if self.routed or order.weight in (0, 100) else self.weight > 0
        gone = all(pod["revision"] in (order.stable, order.candidate) for pod in self.pods.values())
        settled = ready >= wanted and whole and (self.weight <= 0 or order.weight > 0) and not self.late
        if not order.candidate:
            settled = gone and self.ready(order.stable) > 0
        return Echo(
            sequence=order.sequence,
            release=order.release,
            in_place=settled and not self.failure,
            weight=self.weight,
            wanted=self.wanted,
            stable_ready=self.ready(order.stable),
            candidate_wanted=wanted,
            candidate_ready=ready,
            failure=self.failure if order.candidate else "",
            message=self.failure,
        )

    def resource(self) -> dict[str, Any]:
        status: dict[str, Any] = {
            "revision": self.revision,
            "version": f"v-{self.revision}",
            "stableRevision": self.stable,
            "rejectedRevisions": list(self.rejected),
            "jobs": self.jobs,
            "history": [{"revision": name, "version": f"v-{name}"} for name in self.history[:10]],
        }
        echo = self.echo()
        if self.noticed:
            status["release"] = {"policy": self.policy, **(echo.to_status() if echo else {})}
        return {
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "Microservice",
            "metadata": {"name": self.name, "namespace": "shop", "uid": self.uid or f"uid-{self.name}"},
            "spec": {
                "image": f"example/app:{self.revision}",
                **({"expose": {"gateway": {"name": "g"}, "hosts": ["a.example"]}} if self.routed else {}),
            },
            "status": status,
        }

    def projections(self) -> tuple[dict[str, Any], ...]:
        return tuple(
            {
                "metadata": {
                    "name": name,
                    "uid": f"uid-{name}",
                    "labels": {
                        labels.MICROSERVICE: self.name,
                        labels.COMPONENT: labels.SERVICE,
                        labels.REVISION: pod["revision"],
                    },
                },
                "status": {
                    "conditions": [{"type": "Ready", "status": "True" if pod["ready"] else "False"}],
                    "startTime": pod["born"],
                    "containerStatuses": [
                        {
                            "name": "app",
                            "restartCount": pod["restarts"],
                            "ready": pod["ready"],
                            "state": {"running": {"startedAt": pod["born"]}},
                        }
                    ],
                },
            }
            for name, pod in sorted(self.pods.items())
        )


@cache
def parsed(declared: str) -> CanaryReleaseSpec:
    """The spec that this JSON says."""
    return CanaryReleaseSpec.model_validate_json(declared)


def _age(name: str) -> int:
    return int(name.rpartition("-")[2])


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
