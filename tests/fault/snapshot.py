"""The end state of a run, without what differs from run to run anyway, and how two of them differ."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.kube import CHILD_KINDS, Kube, Object
from tests.support.mirror import Mirror, Seen

KINDS = ("Microservice", *CHILD_KINDS, "ReplicaSet", "Pod")

_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_DIGEST = re.compile(r"(?<=credentials=)[0-9a-z]+")
_ADDRESS = re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b")

Snapshot = Mapping[str, Any]
"""The masked objects by `kind/name`; pods and ReplicaSets by `Pod/<revision>/<number>`."""


async def snapshot(kube: Kube, namespace: str) -> Snapshot:
    """All objects of the kinds that matter, masked."""
    state: dict[str, Any] = {}
    for kind in KINDS:
        for item in (await kube.list(kind, namespace))["items"]:
            if item["metadata"]["name"] in ("default", "kube-root-ca.crt"):
                continue
            state[_label(item, state)] = _masked(item, namespace)
    return state


def _label(item: Object, state: Mapping[str, Any]) -> str:
    if item["kind"] not in ("Pod", "ReplicaSet"):
        return f"{item['kind']}/{item['metadata']['name']}"
    number = 0
    while (label := f"{item['kind']}/{_maker(item)}/{number}") in state:
        number += 1
    return label


def _maker(item: Object) -> str:
    """The Job or the revision that a pod or ReplicaSet is for (names of ReplicaSets depend on the Secret's UID)."""
    labels = item["metadata"]["labels"]
    return str(labels.get("job-name") or labels["trimtab.dev/revision"])


def _masked(item: Object, namespace: str) -> Any:
    metadata = item["metadata"]
    template_hash = metadata.get("labels", {}).get("pod-template-hash", "<none>")
    for field in ("resourceVersion", "uid", "creationTimestamp", "generateName"):
        metadata.pop(field, None)
    ours = [entry for entry in metadata.pop("managedFields", ()) if entry["manager"].startswith("trimtab")]
    metadata["managedFields"] = sorted(({**entry, "time": ""} for entry in ours), key=lambda entry: str(sorted(entry)))
    if item["kind"] == "Pod":
        labels = {key: value for key, value in metadata["labels"].items() if not key.startswith("topology.")}
        item = {"metadata": {"labels": labels, "annotations": metadata.get("annotations")}}
    text = json.dumps(item, sort_keys=True).replace(namespace, "<namespace>").replace(template_hash, "<hash>")
    for pattern, mask in ((_UID, "<uid>"), (_TIME, "<time>"), (_ADDRESS, "<address>"), (_DIGEST, "<digest>")):
        text = pattern.sub(mask, text)
    return json.loads(text)


def history(mirror: Mirror, namespace: str) -> Counter[tuple[str, str, str]]:
    """How often each key was ADDED and DELETED, pods and ReplicaSets counted by what made them."""

    def key(seen: Seen) -> tuple[str, str]:
        return seen.kind, _maker(seen.obj) if seen.kind in ("Pod", "ReplicaSet") else seen.key[2]

    counts = mirror.counts(namespace, key)
    return Counter({(event, *who): n for (event, who), n in counts.items()})


def differences(one: Any, other: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """The paths at which two JSON values differ, with both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        pairs: Iterable[tuple[Any, Any, Any]] = ((k, one.get(k), other.get(k)) for k in one.keys() | other.keys())
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = ((i, a, b) for i, (a, b) in enumerate(zip(one, other, strict=True)))
    else:
        return {} if one == other else {path: (one, other)}
    return {p: v for k, a, b in pairs for p, v in differences(a, b, f"{path}/{k}").items()}
