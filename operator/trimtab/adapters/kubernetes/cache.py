"""The informer cache: the last known state of every watched object.

It is fed by three sources that race: watch events, lists, and the answers to our own writes. The higher
resourceVersion wins (they are ordered within one kind, https://kep.k8s.io/5504), so that a late event never hides
what we have just written. A deleted object leaves a tombstone, so that an event overtaken by the deletion does not
bring it back.
"""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from trimtab.adapters.kubernetes.kinds import USERS
from trimtab.adapters.kubernetes.projection import project
from trimtab.domain import labels
from trimtab.domain.binding.users import is_live, secrets_in
from trimtab.domain.binding.workload import KIND as BINDING
from trimtab.domain.binding.workload import binds, named, secret_of, selector
from trimtab.domain.objects import Object, ObjectRef, controller_uid, ref_of, uid_of
from trimtab.domain.release.policy import KIND as POLICY
from trimtab.domain.release.policy import targets_of
from trimtab.domain.service.meta import API_VERSION
from trimtab.domain.service.meta import KIND as MICROSERVICE

TOMBSTONE_LIFE = 600.0
"""Seconds; far longer than any event can be late."""

_SELECTING = "*"
"""In place of a name, which it cannot be: the ServiceBindings that select their workload."""

_K = TypeVar("_K")


class ObjectCache:
    """Objects by reference and by the UID of their controlling owner; what concerns a Microservice, by its name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._objects: dict[ObjectRef, Object] = {}
        self._of_users: dict[str, set[ObjectRef]] = {kind.kind: set() for kind in USERS}
        self._by_owner: dict[str, set[ObjectRef]] = defaultdict(set)
        self._pods: dict[tuple[str, str], set[ObjectRef]] = defaultdict(set)
        self._endpoints: dict[tuple[str, str], set[ObjectRef]] = defaultdict(set)
        self._policies: dict[tuple[str, str], set[ObjectRef]] = defaultdict(set)
        self._bindings: dict[tuple[str, str], set[ObjectRef]] = defaultdict(set)
        self._projected: dict[tuple[str, str], set[ObjectRef]] = defaultdict(set)
        self._secrets: dict[ObjectRef, frozenset[str]] = {}
        self._users: dict[tuple[str, str], set[ObjectRef]] = defaultdict(set)
        self._tombstones: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._objects)

    def get(self, ref: ObjectRef) -> Object | None:
        """The object as last seen."""
        return self._objects.get(ref)

    def owned_by(self, uid: str) -> list[Object]:
        """All objects whose controlling owner has this UID, in a stable order."""
        return [self._objects[ref] for ref in sorted(self._by_owner.get(uid, ()))]

    def pods_of(self, namespace: str, microservice: str) -> list[Object]:
        """The pods labelled with this Microservice, in a stable order."""
        return [self._objects[ref] for ref in sorted(self._pods.get((namespace, microservice), ()))]

    def pod_count(self, namespace: str, microservice: str) -> int:
        """How many pods are labelled with this Microservice."""
        return len(self._pods.get((namespace, microservice), ()))

    def endpoint_slices_of(self, namespace: str, microservice: str) -> list[Object]:
        """The EndpointSlices of this Microservice's Services, in a stable order."""
        return [self._objects[ref] for ref in sorted(self._endpoints.get((namespace, microservice), ()))]

    def policies_of(self, namespace: str, microservice: str) -> list[Object]:
        """The CanaryReleases with that target, or (no target named) all of the namespace, in a stable order."""
        return [self._objects[ref] for ref in sorted(self._policies.get((namespace, microservice), ()))]

    def bindings_of(
        self, namespace: str, microservice: str = "", given: Mapping[str, str] | None = None
    ) -> list[Object]:
        """The ServiceBindings of a namespace, in a stable order; with a Microservice, those whose workload it is.

        `given` are its labels, by default those of the cached one.
        """
        if not microservice:
            return [self._objects[ref] for ref in sorted(self._bindings.get((namespace, ""), ()))]
        refs = self._bindings.get((namespace, microservice), set()) | self._bindings.get((namespace, _SELECTING), set())
        if not refs:
            return []
        own = self._labels_of(namespace, microservice) if given is None else given
        found = (self._objects[ref] for ref in sorted(refs))
        return [binding for binding in found if binds(binding, microservice, own)]

    def workloads_of(self, binding: Object) -> list[Object]:
        """The Microservices that a ServiceBinding names or selects, in no particular order."""
        namespace, name = binding["metadata"]["namespace"], named(binding)
        if name:
            found = self._objects.get(_microservice(namespace, name))
            return [found] if found is not None else []
        if not selector(binding):
            return []
        return [
            each
            for each in self.of_kind(MICROSERVICE, namespace)
            if binds(binding, each["metadata"]["name"], each["metadata"].get("labels") or {})
        ]

    def projections_of(self, namespace: str, secret: str) -> list[Object]:
        """The ServiceBindings that project that Secret, in a stable order."""
        return [self._objects[ref] for ref in sorted(self._projected.get((namespace, secret), ()))]

    def users_of(self, namespace: str, secret: str) -> list[Object]:
        """What runs, or is going to run, pods that refer to a Secret, and such pods; in a stable order."""
        found = (self._objects[ref] for ref in sorted(self._users.get((namespace, secret), ())))
        return [user for user in found if is_live(user)]

    def secrets_of(self, ref: ObjectRef) -> frozenset[str]:
        """Names of the Secrets that the pods of an object refer to."""
        return self._secrets.get(ref, frozenset())

    def of_kind(self, kind: str, namespace: str = "") -> Iterator[Object]:
        """All objects of a kind, of one namespace or of all."""
        known = self._of_users.get(kind, self._objects)
        refs = [ref for ref in known if ref.kind == kind and namespace in ("", ref.namespace)]
        return (self._objects[ref] for ref in refs if ref in self._objects)

    def put(self, obj: Object) -> bool:
        """Takes in a version of an object; False if something at least as new is known already."""
        ref, version = ref_of(obj), _version(obj)
        if self._buried(uid_of(obj), version):
            return False
        current = self._objects.get(ref)
        if current is not None and version <= _version(current):
            return False
        self._store(ref, obj)
        return True

    def replace(self, obj: Object, expected: Object | None) -> None:
        """Takes in the answer to a live read even if it is older, unless the entry changed since `expected` was there.

        Only so does the cache survive an etcd that was restored from a backup, whose resourceVersions go backwards.
        """
        if self._objects.get(ref_of(obj)) is expected:
            self._store(ref_of(obj), obj)
        else:
            self.put(obj)

    def remove(self, obj: Object) -> bool:
        """Takes in the deletion of an object; False if it was not there, or something newer has its name by now.

        A watch with a selector also says DELETED of an object that lost its label, which we may have given back since.
        """
        self._bury(uid_of(obj), _version(obj))
        ref = ref_of(obj)
        current = self._objects.get(ref)
        if current is None or uid_of(current) != uid_of(obj) or _version(current) > _version(obj):
            return False
        self._discard(ref)
        return True

    def absent(self, ref: ObjectRef, expected: Object | None) -> Object | None:
        """Takes in that a live read found nothing; returns the ghost that was removed, if any."""
        current = self._objects.get(ref)
        if current is None or current is not expected:
            return None
        self.remove(current)
        return current

    def _store(self, ref: ObjectRef, whole: Object) -> None:
        self._discard(ref)
        obj = project(whole)
        self._objects[ref] = obj
        if ref.kind in self._of_users:
            self._of_users[ref.kind].add(ref)
        owner = controller_uid(obj)
        if owner is not None:
            self._by_owner[owner].add(ref)
        microservice = _microservice_of(obj)
        if microservice is not None:
            self._labelled(obj)[microservice].add(ref)
        for target in _targets_of(obj):
            self._policies[target].add(ref)
        for workload in _workloads_of(obj):
            self._bindings[workload].add(ref)
        if ref.kind == BINDING:
            self._projected[ref.namespace, secret_of(obj)].add(ref)
        if secrets := secrets_in(whole):
            self._secrets[ref] = secrets
            for name in secrets:
                self._users[ref.namespace, name].add(ref)

    def _discard(self, ref: ObjectRef) -> None:
        obj = self._objects.pop(ref, None)
        if obj is None:
            return
        if ref.kind in self._of_users:
            self._of_users[ref.kind].discard(ref)
        owner = controller_uid(obj)
        if owner is not None:
            _drop(self._by_owner, owner, ref)
        microservice = _microservice_of(obj)
        if microservice is not None:
            _drop(self._labelled(obj), microservice, ref)
        for target in _targets_of(obj):
            _drop(self._policies, target, ref)
        for workload in _workloads_of(obj):
            _drop(self._bindings, workload, ref)
        if ref.kind == BINDING:
            _drop(self._projected, (ref.namespace, secret_of(obj)), ref)
        for name in self._secrets.pop(ref, ()):
            _drop(self._users, (ref.namespace, name), ref)

    def _labels_of(self, namespace: str, microservice: str) -> Mapping[str, str]:
        found = self._objects.get(_microservice(namespace, microservice))
        return (found["metadata"].get("labels") or {}) if found is not None else {}

    def _labelled(self, obj: Object) -> dict[tuple[str, str], set[ObjectRef]]:
        return self._pods if obj["kind"] == "Pod" else self._endpoints

    def _buried(self, uid: str, version: int) -> bool:
        """Whether a version is older than the deletion; in the end it can only be one that a backup brought back."""
        deleted, at = self._tombstones.get(uid, (-1, 0.0))
        return version <= deleted and self._clock() - at < TOMBSTONE_LIFE

    def _bury(self, uid: str, version: int) -> None:
        now = self._clock()
        self._tombstones[uid] = (version, now)
        self._tombstones.move_to_end(uid)
        while self._tombstones:
            oldest = next(iter(self._tombstones))
            if now - self._tombstones[oldest][1] < TOMBSTONE_LIFE:
                break
            del self._tombstones[oldest]


def _drop(index: dict[_K, set[ObjectRef]], key: _K, ref: ObjectRef) -> None:
    index[key].discard(ref)
    if not index[key]:
        del index[key]


def _microservice(namespace: str, name: str) -> ObjectRef:
    return ObjectRef(api_version=API_VERSION, kind=MICROSERVICE, namespace=namespace, name=name)


def _version(obj: Object) -> int:
    return int(obj["metadata"].get("resourceVersion", "0"))


def _microservice_of(obj: Object) -> tuple[str, str] | None:
    if obj["kind"] not in ("Pod", "EndpointSlice"):
        return None
    name = obj["metadata"].get("labels", {}).get(labels.MICROSERVICE)
    return (obj["metadata"]["namespace"], name) if name else None


def _targets_of(obj: Object) -> set[tuple[str, str]]:
    """Under which keys a CanaryRelease is found: each of its targets, and its namespace alone."""
    if obj["kind"] != POLICY:
        return set()
    return {(obj["metadata"]["namespace"], name) for name in ("", *targets_of(obj))}


def _workloads_of(obj: Object) -> set[tuple[str, str]]:
    """Under which keys a ServiceBinding is found: its workload, and its namespace alone."""
    if obj["kind"] != BINDING:
        return set()
    namespace = obj["metadata"]["namespace"]
    return {(namespace, ""), (namespace, named(obj) or _SELECTING)}
