"""From a watch event to the queue: update the cache, find whom it concerns, add the key. It cannot fail or wait."""

import time
from collections.abc import Callable
from typing import Any

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.kinds import (
    BINDING_POLICY,
    CANARY_RELEASE,
    CLUSTERED,
    ENDPOINT_SLICE,
    GATEWAY,
    LEASE,
    MICROSERVICE,
    NAMESPACE,
    POD,
    SERVICE_BINDING,
)
from trimtab.adapters.kubernetes.watches import WatchObserver
from trimtab.domain import labels
from trimtab.domain.objects import Object, ref_of
from trimtab.domain.release.policy import targets_of
from trimtab.reconcilers.microservice import microservice_ref
from trimtab.reconcilers.queue import Key, WorkQueue
from trimtab.shell.binding_intake import SETTLE, BindingIntake, is_ours, key_of
from trimtab.shell.metrics import watch_events

SETTLE_PER_POD = 0.001
MAX_SETTLE = 1.0
"""A look at a service of 1,000 pods is dear, and if they crash there is no end of events: once a second is enough."""

_DELETED = "DELETED"
_GROUP = f"{MICROSERVICE.group}/"
_CLUSTERED = frozenset(kind.kind for kind in CLUSTERED)


class Intake:
    """Takes in watch events. `serves` says whether a namespace is ours to deal with."""

    def __init__(
        self,
        cache: ObjectCache,
        queue: WorkQueue,
        *,
        serves: Callable[[str], bool],
        clustered: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache = cache
        self._queue = queue
        self._bindings = BindingIntake(cache, queue)
        self._serves = serves
        self._scope = (lambda _: "") if clustered else (lambda namespace: namespace)
        self._clock = clock
        self.observer: WatchObserver | None = None
        self.heartbeat: float | None = None

    def event(self, type_: str | None, obj: Object) -> None:
        """One event: `type_` is ADDED, MODIFIED, DELETED, or None for an object of a list."""
        kind = obj["kind"]
        watch_events(kind, type_ or "LISTED").inc()
        if kind == LEASE.kind:
            self.heartbeat = self._clock()
            return
        namespace = obj["metadata"].get("namespace", "")
        if kind not in _CLUSTERED and not self._serves(namespace):
            return
        ref = ref_of(obj)
        before, secrets = self._cache.get(ref), self._cache.secrets_of(ref)
        stale = type_ is None and before is not None and _older(obj, before)
        if self.observer is not None and not stale:  # a listed object that is older than ours has to be looked at
            self.observer.saw(kind, self._scope(namespace), ref)
        changed = self._cache.remove(obj) if type_ == _DELETED else self._cache.put(obj)
        if changed:
            self._concern(self._cache.get(ref), before)
            self._bindings.user(ref, secrets)

    def found(self, obj: Object) -> None:
        """An object that a list of ours found; its watch may be late."""
        self.event(None, obj)

    def gone(self, obj: Object) -> None:
        """An object that a gap in a watch made doubtful, and that the cache has read anew or dropped."""
        self._concern(None, obj)

    def wrote(self, obj: Object, before: Object | None) -> None:
        """A status of ours, as the API server answered: its watch event, which is late, would be no news any more."""
        self._concern_neighbours(self._cache.get(ref_of(obj)), before)

    def applied_secret(self, namespace: str, name: str) -> None:
        """A Secret of ours was written, which no watch tells."""
        self._bindings.secret(namespace, name)

    def everything(self) -> None:
        """Adds every resource of our own kinds that is known."""
        for kind in (MICROSERVICE.kind, CANARY_RELEASE.kind):
            for obj in self._cache.of_kind(kind):
                self._queue.add(key_of(obj))
        for key in self._bindings.everything():
            self._queue.add(key)

    def _concern(self, obj: Object | None, before: Object | None) -> None:
        """Adds whoever depends on an object that appeared, changed or went."""
        known = obj or before
        if known is None:
            return
        match known["kind"]:
            case MICROSERVICE.kind | CANARY_RELEASE.kind | SERVICE_BINDING.kind | BINDING_POLICY.kind:
                self._resource(known, obj, before)
                self._concern_neighbours(obj, before)
            case GATEWAY.kind:
                if obj is None or before is None or obj.get("spec") != before.get("spec"):
                    self._attached_to(known)
            case NAMESPACE.kind:
                self._bindings.namespace(obj, before)
            case kind:
                owner = owner_of(known)
                if owner is not None and (obj is None or before is None or _differs(obj, before)):
                    self._owned(kind, Key(MICROSERVICE.kind, known["metadata"]["namespace"], owner))

    def _owned(self, kind: str, owner: Key) -> None:
        """Adds the owner of an object; also the releases under way that judge it by such objects."""
        if kind != ENDPOINT_SLICE.kind or self._is_released(owner):
            self._settle(owner, owner)
        for policy in self._cache.policies_of(owner.namespace, owner.name) if kind == POD.kind else ():
            if self._queue.is_preferred(key_of(policy)):
                self._settle(key_of(policy), owner)

    def _is_released(self, key: Key) -> bool:
        """Whether a CanaryRelease concerns the service, or did until lately: only then endpoints decide anything."""
        microservice = self._cache.get(microservice_ref(key))
        echo = ((microservice or {}).get("status") or {}).get("release")
        return bool(echo or self._cache.policies_of(key.namespace, key.name))

    def _settle(self, key: Key, owner: Key) -> None:
        pods = self._cache.pod_count(owner.namespace, owner.name)
        self._queue.add_after(key, min(MAX_SETTLE, SETTLE + SETTLE_PER_POD * pods))

    def _resource(self, known: Object, obj: Object | None, before: Object | None) -> None:
        """Skips the echo of our own status write: a status that changes while its key runs is the work of that run."""
        if not is_ours(known):
            return
        key = key_of(known)
        if obj is not None and before is not None and self._queue.is_running(key) and _same_but_status(obj, before):
            return
        self._queue.add(key)

    def _concern_neighbours(self, obj: Object | None, before: Object | None) -> None:
        """Our kinds act on each other's published status, and on nothing else."""
        known = obj or before
        if known is None or (obj is not None and before is not None and not _differs(obj, before)):
            return
        match known["kind"]:
            case MICROSERVICE.kind:
                for policy in self._cache.policies_of(known["metadata"]["namespace"], known["metadata"]["name"]):
                    self._queue.add(key_of(policy))
                self._bindings.microservice(obj, before)
            case CANARY_RELEASE.kind if _commands(obj) != _commands(before):
                self._commanded(known, {*targets_of(obj or {}), *targets_of(before or {})})
            case SERVICE_BINDING.kind:
                self._bindings.binding(obj, before)
            case BINDING_POLICY.kind:
                self._bindings.policy(obj, before)

    def _commanded(self, release: Object, targets: set[str]) -> None:
        namespace = release["metadata"]["namespace"]
        for target in targets:
            self._queue.add(Key(MICROSERVICE.kind, namespace, target))
            self._rivals(namespace, target, release)

    def _rivals(self, namespace: str, target: str, known: Object) -> None:
        """Another CanaryRelease of the same target may have to act now, or no longer."""
        for policy in self._cache.policies_of(namespace, target):
            if policy["metadata"]["name"] != known["metadata"]["name"]:
                self._queue.add(key_of(policy))

    def _attached_to(self, gateway: Object) -> None:
        name, namespace = gateway["metadata"]["name"], gateway["metadata"]["namespace"]
        for microservice in self._cache.of_kind(MICROSERVICE.kind):
            named = (microservice["spec"].get("expose") or {}).get("gateway") or {}
            own = microservice["metadata"]["namespace"]
            if named.get("name") == name and named.get("namespace", own) == namespace:
                self._queue.add(key_of(microservice))


def owner_of(obj: Object) -> str | None:
    """The Microservice that an object belongs to: its controlling owner, else (pods, Jobs of CronJobs) its label."""
    for owner in obj["metadata"].get("ownerReferences", ()):
        if owner.get("controller") and owner["kind"] == MICROSERVICE.kind and owner["apiVersion"].startswith(_GROUP):
            return str(owner["name"])
    name = obj["metadata"].get("labels", {}).get(labels.MICROSERVICE)
    return str(name) if name else None


def _commands(policy: Object | None) -> Any:
    """What Microservices hear of a CanaryRelease: all but what its status says of the release itself."""
    if policy is None:
        return None
    targets = (policy.get("status") or {}).get("targets") or ()
    metadata = {name: policy["metadata"].get(name) for name in ("uid", "annotations", "deletionTimestamp")}
    return policy["spec"], metadata, [(each.get("name"), each.get("order"), each.get("rejected")) for each in targets]


def _older(one: Object, other: Object) -> bool:
    return int(one["metadata"]["resourceVersion"]) < int(other["metadata"]["resourceVersion"])


def _differs(one: Object, other: Object) -> bool:
    return _without(one, "") != _without(other, "")


def _same_but_status(one: Object, other: Object) -> bool:
    return _without(one, "status") == _without(other, "status")


def _without(obj: Object, field: str) -> Object:
    metadata = {name: value for name, value in obj["metadata"].items() if name != "resourceVersion"}
    return {**{name: value for name, value in obj.items() if name != field}, "metadata": metadata}
