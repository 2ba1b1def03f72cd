"""An API server in memory: server-side apply with field ownership, preconditions, generations, and a history.

It knows no schemas: lists are atomic, and nothing is defaulted. The contract suite tells how far the likeness goes.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from trimtab.domain.objects import Object, ObjectRef, ref_of
from trimtab.ports.cluster import ConflictError, InvalidError, NotFoundError, TerminatingError

Path = tuple[str, ...]

_NOT_OWNED = frozenset({("apiVersion",), ("kind",)} | {("metadata", f) for f in ("name", "namespace", "uid")})
_MAIN = ("metadata", "spec", "data", "binaryData", "immutable", "type", "automountServiceAccountToken", "revision")


@dataclass(slots=True)
class _Stored:
    obj: dict[str, Any]
    owned: dict[str, set[Path]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of the history: ADDED, MODIFIED or DELETED."""

    type: str
    ref: ObjectRef


class MemoryServer:
    """The state that outlives any client. `listeners` hear of every change, as a watch would."""

    def __init__(self) -> None:
        self._stored: dict[ObjectRef, _Stored] = {}
        self._numbers = count(1)
        self.history: list[Change] = []
        self.listeners: list[Callable[[str, Object], None]] = []
        self.terminating: set[str] = set()
        self.unserved: set[tuple[str, str]] = set()
        self.older: set[str] = set()
        self.ending: dict[str, bool] = {}
        self.admission: list[Callable[[dict[str, Any]], None]] = []

    def get(self, ref: ObjectRef) -> Object | None:
        """A copy of the object, None if absent."""
        stored = self._stored.get(ref)
        return deepcopy(stored.obj) if stored else None

    def all(self) -> Iterator[Object]:
        """Copies of all objects, in a stable order."""
        return (deepcopy(self._stored[ref].obj) for ref in sorted(self._stored))

    def of_kind(self, *kinds: str) -> list[Object]:
        """Copies of all objects of these kinds, in a stable order."""
        return [deepcopy(self._stored[ref].obj) for ref in sorted(self._stored) if ref.kind in kinds]

    def create(self, obj: Mapping[str, Any]) -> Object:
        """What a user or a controller of the cluster makes."""
        ref = ref_of(obj)
        if ref in self._stored:
            raise ConflictError(f"{ref} already exists")
        return self._insert(ref, dict(deepcopy(obj)), {"user": set(_leaves(obj))})

    def edit(self, ref: ObjectRef, change: Callable[[dict[str, Any]], None], manager: str = "user") -> Object:
        """What a user or a controller of the cluster changes in place; what it sets becomes its own."""
        stored = self._stored[ref]
        before = deepcopy(stored.obj)
        change(stored.obj)
        old, new = dict(_values(before)), dict(_values(stored.obj))
        changed = {path for path in new if old.get(path, stored) != new[path]}
        for owned in stored.owned.values():
            owned -= changed
        stored.owned.setdefault(manager, set()).update(changed)
        return self._commit(ref, before)

    def apply(
        self, manifest: Object, manager: str, *, uid: str | None, version: str | None = None, status: bool = False
    ) -> Object:
        """Server-side apply with force, of the main resource or of the status subresource.

        With `uid`, of the object that has it; without, of a new one.
        """
        ref = ref_of(manifest)
        stored = self._stored.get(ref)
        _check_name(ref)
        if stored is None and status:
            raise NotFoundError(f"{ref} not found")
        if stored is None and uid is not None:
            raise ConflictError(f"uid mismatch: no existing {ref} was found")
        if stored is not None and uid is None:
            raise ConflictError(f"{ref} has been modified")
        if stored is not None and uid != stored.obj["metadata"]["uid"]:
            raise ConflictError(f"uid mismatch: {ref} is another object")
        if stored is not None and version not in (None, stored.obj["metadata"]["resourceVersion"]):
            raise ConflictError(f"{ref} has been modified")
        parts = ("status",) if status else _MAIN
        wanted = {name: deepcopy(manifest[name]) for name in parts if name in manifest}
        if stored is None:
            return self._create_applied(ref, manifest, wanted, manager)
        before = deepcopy(stored.obj)
        _merge(stored, wanted, manager)
        return self._commit(ref, before)

    def delete(self, ref: ObjectRef, *, uid: str | None = None) -> None:
        """Deletes the object and, as the garbage collector would, all that it controls."""
        stored = self._stored.get(ref)
        if stored is None:
            raise NotFoundError(f"{ref} not found")
        if uid not in (None, stored.obj["metadata"]["uid"]):
            raise ConflictError(f"uid mismatch: {ref} is another object")
        if stored.obj["metadata"].get("finalizers"):
            before = deepcopy(stored.obj)
            stored.obj["metadata"].setdefault("deletionTimestamp", "2026-01-01T00:00:00Z")
            self._commit(ref, before)
            return
        self._remove(ref)

    def finalize(self, ref: ObjectRef, finalizer: str, *, uid: str, present: bool) -> Object | None:
        """Adds or removes one finalizer; returns the object, None once it is gone with the last one."""
        stored = self._stored.get(ref)
        if stored is None or stored.obj["metadata"]["uid"] != uid:
            raise ConflictError(f"uid mismatch: {ref} is another object, or gone")
        metadata = stored.obj["metadata"]
        given = metadata.get("finalizers", [])
        if present and finalizer not in given and "deletionTimestamp" in metadata:
            raise InvalidError("no new finalizers can be added if the object is being deleted")
        before = deepcopy(stored.obj)
        metadata["finalizers"] = [*(each for each in given if each != finalizer), *([finalizer] if present else ())]
        if metadata["finalizers"]:
            return self._commit(ref, before)
        del metadata["finalizers"]
        if "deletionTimestamp" not in metadata:
            return self._commit(ref, before)
        self._remove(ref)
        return None

    def admitted(self, obj: Object) -> Object:
        """The object as it would be created: `admission` changes it in place."""
        made = deepcopy(dict(obj))
        for change in self.admission:
            change(made)
        return made

    def _remove(self, ref: ObjectRef) -> None:
        stored = self._stored[ref]
        del self._stored[ref]
        self._tell("DELETED", ref, stored.obj)
        for other, child in list(self._stored.items()):
            owners = child.obj["metadata"].get("ownerReferences", ())
            if other in self._stored and any(owner["uid"] == stored.obj["metadata"]["uid"] for owner in owners):
                self.delete(other)

    def _create_applied(self, ref: ObjectRef, manifest: Object, wanted: dict[str, Any], manager: str) -> Object:
        if ref.namespace in self.terminating:
            raise TerminatingError(f"namespace {ref.namespace} is being terminated")
        obj = {"apiVersion": ref.api_version, "kind": ref.kind, **wanted}
        return self._insert(ref, obj, {manager: set(_leaves(manifest))})

    def _insert(self, ref: ObjectRef, obj: dict[str, Any], owned: dict[str, set[Path]]) -> Object:
        number = next(self._numbers)
        obj["metadata"] = {
            **obj["metadata"],
            "uid": f"00000000-0000-4000-8000-{number:012d}",
            "resourceVersion": str(number),
            "generation": 1,
        }
        self._stored[ref] = _Stored(obj, owned)
        self._tell("ADDED", ref, obj)
        return deepcopy(obj)

    def _commit(self, ref: ObjectRef, before: dict[str, Any]) -> Object:
        obj = self._stored[ref].obj
        if obj != before:
            metadata = obj["metadata"]
            metadata["resourceVersion"] = str(next(self._numbers))
            if obj.get("spec") != before.get("spec"):
                metadata["generation"] += 1
            self._tell("MODIFIED", ref, obj)
        return deepcopy(obj)

    def _tell(self, type_: str, ref: ObjectRef, obj: Object) -> None:
        self.history.append(Change(type=type_, ref=ref))
        for listener in self.listeners:
            listener(type_, deepcopy(obj))


def _check_name(ref: ObjectRef) -> None:
    if len(ref.name) > 253 or ref.name != ref.name.lower():
        raise InvalidError(f"metadata.name: Invalid value: {ref.name!r}")


def _merge(stored: _Stored, wanted: dict[str, Any], manager: str) -> None:
    """Sets what is wanted, and removes what this manager set before and nobody else owns."""
    new = dict(_values(wanted))
    kept = {path for other, paths in stored.owned.items() if other != manager for path in paths}
    for path in stored.owned.get(manager, set()) - set(new) - kept:
        _remove(stored.obj, path)
    for path, value in new.items():
        _set(stored.obj, path, deepcopy(value))
    for other, paths in stored.owned.items():
        if other != manager:
            paths -= set(new)
    stored.owned[manager] = set(new)


def _leaves(obj: Mapping[str, Any]) -> Iterator[Path]:
    return (path for path, _ in _values(obj))


def _values(obj: Mapping[str, Any], prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    for name, value in obj.items():
        path = (*prefix, name)
        if path in _NOT_OWNED or path in (("metadata", "resourceVersion"), ("metadata", "generation")):
            continue
        if isinstance(value, Mapping) and value:
            yield from _values(value, path)
        else:
            yield path, value


def _set(obj: dict[str, Any], path: Path, value: Any) -> None:
    for name in path[:-1]:
        inner = obj.get(name)
        if not isinstance(inner, dict):
            inner = obj[name] = {}
        obj = inner
    obj[path[-1]] = value


def _remove(obj: dict[str, Any], path: Path) -> None:
    parents = []
    for name in path[:-1]:
        parents.append((obj, name))
        inner = obj.get(name)
        if not isinstance(inner, dict):
            return
        obj = inner
    obj.pop(path[-1], None)
    for parent, name in reversed(parents):
        if parent[name] == {}:
            del parent[name]
