"""The informer cache: the last known state of every watched object.

It is fed by three sources that race: watch events, lists, and the answers to our own writes. The higher
resourceVersion wins (they are ordered within one kind, https://kep.k8s.io/5504), so that a late event never hides
what we have just written. A deleted object leaves a tombstone, so that an event overtaken by the deletion does not
bring it back.
"""

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from typing import TypeVar

from trimtab.adapters.kubernetes.projection import project
from trimtab.domain import labels
from trimtab.domain.objects import Object, ObjectRef, controller_uid, ref_of, uid_of
from trimtab.domain.release.policy import KIND as POLICY
from trimtab.domain.release.policy import targets_of

TOMBSTONE_LIFE = 600.0
"""Seconds; far longer than any event can be late."""

_K = TypeVar("_K")


class ObjectCache:
    """Objects by reference and by the UID of their controlling owner; what concerns a Microservice, by its name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._objects: dict[ObjectRef, Object] = {}
        self._by_owner: dict[str, set[ObjectRef]] = defaultdict(set)
        self._pods: dict[tuple[str, str], set[ObjectRef]] = defaultdict(set)
        self._endpoints: dict[tuple[str, str], set[ObjectRef]] = defaultdict(set)
        self._policies: dict[tuple[str, str], set[ObjectRef]] = defaultdict(set)
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

    def of_kind(self, kind: str, namespace: str = "") -> Iterator[Object]:
        """All objects of a kind, of one namespace or of all."""
        refs = [ref for ref in self._objects if ref.kind == kind and namespace in ("", ref.namespace)]
        return (self._objects[ref] for ref in refs if ref in self._objects)

    def put(self, obj: Object) -> bool:
        """Takes in a version of an object; False if something at least as new is known already."""
        ref, version = ref_of(obj), _version(obj)
        if self._buried(uid_of(obj), version):
            return False
        current = self._objects.get(ref)
        if current is not None and version <= _version(current):
            return False
        self._store(ref, project(obj))
        return True

    def replace(self, obj: Object, expected: Object | None) -> None:
        """Takes in the answer to a live read even if it is older, unless the entry changed since `expected` was there.

        Only so does the cache survive an etcd that was restored from a backup, whose resourceVersions go backwards.
        """
        if self._objects.get(ref_of(obj)) is expected:
            self._store(ref_of(obj), project(obj))
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

    def _store(self, ref: ObjectRef, obj: Object) -> None:
        self._discard(ref)
        self._objects[ref] = obj
        owner = controller_uid(obj)
        if owner is not None:
            self._by_owner[owner].add(ref)
        microservice = _microservice_of(obj)
        if microservice is not None:
            self._labelled(obj)[microservice].add(ref)
        for target in _targets_of(obj):
            self._policies[target].add(ref)

    def _discard(self, ref: ObjectRef) -> None:
        obj = self._objects.pop(ref, None)
        if obj is None:
            return
        owner = controller_uid(obj)
        if owner is not None:
            _drop(self._by_owner, owner, ref)
        microservice = _microservice_of(obj)
        if microservice is not None:
            _drop(self._labelled(obj), microservice, ref)
        for target in _targets_of(obj):
            _drop(self._policies, target, ref)

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
