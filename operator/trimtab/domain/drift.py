"""Whether a live object still is what we applied.

What counts is that every field of ours has our value. Fields of others (defaults of the API server, an autoscaler,
annotations of a GitOps tool, containers that a webhook injects) are left alone. A field that we applied once and no
longer want is noticed by the annotation `trimtab.dev/applied`, which is itself a field of ours.
"""

from typing import Any

from trimtab.domain import labels, names
from trimtab.domain.objects import Object

_EMPTY: tuple[Any, ...] = (None, "", [], {}, ())

_MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "volumeMounts": ("mountPath",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "ownerReferences": ("uid",),
}
"""Lists that server-side apply merges item by item, and by what (`x-kubernetes-list-map-keys` of the built-in API).

`ports` is in the code: its keys differ between containers and Services. Every other list is atomic.
"""

_ATOMIC_MAPS = frozenset({"selector", "podSelector", "namespaceSelector", "labelSelector", "nodeSelector"})
"""Maps of which the whole is ours: a label that somebody adds to a selector changes what is selected."""

_DROPPED_MAPS = frozenset({"annotations", "labels", "data", "resources"})
"""Maps that the API server leaves out when they are empty. Elsewhere, as in `emptyDir: {}`, an empty map is a value."""

_ATOMIC_KINDS = frozenset({"HTTPRoute", "GRPCRoute", "HorizontalPodAutoscaler"})
"""Kinds all of whose lists are atomic."""

_EXACT_KINDS = frozenset({"NetworkPolicy"})
"""Kinds whose spec is ours to the last field and gets no defaults: what somebody adds to a rule opens or closes it."""


def stamped(manifest: Object) -> Object:
    """The manifest with the annotation by which a later removal of one of its fields is noticed."""
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), labels.APPLIED: names.digest(names.canonical(manifest))}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def differs(desired: Object, live: Object) -> bool:
    """Whether a field of `desired` (quantities in canonical form) has another value in `live`, or none."""
    kind = desired.get("kind")
    for field, value in desired.items():
        if field == "spec" and kind in _EXACT_KINDS:
            changed = _filled(value) != _filled(live.get("spec") or {})
        else:
            changed = _differs(field, value, live.get(field), field == "metadata" or kind not in _ATOMIC_KINDS)
        if changed:
            return True
    return False


def _filled(spec: Object) -> dict[str, Any]:
    return {field: value for field, value in spec.items() if value not in _EMPTY}


def _differs(field: str, desired: Any, live: Any, associative: bool) -> bool:
    if desired == live:  # by far the most frequent case, and the cheapest
        return False
    if isinstance(desired, dict):
        if field in _ATOMIC_MAPS:
            return True
        if not isinstance(live, dict):
            return bool(desired) or live is not None or field not in _DROPPED_MAPS
        return any(_differs(key, value, live.get(key), associative) for key, value in desired.items())
    if isinstance(desired, list | tuple):
        return _list_differs(field, desired, live or (), associative)
    return live is not None or desired not in _EMPTY


def _list_differs(field: str, desired: Any, live: Any, associative: bool) -> bool:
    keys = _merge_keys(field, desired) if associative else ()
    if not keys:
        return len(desired) != len(live) or any(
            _differs("", ours, theirs, associative) for ours, theirs in zip(desired, live, strict=True)
        )
    found = {tuple(item.get(key) for key in keys): item for item in live}
    return any(_differs("", item, found.get(tuple(item.get(key) for key in keys), ()), associative) for item in desired)


def _merge_keys(field: str, items: Any) -> tuple[str, ...]:
    if field == "ports":
        return ("containerPort", "protocol") if items and "containerPort" in items[0] else ("port", "protocol")
    return _MERGE_KEYS.get(field, ())
