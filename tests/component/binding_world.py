"""A cluster and an AWS in memory, and one operator after another that keeps ServiceBindings on them."""

from typing import Any

from trimtab.adapters.memory.clock import MemoryClock
from trimtab.adapters.memory.cloud import MemoryAws, MemoryCloud, Stored
from trimtab.adapters.memory.cluster import Crash, Fault, MemoryCluster
from trimtab.adapters.memory.recorder import MemoryRecorder
from trimtab.adapters.memory.server import MemoryServer
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.outcome import Outcome, Waiting
from trimtab.ports.cloud import CloudError
from trimtab.ports.cluster import ClusterError
from trimtab.ports.lease import Lease
from trimtab.reconcilers.binding.reconciler import BindingReconciler
from trimtab.reconcilers.identity.board import IdentityBoard
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.run import Run

API = "trimtab.dev/v1alpha1"
CLUSTER = "11111111-0000-4000-8000-000000000001"
ACCOUNT, REGION = "123456789012", "eu-central-1"
KEY = Key("ServiceBinding", "shop", "orders-in")
BINDING = ObjectRef(api_version=API, kind="ServiceBinding", namespace="shop", name="orders-in")
SECRET = ObjectRef(api_version="v1", kind="Secret", namespace="shop", name="orders-in-binding")
NAMESPACE = ObjectRef(api_version="v1", kind="Namespace", namespace="", name="shop")
POLICY = ObjectRef(api_version=API, kind="BindingPolicy", namespace="", name="shops")

QUEUE: dict[str, Any] = {"sqs": {"visibilityTimeout": "30s"}}
WITH_LETTERS: dict[str, Any] = {"sqs": {"visibilityTimeout": "30s", "deadLetter": {"maxReceives": 5}}}


def binding(name: str = "orders-in", **spec: Any) -> dict[str, Any]:
    """A ServiceBinding; of a queue, unless another service is named."""
    metadata = {"name": name, "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"apiVersion": API, "kind": "ServiceBinding", "metadata": metadata, "spec": spec or dict(QUEUE)}


def binding_policy(name: str = "shops", **spec: Any) -> dict[str, Any]:
    """A policy that lets every namespace have everything."""
    body = {
        "namespaceSelector": {},
        "services": ["sqs", "secretsManager"],
        "regions": [REGION, "us-east-1"],
        "roleARN": f"arn:aws:iam::{ACCOUNT}:role/shop",
        "namePrefix": "shop-",
        **spec,
    }
    return {"apiVersion": API, "kind": "BindingPolicy", "metadata": {"name": name}, "spec": body}


class BindingWorld:
    """One API server and one AWS. All that happens outside is in `aws.history`, and checked as it happens."""

    def __init__(
        self, *, cluster: str = CLUSTER, aws: MemoryAws | None = None, clock: MemoryClock | None = None
    ) -> None:
        self.id = cluster
        self.clock = clock or MemoryClock()
        self.server = MemoryServer()
        self.aws = aws or MemoryAws(lambda: self.clock.now().timestamp())
        self.recorder = MemoryRecorder()
        self.armed: list[tuple[MemoryCluster | MemoryCloud, int]] = []
        self.server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {}}})
        self.server.create(binding_policy())
        self.start()

    def start(self, fault: Fault | None = None, away: Fault | None = None, lease: Lease | None = None) -> None:
        """A new process of the operator; `fault` is of its requests to the API server, `away` of those to AWS."""
        self.cluster = MemoryCluster(self.server, lease, fault)
        self.cloud = MemoryCloud(self.aws, lease, away)
        self.armed += [
            (port, each.at) for port, each in ((self.cluster, fault), (self.cloud, away)) if each is not None
        ]
        self.added: list[Key] = []
        self.board = IdentityBoard(self.added.append)
        identity = ClusterIdentity(id=self.id)
        self.reconciler = BindingReconciler(
            self.cluster, self.cloud, self.recorder, self.clock, lambda: identity, board=self.board, draw=lambda: 0.5
        )

    async def reconcile(self, key: Key = KEY) -> Outcome:
        """One run."""
        return await self.reconciler.reconcile(Run(key))

    async def settle(self, *keys: Key, seconds: float = 4000) -> None:
        """Until a run of each key has nothing left to wait for, or for so long."""
        until = self.clock.now().timestamp() + seconds
        while self.clock.now().timestamp() < until:
            waits = [await self._attempt(key) for key in keys or (KEY,)]
            if all(wait is None for wait in waits):
                return
            self.clock.advance(min(wait for wait in waits if wait is not None))
        raise AssertionError(f"no rest: {self.status().get('conditions')}")

    async def _attempt(self, key: Key) -> float | None:
        """Seconds until the next run is due; None: nothing is waited for."""
        try:
            outcome = await self.reconcile(key)
        except Crash:
            self.start()
            return 1.0
        except (ClusterError, CloudError):
            return 1.0  # transient: the queue would try again
        return outcome.after if isinstance(outcome, Waiting) else None

    @property
    def struck(self) -> bool:
        """Whether any of the faults happened."""
        return any(port.writes >= at for port, at in self.armed)

    # --- what users do

    def edit(self, change: Any, ref: ObjectRef = BINDING) -> None:
        """A change of an object."""
        self.server.edit(ref, change)

    def annotate(self, **annotations: str) -> None:
        """Annotations of ours; `transfer_to` is trimtab.dev/transfer-to."""
        values = {f"trimtab.dev/{name.replace('_', '-')}": value for name, value in annotations.items()}
        self.edit(lambda obj: obj["metadata"].setdefault("annotations", {}).update(values))

    def delete(self, ref: ObjectRef = BINDING) -> None:
        """A deletion."""
        self.server.delete(ref)

    # --- what is to be seen

    def status(self, ref: ObjectRef = BINDING) -> dict[str, Any]:
        """Of a binding; empty if there is none."""
        return dict((self.server.get(ref) or {}).get("status") or {})

    def condition(self, type_: str, ref: ObjectRef = BINDING) -> tuple[str, str]:
        """Status and reason."""
        for each in self.status(ref).get("conditions", ()):
            if each["type"] == type_:
                return each["status"], each["reason"]
        return "", ""

    def message(self, type_: str = "Ready") -> str:
        """Of a condition."""
        return next(str(each["message"]) for each in self.status()["conditions"] if each["type"] == type_)

    def queues(self) -> dict[str, Stored]:
        """What exists, by name."""
        return self.aws.of("sqs/queue")

    def queue(self) -> Stored:
        """The only one."""
        (only,) = self.queues().values()
        return only

    def secret(self) -> Object | None:
        """The binding's Secret."""
        return self.server.get(SECRET)

    def events(self) -> list[str]:
        """Reasons, in order."""
        return [event.reason for _, event in self.recorder.events]

    def verbs(self) -> list[str]:
        """What was done to AWS, in order."""
        return [each.verb for each in self.aws.history]


async def bound(**spec: Any) -> BindingWorld:
    """A world with a binding that is ready."""
    world = BindingWorld()
    world.server.create(binding(**spec))
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound"), world.status()
    return world
