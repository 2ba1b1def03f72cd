"""A Microservice, its bindings and IAM in memory, and one process of the operator after another."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.component.world import ORDERS, microservice

from trimtab.adapters.memory.clock import MemoryClock
from trimtab.adapters.memory.cluster import Crash, Fault, MemoryCluster
from trimtab.adapters.memory.iam import MemoryIam, Role
from trimtab.adapters.memory.roles import MemoryRoles
from trimtab.adapters.memory.server import MemoryServer
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.contribution import Contribution
from trimtab.domain.binding.identity.document import Right, read
from trimtab.domain.binding.identity.policy import IdentityPolicy
from trimtab.domain.binding.identity.role import Subject
from trimtab.domain.binding.service import Statement
from trimtab.domain.objects import ObjectRef
from trimtab.domain.outcome import Outcome
from trimtab.domain.status import Condition
from trimtab.reconcilers.identity.board import KIND, IdentityBoard
from trimtab.reconcilers.identity.reconciler import IdentityReconciler
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.run import Run

KEY = Key(KIND, "shop", "orders")
CLUSTER = ClusterIdentity(
    id="cluster-1", name="shop-prod", region="eu-central-1", oidc_issuer="https://oidc.eks.example/id/ABC"
)
BOUNDARY = "arn:aws:iam::123456789012:policy/workloads"
ROLE_PATH = "/trimtab/shop/"
SUBJECT = Subject(cluster_name="shop-prod", namespace="shop", service_account="orders")


def grant(mode: Any = "PodIdentity", **others: Any) -> Grant:
    return Grant(
        **{
            "policy": "shop",
            "role_arn": "arn:aws:iam::123456789012:role/trimtab-shop",
            "external_id": "",
            "region": "eu-central-1",
            "cluster": CLUSTER.id,
            "namespace": "shop",
            "services": frozenset({"sqs"}),
            "prefix": "shop-",
            "identity": IdentityPolicy(mode=mode, role_path=ROLE_PATH, boundary=BOUNDARY),
            **others,
        }
    )


def statement(resource: str, *actions: str) -> Statement:
    return Statement(actions=actions or ("sqs:SendMessage",), resources=(f"arn:aws:sqs:::{resource}",))


QUEUE, TABLE = statement("queue"), statement("table", "sqs:ReceiveMessage", "sqs:DeleteMessage")


def many(count: int, letter: str = "q") -> tuple[Statement, ...]:
    """Too long for one policy from about 80."""
    return tuple(statement(f"{letter * 90}-{number}", f"sqs:Action{number}") for number in range(count))


class IdentityWorld:
    """What bindings ask for is kept here, as their reconciler would derive it anew in every process."""

    def __init__(self, **spec: Any) -> None:
        self.server = MemoryServer()
        self.server.create(microservice(**spec))
        self.iam = MemoryIam()
        self.clock = MemoryClock()
        self.seconds = 0.0
        self.asked: dict[str, Contribution] = {}
        self.start()

    def start(self, fault: Fault | None = None) -> None:
        """A new process, which has not heard of any binding."""
        self.cluster = MemoryCluster(self.server)
        self.added: list[Key] = []
        self.board = IdentityBoard(self.added.append, seconds=lambda: self.seconds)
        self.roles = MemoryRoles(self.iam, self.clock, fault)
        self.reconciler = IdentityReconciler(
            self.cluster, self.roles, self.board, self.clock, lambda: CLUSTER, seconds=lambda: self.seconds
        )

    def bind(self, name: str, *statements: Statement, given: Grant | None = None, **others: Any) -> None:
        """A ServiceBinding, and what its reconciler makes of it."""
        if self.server.get(binding_ref(name)) is None:
            self.server.create(
                {
                    "apiVersion": "trimtab.dev/v1alpha1",
                    "kind": "ServiceBinding",
                    "metadata": {"name": name, "namespace": "shop"},
                    "spec": {"workload": {"name": "orders"}, "sqs": {}},
                }
            )
        contribution = Contribution(
            **{"workloads": ("orders",), "grant": given or grant(), "statements": tuple(statements), **others}
        )
        self.asked[name] = contribution
        self.board.contribute("shop", name, contribution)

    def leave(self, name: str) -> None:
        """The binding is being deleted, and nobody uses it."""
        before = self.asked[name]
        self.bind(name, *before.statements, given=before.grant, leaving=True)

    def unbind(self, name: str) -> None:
        """Its finalizer went."""
        self.server.delete(binding_ref(name))
        del self.asked[name]
        self.board.forget("shop", name)

    def tell(self, names: Sequence[str] | None = None) -> None:
        """What the reconcilers of bindings say in a new process."""
        for name in self.asked if names is None else names:
            self.board.contribute("shop", name, self.asked[name])

    async def reconcile(self) -> Outcome:
        return await self.reconciler.reconcile(Run(KEY))

    async def settle(self, rounds: int = 12) -> None:
        """Until nothing is written any more; a process that dies is followed by another one."""
        for _ in range(rounds):
            before = len(self.roles.steps)
            try:
                await self.reconcile()
                done = len(self.roles.steps) == before and self.roles.looks > 0
            except Crash:
                self.start()
                self.tell()
                done = False
            self.clock.advance(5)
            self.seconds += 500
            if done and self.view is not None:
                return
        raise AssertionError(f"no rest after {rounds} rounds: {self.roles.steps[-5:]}")

    @property
    def view(self) -> Any:
        return self.board.view("shop", "orders")

    def condition(self, binding: str = "queue") -> Condition:
        """IdentityInjected of a binding, of which something is known."""
        found = self.board.condition("shop", binding)
        assert found is not None
        return found

    @property
    def role(self) -> Role:
        """The only role that there is."""
        (found,) = self.iam.roles.values()
        return found

    @property
    def allowed(self) -> frozenset[Right]:
        """What all policies that are attached to the one role allow."""
        found = [self.iam.policies[arn] for arn in self.role.attached]
        return frozenset[Right]().union(
            *(read(each) or frozenset() for each in self.role.inline.values()),
            *(read(each.versions[each.default]) or frozenset() for each in found),
        )

    def edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        self.server.edit(ORDERS, change)


def binding_ref(name: str) -> ObjectRef:
    return ObjectRef(api_version="trimtab.dev/v1alpha1", kind="ServiceBinding", namespace="shop", name=name)
