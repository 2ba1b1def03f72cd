"""A cluster in memory in which admission gives pods AWS credentials, as the webhook of EKS does."""

from copy import deepcopy
from itertools import count
from typing import Any

from tests.component.identity_world import grant
from tests.component.world import ORDERS, World, microservice

from trimtab.adapters.memory.cluster import Fault
from trimtab.api.reasons import Reason
from trimtab.domain.binding.identity.contribution import Contribution
from trimtab.domain.binding.identity.view import IdentityView
from trimtab.domain.objects import Object, ref_of
from trimtab.domain.outcome import Done, Outcome
from trimtab.domain.service.observation import ClusterSettings
from trimtab.domain.status import Condition
from trimtab.reconcilers.identity.board import IdentityBoard
from trimtab.reconcilers.identity.injections import Injections
from trimtab.reconcilers.microservice import MicroserviceReconciler

ROLE = "arn:aws:iam::123456789012:role/trimtab/shop/shop-shop-orders"
POD_IDENTITY = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
IRSA = ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
"""The variables that EKS adds, by the mode of the identity."""


def view(**fields: Any) -> IdentityView:
    known: dict[str, Any] = {
        "mode": "PodIdentity",
        "ready": True,
        "reason": Reason.IDENTITY_PENDING,
        "message": "",
        "arn": ROLE,
        "granted": frozenset({"queue"}),
    }
    return IdentityView(**known | fields)


class Identified(World):
    """A world in which EKS adds credentials to pods, while `webhook` says so."""

    def __init__(self, mode: str = "PodIdentity") -> None:
        self.webhook = True
        self.mode = mode
        self.asked = 0
        self.seconds = 0.0
        self._numbers = count(1)
        super().__init__()
        self.server.admission.append(self._admit)

    def start(self, fault: Fault | None = None, lease: Any = None) -> None:
        super().start(fault, lease)
        dry_run = self.cluster.dry_run

        async def counted(manifest: Object) -> Object:
            self.asked += 1
            return await dry_run(manifest)

        self.cluster.dry_run = counted  # type: ignore[method-assign]
        self.board = IdentityBoard(lambda key: None)
        injections = Injections(self.cluster, self.board, self.recorder, seconds=lambda: self.seconds)
        self.reconciler = MicroserviceReconciler(
            self.cluster, self.secrets, self.recorder, self.clock, ClusterSettings(), injections
        )

    def show(self, shown: IdentityView | None) -> None:
        self.board.contribute("shop", "queue", Contribution(workloads=("orders",), grant=grant(self.mode)))
        self.board.show("shop", "orders", shown)

    def bind(self, **spec: Any) -> None:
        """A binding that is ready, of a service of AWS unless it says otherwise."""
        kinds = ("Ready", "ResourceReady", "Projected")
        conditions = [{"type": kind, "status": "True", "reason": "x"} for kind in kinds]
        for name in ("queue-binding", "legacy"):
            metadata = {"name": name, "namespace": "shop"}
            self.server.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {}})
        self.server.create(
            {
                "apiVersion": ORDERS.api_version,
                "kind": "ServiceBinding",
                "metadata": {"name": "queue", "namespace": "shop"},
                "spec": {"workload": {"name": "orders"}, **(spec or {"sqs": {}})},
                "status": {"observedGeneration": 1, "conditions": conditions, "binding": {"name": "queue-binding"}},
            }
        )

    def controllers(self) -> None:
        """Pods as the Deployment asks for them, each admitted when it is made; a replaced one is made anew."""
        for deployment in self.server.of_kind("Deployment"):
            template = deployment["spec"]["template"]
            revision = template["metadata"]["labels"]["trimtab.dev/revision"]
            pods = self.server.of_kind("Pod")
            for pod in pods:
                if pod["metadata"]["labels"]["trimtab.dev/revision"] != revision:
                    self.server.delete(ref_of(pod))
            kept = [pod for pod in pods if pod["metadata"]["labels"]["trimtab.dev/revision"] == revision]
            for _ in range(deployment["spec"].get("replicas", 1) - len(kept)):
                self._make_pod(template)
        super().controllers()

    def pods(self) -> list[Object]:
        return self.server.of_kind("Pod")

    def lacking(self) -> list[str]:
        return [pod["metadata"]["name"] for pod in self.pods() if not _names(pod) & set(POD_IDENTITY)]

    def deployed(self) -> bool:
        return bool(self.server.of_kind("Deployment"))

    def blockers(self) -> list[dict[str, Any]]:
        """What the status says that the Microservice waits for."""
        return list((self.server.get(ORDERS) or {})["status"].get("waitingFor", ()))

    def waiting_for(self) -> list[str]:
        return [each["reason"] for each in self.blockers()]

    def condition(self, binding: str = "queue") -> Condition:
        """IdentityInjected of a binding, of which something is known."""
        found = self.board.condition("shop", binding)
        assert found is not None
        return found

    async def run(self) -> Outcome:
        """One run, and then what the controllers make of it."""
        outcome = await self.reconcile()
        self.controllers()
        self.seconds += 5
        self.clock.advance(5)
        return outcome

    async def until_rest(self, rounds: int = 12) -> None:
        for _ in range(rounds):
            before = len(self.server.history)
            if await self.run() == Done() and len(self.server.history) == before:
                return
        raise AssertionError((self.server.get(ORDERS) or {})["status"])

    def _make_pod(self, template: dict[str, Any]) -> None:
        metadata = {**template["metadata"], "name": f"orders-{next(self._numbers)}", "namespace": "shop"}
        pod = self.server.admitted({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
        ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        self.server.create({**deepcopy(dict(pod)), "status": ready})

    def _admit(self, obj: dict[str, Any]) -> None:
        if obj["kind"] == "Pod" and self.webhook:
            for container in obj["spec"]["containers"]:
                added = POD_IDENTITY if self.mode == "PodIdentity" else IRSA
                env = [{"name": name, "value": ROLE if name == "AWS_ROLE_ARN" else "x"} for name in added]
                container["env"] = [*container.get("env", []), *env]


def _names(pod: Object) -> set[str]:
    return {each["name"] for container in pod["spec"]["containers"] for each in container.get("env", ())}


async def served(replicas: int) -> Identified:
    """A world in which this many pods run, all with credentials."""
    world = Identified()
    world.bind()
    world.show(view())
    world.server.create(microservice(replicas=replicas))
    await world.until_rest()
    return world


async def unidentified(replicas: int) -> Identified:
    """A world in which this many pods run that were made without credentials; nothing adds them yet."""
    world = Identified()
    world.webhook = False
    world.bind()
    world.show(view(mode="None", ready=False, arn=""))
    world.server.create(microservice(replicas=replicas))
    await world.until_rest()
    return world
