"""A small cluster in memory: the API server, and controllers just good enough to make pods ready and finish Jobs."""

from collections.abc import Callable
from typing import Any

from trimtab.adapters.memory.clock import MemoryClock
from trimtab.adapters.memory.cluster import Crash, Fault, MemoryCluster
from trimtab.adapters.memory.recorder import MemoryRecorder
from trimtab.adapters.memory.secrets import MemorySecretDigests
from trimtab.adapters.memory.server import MemoryServer
from trimtab.domain.objects import Object, ObjectRef, ref_of
from trimtab.domain.outcome import Outcome
from trimtab.domain.service.observation import ClusterSettings
from trimtab.ports.cluster import ClusterError
from trimtab.ports.lease import Lease
from trimtab.reconcilers.microservice import MicroserviceReconciler
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.run import Run

KEY = Key("Microservice", "shop", "orders")
ORDERS = ObjectRef(api_version="trimtab.dev/v1alpha1", kind="Microservice", namespace="shop", name="orders")
UNSERVED = {("gateway.networking.k8s.io/v1", kind) for kind in ("HTTPRoute", "GRPCRoute")}


def microservice(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": ORDERS.api_version,
        "kind": ORDERS.kind,
        "metadata": {"name": ORDERS.name, "namespace": ORDERS.namespace},
        "spec": {"image": "registry.example/orders:1.4.2", **spec},
    }


class World:
    """One API server, and one operator after another on it."""

    def __init__(self) -> None:
        self.server = MemoryServer()
        self.server.unserved = set(UNSERVED)
        self.clock = MemoryClock()
        self.recorder = MemoryRecorder()
        self.start()

    def start(self, fault: Fault | None = None, lease: Lease | None = None) -> None:
        """A new process of the operator; the one before is dead."""
        self.cluster = MemoryCluster(self.server, lease, fault)
        self.secrets = MemorySecretDigests(self.server)
        self.reconciler = MicroserviceReconciler(
            self.cluster, self.secrets, self.recorder, self.clock, ClusterSettings()
        )

    async def reconcile(self) -> Outcome:
        """One run."""
        return await self.reconciler.reconcile(Run(KEY))

    async def settle(self, rounds: int = 40) -> None:
        """Lets the operator and the cluster's controllers act in turn until neither changes anything."""
        for _ in range(rounds):
            before = len(self.server.history)
            try:
                await self.reconcile()
                done = True
            except Crash:
                self.start()
                done = False
            except ClusterError:
                done = False  # transient: the queue would try again
            self.controllers()
            self.clock.advance(1)
            if done and len(self.server.history) == before:
                return
        raise AssertionError(f"no rest after {rounds} rounds: {self.server.history[-5:]}")

    def controllers(self) -> None:
        """What the Deployment and Job controllers would report by now."""
        for obj in list(self.server.all()):
            act = {"Deployment": _roll_out, "Job": finish}.get(obj["kind"])
            if act is not None:
                self.server.edit(ref_of(obj), act, manager="controller")

    def count(self, type_: str) -> dict[ObjectRef, int]:
        """How often each object was ADDED or DELETED."""
        refs = [change.ref for change in self.server.history if change.type == type_]
        return {ref: refs.count(ref) for ref in sorted(set(refs))}

    def state(self) -> dict[ObjectRef, Object]:
        """All objects without what differs from run to run."""
        return {ref_of(obj): _essence(obj) for obj in self.server.all()}

    def children(self) -> dict[str, list[str]]:
        """Names of the objects of each kind, without the Microservice."""
        found: dict[str, list[str]] = {}
        for obj in self.server.all():
            if obj["kind"] != "Microservice":
                found.setdefault(obj["kind"], []).append(obj["metadata"]["name"])
        return found

    def edit(self, ref: ObjectRef, change: Callable[[dict[str, Any]], None]) -> None:
        """What a user does."""
        self.server.edit(ref, change)

    def get(self, kind: str, name: str, api_version: str = "apps/v1") -> Object:
        """An object that must exist."""
        obj = self.server.get(ObjectRef(api_version=api_version, kind=kind, namespace="shop", name=name))
        assert obj is not None, f"{kind}/{name} does not exist"
        return obj


def _roll_out(deployment: dict[str, Any]) -> None:
    replicas = deployment["spec"].get("replicas", 1)
    deployment["status"] = {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": replicas,
        "availableReplicas": replicas,
        "conditions": [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ],
    }


def finish(job: dict[str, Any]) -> None:
    job["status"] = {
        "succeeded": 1,
        "completionTime": "2026-01-01T00:00:10Z",
        "conditions": [{"type": "Complete", "status": "True"}],
    }


def _essence(obj: Object) -> Object:
    metadata = {k: v for k, v in obj["metadata"].items() if k not in ("resourceVersion", "uid", "generation")}
    essence: Object = _timeless({**obj, "metadata": metadata})
    return essence


def _timeless(value: Any) -> Any:
    """Times differ with the number of runs, and generations with it."""
    if isinstance(value, dict):
        return {k: _timeless(v) for k, v in value.items() if k != "at" and not k.endswith(("Time", "At", "since"))}
    if isinstance(value, list):
        return [_timeless(each) for each in value]
    return value
