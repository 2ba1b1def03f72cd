"""A simple model of a Microservice, which carries out the orders of its CanaryRelease with delays."""

from dataclasses import dataclass, field
from typing import Any

from trimtab.domain import labels
from trimtab.domain.traffic.capacity import carried, effective_share, pods_among, pods_for
from trimtab.domain.traffic.order import Echo, Order

UID = "uid-orders"


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


def _age(name: str) -> int:
    return int(name.rpartition("-")[2])
