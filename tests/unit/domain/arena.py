"""A service under a CanaryRelease in a cluster whose parts work one step at a time, in any order.

Every write of the operator is judged when it is made, by what is then true and by what routers and proxies still do.
"""

import copy
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.unit.domain.world import World

from trimtab.domain import labels, names
from trimtab.domain.objects import ObjectRef, ref_of
from trimtab.domain.plan import Apply, Delete, Scale
from trimtab.domain.service.blockers import is_ready
from trimtab.domain.service.observation import Observation
from trimtab.domain.traffic.capacity import pods_for
from trimtab.domain.traffic.order import Order

EXPOSED = {"gateway": {"name": "public"}, "hosts": ["shop.example"]}
_ROUTES = ("HTTPRoute", "GRPCRoute")


class Arena(World):
    """See World. `broken` revisions never have a ready pod."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        super().__init__(spec)
        self.numbers = itertools.count(1)
        self.policy: dict[str, Any] | None = None
        self.slices: dict[str, dict[str, Any]] = {}
        self.routed: dict[str, int] = {}
        self.known: set[str] = set()
        self.broken: set[str] = set()
        self.former = 0

    # --- the release

    def adopt(self, **spec: Any) -> None:
        """Makes a CanaryRelease, without an order."""
        uid = f"policy-{next(self.numbers)}"
        metadata = {"name": "orders", "namespace": "shop", "uid": uid, "creationTimestamp": "2026-01-01T00:00:00Z"}
        self.policy = {"metadata": metadata, "spec": {"targets": [{"name": "orders"}], **spec}, "status": {}}

    def order(self, stable: str, candidate: str = "", **fields: Any) -> Order:
        """Publishes an order; `rejected` is published with it."""
        assert self.policy is not None
        rejected = fields.pop("rejected", None)
        given = {"release": candidate, "provider": "GatewayAPI", **fields}
        order = Order(sequence=next(self.numbers), stable=stable, candidate=candidate, **given)
        entry = {"name": "orders", "order": order.to_status(), **({"rejected": rejected} if rejected else {})}
        self.policy = {**self.policy, "status": {"targets": [entry]}}
        return order

    def current(self) -> Order | None:
        """The order that is published, if it is about this Microservice."""
        targets = ((self.policy or {}).get("status") or {}).get("targets", ())
        order = Order.from_status(targets[0]["order"]) if targets else None
        return order if order is not None and order.sequence != self.former else None

    def remake(self) -> None:
        """The Microservice is deleted with all that it had, and made anew; its CanaryRelease did not look."""
        order = self.current()
        self.former = order.sequence if order is not None else 0
        for held in (self.objects, self.pods, self.slices, self.routed, self.known, self.applied):
            held.clear()
        self.resource["metadata"]["uid"] = f"uid-{self.former}-anew"
        self.resource["status"] = {"observedGeneration": -1}

    def observe(self) -> Observation:
        """See World."""
        slices = tuple(copy.deepcopy(each) for each in self.slices.values())
        return replace(super().observe(), policy=copy.deepcopy(self.policy), endpoint_slices=slices)

    # --- the cluster, one step at a time

    def deployments(self) -> list[dict[str, Any]]:
        """All Deployments."""
        return [obj for ref, obj in sorted(self.objects.items()) if ref.kind == "Deployment"]

    def work(self, name: str) -> bool:
        """One act of the Deployment controller: a pod more or a pod less; whether there was anything to do."""
        deployment = self.find("Deployment", name)
        if deployment is None:
            return self._collect(name)
        template, wanted = deployment["spec"]["template"], deployment["spec"]["replicas"]
        key = names.digest(names.canonical(template))
        own = [pod for pod in self.of(name) if "deletionTimestamp" not in pod["metadata"]]
        new = [pod for pod in own if pod["metadata"]["labels"]["pod-template-hash"] == key]
        old = [pod for pod in own if pod not in new]
        if len(new) < wanted and len(own) < wanted + (1 if old else 0):
            self.pods.append(_pod(f"{name}-{next(self.numbers)}", name, key, template))
        elif extra := _extra(new, old, wanted):
            extra["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        else:
            return self._tell(deployment, own, new)
        self._tell(deployment, own, new)
        return True

    def _collect(self, name: str) -> bool:
        before = len(self.pods)
        self.pods = [pod for pod in self.pods if pod not in self.of(name)]
        return len(self.pods) != before

    def _tell(self, deployment: dict[str, Any], own: list[dict[str, Any]], new: list[dict[str, Any]]) -> bool:
        ready = sum(map(is_ready, own))
        status = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": len(own),
            "updatedReplicas": len(new),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
        }
        changed = deployment.get("status") != status
        deployment["status"] = status
        return bool(changed)

    def of(self, deployment: str) -> list[dict[str, Any]]:
        """The pods of a Deployment."""
        return [
            pod for pod in self.pods if pod["metadata"]["ownerReferences"][0]["name"].rpartition("-")[0] == deployment
        ]

    def start(self) -> bool:
        """One pod becomes ready."""
        for pod in self.pods:
            revision = pod["metadata"]["labels"][labels.REVISION]
            if not is_ready(pod) and "deletionTimestamp" not in pod["metadata"] and revision not in self.broken:
                pod["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
                return True
        return False

    def lose(self, number: int) -> None:
        """A pod is lost for the moment, as with its node."""
        if self.pods:
            self.pods[number % len(self.pods)]["status"] = {"phase": "Running", "conditions": []}

    def bury(self) -> bool:
        """Pods that were asked to end are gone."""
        before = len(self.pods)
        self.pods = [pod for pod in self.pods if "deletionTimestamp" not in pod["metadata"]]
        return len(self.pods) != before

    def slice(self, service: str) -> bool:
        """The EndpointSlice controller looks at one Service."""
        obj = self.find("Service", service)
        if obj is None:
            return self.slices.pop(service, None) is not None
        found = self.selected(obj)
        metadata = {"name": service, "labels": {"kubernetes.io/service-name": service}}
        made = {
            "metadata": metadata,
            "endpoints": [
                {
                    "targetRef": {"kind": "Pod", "name": pod["metadata"]["name"]},
                    "conditions": {"ready": is_ready(pod)},
                }
                for pod in found
            ],
        }
        changed = self.slices.get(service) != made
        self.slices[service] = made
        return changed

    def selected(self, service: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The pods that a Service selects."""
        wanted = service["spec"]["selector"].items()
        return [pod for pod in self.pods if wanted <= pod["metadata"]["labels"].items()]

    def program(self) -> bool:
        """The gateway takes the route in, and says so."""
        route = self.route()
        if route is None:
            changed = bool(self.routed)
            self.routed, self.known = {}, set()
            return changed
        generation = route["metadata"]["generation"]
        conditions = [
            {"type": type_, "status": "True", "observedGeneration": generation}
            for type_ in ("Accepted", "ResolvedRefs")
        ]
        parent = route["spec"]["parentRefs"][0]
        status = {"parents": [{"parentRef": parent, "controllerName": "gateway.example/x", "conditions": conditions}]}
        changed = route.get("status") != status
        route["status"] = status
        self.routed = weights(route)
        self.known = set(self.routed)
        return changed

    def route(self) -> dict[str, Any] | None:
        """The route, if there is one."""
        return next((obj for ref, obj in self.objects.items() if ref.kind in _ROUTES), None)

    def act(self) -> bool:
        """Everybody but the operator does what there is to do now, once; whether anything was."""
        services = [*self.slices, *self.names("Service")]
        owners = {pod["metadata"]["ownerReferences"][0]["name"].rpartition("-")[0] for pod in self.pods}
        done = [self.work(name) for name in sorted({*self.names("Deployment"), *owners})]
        done += [self.start(), self.bury(), *(self.slice(name) for name in sorted(set(services))), self.program()]
        return any(done)

    def rest(self, rounds: int = 300) -> None:
        """Lets all act until nothing changes any more."""
        for _ in range(rounds):
            before = self.writes
            self.reconcile()
            if not self.act() and self.writes == before:
                return
        raise AssertionError(f"no rest: {self.status.get('release')}")

    # --- what must hold at every write

    def _carry_out(self, effect: Apply | Delete | Scale) -> None:
        if isinstance(effect, Apply):
            self._judge(copy.deepcopy(dict(effect.manifest)))
        elif isinstance(effect, Delete):
            self._judge_less(effect.ref, 0)
            self._judge_route_to(effect.ref)
        order = self.current()
        if order is not None:
            assert self.status["release"]["sequence"] == order.sequence, "an effect without its intent"
        super()._carry_out(effect)

    def _judge(self, manifest: dict[str, Any]) -> None:
        ref = ref_of(manifest)
        if ref.kind == "Deployment":
            self._judge_less(ref, manifest["spec"]["replicas"])
            self._judge_more(ref, manifest["spec"]["replicas"])
        elif ref.kind == "Service" and ref.name == "orders":
            self._judge_address(ref, manifest)
        elif ref.kind in _ROUTES:
            self._judge_route(weights(manifest))

    def wanted(self) -> int:
        """The service's own number of pods, as releases see it."""
        return max(1, int(self.resource["spec"].get("replicas", 1)))

    def ready_pods(self, revision: str) -> int:
        """Ready pods of a revision."""
        return sum(is_ready(pod) for pod in self.pods if pod["metadata"]["labels"][labels.REVISION] == revision)

    def _judge_route(self, new: dict[str, int]) -> None:
        old = weights(route) if (route := self.route()) is not None else {}
        order = self.current()
        assert sum(new.values()) == 100, f"S2: {new}"
        for service, weight in new.items():
            assert self.find("Service", service) is not None or service == "orders", f"S1: no Service {service}"
            if service == "orders" or weight <= old.get(service, 0):
                continue
            if old:
                assert service in self.known, f"S1: {weight} % to {service}, which the router does not know yet"
            revision = service.removeprefix("orders-")
            assert self.ready_pods(revision) > 0, f"S1: {weight} % to {revision} without ready pods"
            if order is not None and revision == order.candidate:
                assert weight <= order.weight, f"S5: {weight} % to {revision}, ordered {order}"
                assert self.ready_pods(revision) >= pods_for(weight, self.wanted()), f"S1: {weight} % to too few pods"
            strangers = {name for name, share in old.items() if share} - self._named(order)
            if order is not None and len(strangers) < 2:  # of two that an order jumps over one has to go first
                assert service in self._named(order), f"S5: {weight} % to {revision}, not ordered"

    def _named(self, order: Order | None) -> set[str]:
        return {f"orders-{order.stable}", f"orders-{order.candidate}"} if order is not None else set()

    def _judge_address(self, ref: ObjectRef, manifest: dict[str, Any]) -> None:
        live = self.objects.get(ref)
        if live is None:
            return
        before, after = self.selected(live), self.selected(manifest)
        assert any(map(is_ready, after)) or not any(map(is_ready, before)), "S1: the address loses all that is ready"
        if len(after) > len(before):
            revisions = {pod["metadata"]["labels"][labels.REVISION] for pod in after}
            assert len(revisions) <= 2, f"S5: the address takes in {revisions}"

    def _judge_less(self, ref: ObjectRef, replicas: int) -> None:
        live = self.objects.get(ref)
        if ref.kind != "Deployment" or live is None or live["spec"]["replicas"] <= replicas:
            return
        if ref.name != "orders":
            weight, before = self.routed.get(ref.name, 0), live["spec"]["replicas"]
            needed = min(pods_for(weight, self.wanted()), before)
            assert replicas >= needed, f"S6: {ref.name} goes to {replicas} while {weight} % still go there"
        if replicas == 0:
            self._judge_end(ref)

    def _judge_end(self, ref: ObjectRef) -> None:
        """All pods of an arm go: nobody may still find them by the address, unless as many of the same take over."""
        own = {pod["metadata"]["name"]: pod["metadata"]["labels"][labels.REVISION] for pod in self.of(ref.name)}
        ready = {pod["metadata"]["name"] for pod in self.of(ref.name) if is_ready(pod)}
        found = self.addressed()
        if not ready & found or self.find("Service", "orders") is None:
            return
        others = {pod["metadata"]["name"]: pod["metadata"]["labels"][labels.REVISION] for pod in self.pods}
        heirs = {name for name in found - set(own) if others.get(name) in set(own.values())}
        assert len(heirs) >= self.wanted(), f"S6: {ref.name} goes while the address leads to {ready & found}"

    def _judge_more(self, ref: ObjectRef, replicas: int) -> None:
        """The first pod of a candidate must not get into the address unless that is ordered."""
        live, order, address = self.objects.get(ref), self.current(), self.find("Service", "orders")
        before = live["spec"]["replicas"] if live is not None else 0
        if order is None or address is None or before > 0 or replicas == 0 or ref.name != f"orders-{order.candidate}":
            return
        if order.address == "Stable":
            assert labels.REVISION in address["spec"]["selector"], "S5: the address would take the candidate in"

    def addressed(self) -> set[str]:
        """Names of the ready endpoints of the address, as proxies have them."""
        endpoints = self.slices.get("orders", {}).get("endpoints", ())
        return {each["targetRef"]["name"] for each in endpoints if each["conditions"]["ready"]}

    def _judge_route_to(self, ref: ObjectRef) -> None:
        if ref.kind == "Service":
            assert ref.name not in self.known, f"S1: Service {ref.name} goes while the router knows it"


def weights(route: Mapping[str, Any]) -> dict[str, int]:
    """Percent by Service, of the first rule."""
    backends = route["spec"]["rules"][0]["backendRefs"]
    if len(backends) == 1:
        return {backends[0]["name"]: 100}
    return {each["name"]: each["weight"] for each in backends}


def _pod(name: str, deployment: str, key: str, template: Mapping[str, Any]) -> dict[str, Any]:
    owner = {"kind": "ReplicaSet", "name": f"{deployment}-{key}", "controller": True}
    metadata = {
        "name": name,
        "namespace": "shop",
        "labels": {**template["metadata"]["labels"], "pod-template-hash": key},
        "ownerReferences": [owner],
    }
    return {"metadata": metadata, "spec": {}, "status": {"phase": "Pending", "conditions": []}}


def _extra(new: list[dict[str, Any]], old: list[dict[str, Any]], wanted: int) -> dict[str, Any] | None:
    """The pod that a rolling update would end now."""
    if len(new) > wanted:
        return min(new, key=is_ready)
    ready = sum(map(is_ready, (*new, *old)))
    unready = [pod for pod in old if not is_ready(pod)]
    if unready:
        return unready[0]
    return old[0] if old and ready > wanted else None


def stages(deployments: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    """Names and wanted pods of Deployments."""
    return ((each["metadata"]["name"], each["spec"]["replicas"]) for each in deployments)
