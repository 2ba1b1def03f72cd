"""The safety properties of releases, checked at every version of every object, in the order of the API server's writes.

They are S1, S2, S5 and S6 of the design: a revision gets only what its ready pods carry, weights sum to 100, what was
aborted stays without traffic, and stable keeps its pods until traffic has left it. resourceVersions order the writes of
all kinds, because one etcd holds them all.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.support.kube import Object
from tests.support.mirror import Mirror, Seen

KINDS = ("Microservice", "CanaryRelease", "Deployment", "Service", "HTTPRoute", "Pod")
"""What a mirror must hold for `violations`."""


def violations(mirror: Mirror, *, grace: float = 0.0) -> list[str]:
    """Every write that breaks a property, in words.

    `grace`: seconds for which a pod still counts as ready after it was lost; 0 unless the test takes pods away, since
    nobody can know of a loss before he hears of it.
    """
    world = _World(grace=grace)
    return [found for seen in _in_order(mirror) for found in world.take(seen)]


def _in_order(mirror: Mirror) -> list[Seen]:
    return sorted(mirror.history, key=lambda seen: int(seen.obj["metadata"]["resourceVersion"]))


@dataclass(slots=True)
class _World:
    """What was true at the moment of a write."""

    grace: float
    wanted: dict[str, int] = field(default_factory=dict)
    ready: dict[str, dict[str, float]] = field(default_factory=dict)
    weights: dict[str, dict[str, int]] = field(default_factory=dict)
    replicas: dict[str, int] = field(default_factory=dict)
    aborted: dict[str, set[str]] = field(default_factory=dict)
    under_way: set[tuple[str, str]] = field(default_factory=set)
    """(service, revision) whose abort is written, while a write of the route decided before it may still arrive.

    A CanaryRelease's reconciler and a Microservice's read each other's status by watch, and no transaction spans two
    objects: what aborts a revision, such as a pod that was started again, may at the same moment be what lets the other
    give the revision its ordered weight back. One such write may come until the revision is at 0, and none after it.
    """

    def take(self, seen: Seen) -> Iterator[str]:
        """Takes in one event and yields what it breaks."""
        match seen.kind:
            case "Pod":
                self._pod(seen)
            case "Microservice":
                self.wanted[seen.key[2]] = seen.obj["spec"].get("replicas", 1)
            case "CanaryRelease":
                self._release(seen.obj)
            case "HTTPRoute" if seen.type == "LISTED":
                # As it was found, when the mirror began or after its stream broke off: who wrote it when is not known.
                self.weights[seen.key[2]] = _weights(seen.obj)
            case "HTTPRoute" if seen.type != "DELETED":
                yield from self._route(seen)
            case "Deployment" if seen.type == "DELETED":
                self.replicas.pop(seen.key[2], None)
            case "Deployment":
                yield from self._deployment(seen)

    def _pod(self, seen: Seen) -> None:
        labels = seen.obj["metadata"].get("labels", {})
        arm = f"{labels.get('trimtab.dev/microservice')}-{labels.get('trimtab.dev/revision')}"
        pods = self.ready.setdefault(arm, {})
        name = seen.key[2]
        conditions = seen.obj.get("status", {}).get("conditions", ())
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
        if ready and "deletionTimestamp" not in seen.obj["metadata"] and seen.type != "DELETED":
            pods[name] = math.inf
        elif name in pods and pods[name] == math.inf:
            pods[name] = seen.at + self.grace

    def _count(self, arm: str, at: float) -> int:
        return sum(until > at for until in self.ready.get(arm, {}).values())

    def _release(self, release: Object) -> None:
        status = release.get("status", {})
        for target in status.get("targets", ()):
            refused = self.aborted.setdefault(target["name"], set())
            order = target.get("order", {})
            if status.get("phase") in ("Aborting", "Aborted") and (rejected := target.get("rejected")):
                if rejected["revision"] not in refused:
                    self.under_way.add((target["name"], rejected["revision"]))
                refused.add(rejected["revision"])
            elif order.get("candidate") and order.get("capacity"):
                refused.discard(order["candidate"])

    def _route(self, seen: Seen) -> Iterator[str]:
        name, version = seen.key[2], seen.obj["metadata"]["resourceVersion"]
        for rule in seen.obj["spec"]["rules"]:
            backends = rule.get("backendRefs") or []
            if not backends:
                yield f"S2: route {name} at {version} has a rule without backends"
            if len(backends) > 1 and sum(b.get("weight", 1) for b in backends) != 100:
                yield f"S2: the weights of route {name} at {version} sum to {sum(b.get('weight', 1) for b in backends)}"
        weights = _weights(seen.obj)
        before, self.weights[name] = self.weights.get(name, {}), weights
        for arm, weight in weights.items():
            if arm != name and weight > before.get(arm, 0):
                yield from self._carried(name, arm, weight, seen)
        for revision in self.aborted.get(name, ()):
            arm = f"{name}-{revision}"
            weight, raised = weights.get(arm, 0), weights.get(arm, 0) > before.get(arm, 0)
            if raised and (name, revision) not in self.under_way:
                yield f"S5: route {name} at {version} gives {weight} % to {arm}, which was aborted"
            if raised or before.get(arm, 0) > weight == 0:
                self.under_way.discard((name, revision))

    def _carried(self, name: str, arm: str, weight: int, seen: Seen) -> Iterator[str]:
        ready, wanted = self._count(arm, seen.at), self.wanted.get(name, 1)
        version = seen.obj["metadata"]["resourceVersion"]
        if ready == 0:
            yield f"S1: route {name} at {version} gives {weight} % to {arm}, which has no ready pod"
        elif ready < math.ceil(wanted * weight / 100) and not self._falls_back(name, arm, seen.at):
            yield f"S1: route {name} at {version} gives {weight} % of {wanted} pods' load to {ready} pods of {arm}"

    def _falls_back(self, name: str, arm: str, at: float) -> bool:
        """Whether another arm is out of the question, so that what is left of this one must carry everything."""
        others = [other for other in self.weights[name] if other != arm and other != name]
        refused = {f"{name}-{revision}" for revision in self.aborted.get(name, ())}
        return all(other in refused or not self._count(other, at) for other in others)

    def _deployment(self, seen: Seen) -> Iterator[str]:
        """A Deployment is to be judged when pods are taken from it.

        Its controller reports on it at any time, such as between a person's wish for more pods and the write that
        brings them.
        """
        labels = seen.obj["metadata"].get("labels", {})
        service, arm = labels.get("trimtab.dev/microservice", ""), seen.key[2]
        weight = self.weights.get(service, {}).get(arm, 0)
        replicas, wanted = seen.obj["spec"].get("replicas", 1), self.wanted.get(service, 1)
        before, self.replicas[arm] = self.replicas.get(arm, math.inf), replicas
        if seen.type == "LISTED" or replicas >= before:
            return
        if weight and replicas < math.ceil(wanted * weight / 100):
            version = seen.obj["metadata"]["resourceVersion"]
            yield f"S6: {arm} at {version} is to have {replicas} pods while {weight} % of {wanted} pods' load go there"


def _weights(route: Object) -> dict[str, int]:
    """What each backend is given of the requests that reach it by the rule that gives it most, in percent."""
    weights: dict[str, int] = {}
    for rule in route["spec"]["rules"]:
        backends = rule.get("backendRefs") or []
        for backend in backends:
            given = 100 if len(backends) == 1 else backend.get("weight", 1)
            weights[backend["name"]] = max(weights.get(backend["name"], 0), given)
    return weights
