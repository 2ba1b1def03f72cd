"""A cluster in memory in which releases run: both reconcilers, pods, endpoints, a gateway, and counted requests.

Everything advances in rounds. In each the operator looks at its resources, then the cluster's controllers act, then
time passes and pods are scraped.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.component.release_controllers import Controllers, image_of, is_ready
from tests.component.world import ORDERS, microservice

from trimtab.adapters.memory.cluster import Crash, Fault
from trimtab.adapters.memory.gates import MemoryGates
from trimtab.adapters.memory.metrics import MemoryMetrics
from trimtab.adapters.memory.notifier import MemoryNotifier
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.release.counting.counters import Arm
from trimtab.domain.release.counting.meters import Connections, Errors, Meter
from trimtab.ports.cluster import ClusterError
from trimtab.ports.lease import Lease
from trimtab.reconcilers.courier import Courier
from trimtab.reconcilers.inquiries import Inquiries
from trimtab.reconcilers.queue import Key, WorkQueue
from trimtab.reconcilers.release import ReleaseReconciler
from trimtab.reconcilers.run import Run
from trimtab.reconcilers.sampler import Sampler

RELEASE = ObjectRef(api_version=ORDERS.api_version, kind="CanaryRelease", namespace="shop", name="orders")
ERRORS = Errors("Proxy", 1000)
"""What the KPI {requests: {successRate}} measures."""

TICK = 5
"""Seconds of a round, which is also the interval of releases and of scrapes."""

ENDED = ("Idle", "Promoted", "Aborted")


def canary_release(*targets: str, name: str = "orders", **spec: Any) -> dict[str, Any]:
    """Two short steps, judged by pods."""
    return {
        "apiVersion": RELEASE.api_version,
        "kind": RELEASE.kind,
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "targets": [{"name": target} for target in targets or ("orders",)],
            "strategy": {"canary": {"steps": [{"weight": "25%", "bake": "5s"}, {"weight": "50%", "bake": "5s"}]}},
            "kpis": [{"name": "pods", "pods": {"maxRestarts": 0}}],
            "analysis": {"interval": f"{TICK}s", "readyWithin": "30s"},
            "watch": "5s",
            **spec,
        },
    }


class ReleaseWorld(Controllers):
    """See Controllers. `idle`: no requests come.

    `failing` by image: the share of its requests that fail. `load`: requests in a round.
    """

    def __init__(self) -> None:
        self.metrics: MemoryMetrics | None = MemoryMetrics()
        self.gates = MemoryGates()
        self.notifier = MemoryNotifier()
        self.idle = False
        self.failing: dict[str, float] = {}
        self.load = 1000
        self.due: dict[tuple[Arm, str], float] = {}
        self.weights: list[dict[str, int]] = []
        super().__init__()
        self.server.unserved.clear()
        self.server.listeners.append(self._check)

    def start(self, fault: Fault | None = None, lease: Lease | None = None) -> None:
        """See World."""
        super().start(fault, lease)
        self.queue = WorkQueue("world", clock=lambda: self.clock.now().timestamp())
        self.sampler = Sampler(self.metrics, self.queue.add, scrape=TICK, now=lambda: self.clock.now().timestamp())
        self.inquiries = Inquiries(self.gates, self.queue.add)
        self.courier = Courier(self.notifier, self.clock, on_settled=self.queue.add)
        self.releases = ReleaseReconciler(
            self.cluster,
            self.recorder,
            self.clock,
            self.queue,
            sampler=self.sampler,
            inquiries=self.inquiries,
            courier=self.courier,
        )

    # --- what users do

    def deploy(self, image: str, name: str = "orders") -> None:
        """A new image."""
        self.edit(service(name), lambda obj: obj["spec"].update(image=f"registry.example/{name}:{image}"))

    def say(self, verb: str, release: str = "", nonce: str = "1", name: str = "orders") -> None:
        """A release verb, about the release under way unless another is named."""
        about = release or self.release(name)["releaseID"]
        value = {"trimtab.dev/release": f"{verb}/{about}/{nonce}"}
        ref = ObjectRef(api_version=RELEASE.api_version, kind=RELEASE.kind, namespace="shop", name=name)
        self.edit(ref, lambda obj: obj["metadata"].setdefault("annotations", {}).update(value))

    # --- what is to be seen

    def release(self, name: str = "orders") -> Object:
        """The status of a CanaryRelease."""
        status: Object = self.get("CanaryRelease", name, RELEASE.api_version).get("status") or {}
        return status

    def phase(self, name: str = "orders") -> str:
        return str(self.release(name).get("phase", ""))

    def serving(self, name: str = "orders") -> set[str]:
        """The images of the pods behind the address."""
        endpoints = self.get("EndpointSlice", name, "discovery.k8s.io/v1")["endpoints"]
        pods = [self.get("Pod", each["targetRef"]["name"], "v1") for each in endpoints if each["conditions"]["ready"]]
        return {image_of(pod) for pod in pods}

    def outcomes(self, name: str = "orders") -> list[str]:
        """How the releases ended, newest first."""
        return [each["outcome"] for each in self.release(name).get("history", ())]

    # --- rounds

    async def round(self) -> bool:
        """One round; whether anything changed."""
        before = len(self.server.history)
        done = [await self._attempt(key) for key in self.keys()]
        await self._background()
        self.controllers()
        self.clock.advance(TICK)
        self._serve()
        if self.metrics is not None:
            self.metrics.scrape(self.clock.now().timestamp())
            await self.sampler.tick()
        return not all(done) or len(self.server.history) != before

    async def _background(self) -> None:
        """Lets questions and notices go their way, which are not part of any run."""
        for _ in range(5):
            await asyncio.sleep(0)

    def keys(self) -> list[Key]:
        """Services, then releases, then services again: orders are taken up in the round in which they are given."""
        found = [
            Key(obj["kind"], "shop", obj["metadata"]["name"]) for obj in self.server.of_kind(ORDERS.kind, RELEASE.kind)
        ]
        services = [key for key in found if key.kind == ORDERS.kind]
        return [*services, *(key for key in found if key.kind == RELEASE.kind), *services]

    async def _attempt(self, key: Key) -> bool:
        reconciler = self.reconciler if key.kind == ORDERS.kind else self.releases
        try:
            await reconciler.reconcile(Run(key))
        except Crash:
            self.start()
            return False
        except ClusterError:
            return False  # transient: the queue would try again
        return True

    async def settle(self, rounds: int = 150) -> None:
        """Until nothing changes any more, for two rounds: what came of questions and notices is seen in the next."""
        quiet = 0
        for _ in range(rounds):
            quiet = 0 if await self.round() else quiet + 1
            if quiet == 2:
                return
        raise AssertionError(f"no rest: {self.release().get('conditions')} {self.server.history[-5:]}")

    async def until(self, *phases: str, rounds: int = 80, name: str = "orders") -> None:
        """Until a release is in one of these phases."""
        for _ in range(rounds):
            if self.phase(name) in phases:
                return
            await self.round()
        raise AssertionError(f"{name} is not {phases} but {self.phase(name)}: {self.release(name).get('conditions')}")

    # --- requests

    def _serve(self) -> None:
        """Requests to every ready pod that anything leads to, as the proxies count them."""
        if self.metrics is None:
            return
        routed = self.weights[-1] if self.weights else {}
        ready = [pod for pod in self.pods() if is_ready(pod)]
        deployments = Counter(pod["metadata"]["labels"]["deployment"] for pod in ready)
        for pod in self.pods():
            labels = pod["metadata"]["labels"]
            name, deployment = labels["trimtab.dev/microservice"], labels["deployment"]
            pod_name = pod["metadata"]["name"]
            behind = {each["targetRef"]["name"] for each in self._endpoints(name) if each["conditions"]["ready"]}
            takes = {
                "direct": self.load // len(behind) if pod_name in behind else 0,
                "routed": self.load * routed.get(deployment, 0) // 100 // (deployments[deployment] or 1),
            }
            for listener, requests in takes.items():
                arm = Arm("shop", name, labels["trimtab.dev/revision"], listener)  # type: ignore[arg-type]
                self._count(arm, pod, requests if is_ready(pod) and not self.idle else 0)
        known = {pod["metadata"]["name"] for pod in self.pods()}
        for gone in self.metrics.pods() - known:
            self.metrics.forget(gone)

    def _count(self, arm: Arm, pod: Object, requests: int) -> None:
        """A pod's requests and connections, those that fail evenly among them."""
        assert self.metrics is not None
        name = pod["metadata"]["name"]
        self.metrics.count(arm, name, requests)
        due = self.due.get((arm, name), 0.0) + requests * self.failing.get(image_of(pod).rpartition(":")[2], 0.0)
        self.due[arm, name] = due - int(due)
        self.metrics.count(Meter(arm, ERRORS), name, requests, int(due))
        self.metrics.count(Meter(arm, Connections()), name, requests)

    def _endpoints(self, name: str) -> list[Object]:
        ref = ObjectRef(api_version="discovery.k8s.io/v1", kind="EndpointSlice", namespace="shop", name=name)
        return list((self.server.get(ref) or {}).get("endpoints", ()))

    # --- what must hold at every write (faults.md S1, S2, S6)

    def _check(self, type_: str, obj: Object) -> None:
        if obj["kind"] == "HTTPRoute" and type_ != "DELETED":
            self._check_route(obj)
        if obj["kind"] == "Deployment" and type_ == "MODIFIED":
            self._check_capacity(obj)

    def _check_route(self, route: Object) -> None:
        weights = _weights(route)
        assert sum(weights.values()) == 100, f"S2: {weights}"
        for backend, weight in weights.items():
            ready = [pod for pod in self.pods() if pod["metadata"]["labels"]["deployment"] == backend and is_ready(pod)]
            before = (self.weights[-1] if self.weights else {}).get(backend, 0)
            assert ready or weight <= before or backend == route["metadata"]["name"], f"S1: {weight} % to {backend}"
        if not self.weights or self.weights[-1] != weights:
            self.weights.append(weights)

    def _check_capacity(self, deployment: Object) -> None:
        weight = (self.weights[-1] if self.weights else {}).get(deployment["metadata"]["name"], 0)
        assert not weight or deployment["spec"].get("replicas", 1) > 0, f"S6: no pods for {weight} %"


def service(name: str) -> ObjectRef:
    """A Microservice."""
    return ObjectRef(api_version=ORDERS.api_version, kind=ORDERS.kind, namespace="shop", name=name)


def exposed(name: str = "orders", **spec: Any) -> dict[str, Any]:
    """A Microservice with a route."""
    return internal(name, expose={"gateway": {"name": "public"}, "hosts": ["shop.example"]}, **spec)


def internal(name: str = "orders", **spec: Any) -> dict[str, Any]:
    """A Microservice without a route."""
    obj = microservice(replicas=2, **spec)
    obj["spec"]["image"] = f"registry.example/{name}:1"
    return {**obj, "metadata": {**obj["metadata"], "name": name}}


def _weights(route: Object) -> dict[str, int]:
    return dict(_shares(route["spec"]["rules"][-1]["backendRefs"]))


def _shares(backends: list[Object]) -> Iterator[tuple[str, int]]:
    for backend in backends:
        yield backend["name"], 100 if len(backends) == 1 else backend.get("weight", 1)
