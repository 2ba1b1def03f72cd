"""What of a service's ServiceBindings shapes its pods: names and ways, never values."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from trimtab.api.servicebinding import Inject
from trimtab.domain import names
from trimtab.domain.binding.workload import secret_of
from trimtab.domain.objects import Object

ROOT = "SERVICE_BINDING_ROOT"
"""The variable that tells a container where its bindings are (https://servicebinding.io/spec/core/1.1.0/)."""

_DEFAULT_ROOT = "/bindings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One binding as pods have it: the Secret, variables (name, key of the Secret), and whether there are files."""

    name: str
    secret: str
    env: tuple[tuple[str, str], ...] = ()
    files: bool = True

    def to_shape(self) -> dict[str, Any]:
        """As part of a revision's shape; what is as by default is left out."""
        env = [{"name": name, "key": key} for name, key in self.env]
        return {
            "name": self.name,
            "secret": self.secret,
            **({"env": env} if env else {}),
            **({} if self.files else {"files": False}),
        }


def bound(bindings: Iterable[Object]) -> tuple[Bound, ...]:
    """What these ServiceBindings give their workload, by name.

    One that is being deleted gives nothing any more, one that does not parse (an older or a newer CRD) nothing yet.
    """
    live = (each for each in bindings if "deletionTimestamp" not in each["metadata"])
    found = (_bound(each) for each in sorted(live, key=lambda each: str(each["metadata"]["name"])))
    return tuple(each for each in found if each is not None)


def of_shape(shape: str) -> tuple[Bound, ...]:
    """The bindings of a revision, from its shape."""
    return tuple(
        Bound(
            name=each["name"],
            secret=each["secret"],
            env=tuple((variable["name"], variable["key"]) for variable in each.get("env", ())),
            files=each.get("files", True),
        )
        for each in json.loads(shape).get("bindings", ())
    )


def lost(given: Iterable[Bound], bindings: Iterable[Object]) -> bool:
    """Whether pods that are given these would lose one: its ServiceBinding is being deleted, or gone."""
    live = {each["metadata"]["name"] for each in bindings if "deletionTimestamp" not in each["metadata"]}
    return any(each.name not in live for each in given)


def projected(pod: Mapping[str, Any], bindings: Iterable[Bound], *, without: str) -> dict[str, Any]:
    """The spec of a pod with what the bindings give to each of its containers but the one named `without`."""
    given = tuple(bindings)
    volumes = [_volume(each) for each in given if each.files]
    if not given:
        return dict(pod)
    containers = {
        field: [each if each["name"] == without else _container(each, given) for each in pod[field]]
        for field in ("initContainers", "containers")
        if field in pod
    }
    return {**pod, **containers, **({"volumes": [*pod.get("volumes", ()), *volumes]} if volumes else {})}


def _bound(binding: Object) -> Bound | None:
    try:
        inject = Inject.model_validate((binding.get("spec") or {}).get("inject") or {})
    except ValidationError:
        return None
    return Bound(
        name=binding["metadata"]["name"],
        secret=secret_of(binding),
        env=tuple((variable.name, variable.key) for variable in inject.env),
        files=inject.files,
    )


def _container(container: Mapping[str, Any], bindings: tuple[Bound, ...]) -> dict[str, Any]:
    """A variable that the container has already stays as it is, and so does the root that it has chosen.

    Ours come first, so that the user's can be made of them: `$(QUEUE_URL)` sees only what stands before it.
    """
    own = {variable["name"]: variable.get("value") for variable in container.get("env", ())}
    root = (own.get(ROOT) or _DEFAULT_ROOT).rstrip("/")
    variables = {ROOT: {"name": ROOT, "value": root}} if any(each.files for each in bindings) else {}
    for each in bindings:
        for name, key in each.env:
            source = {"secretKeyRef": {"name": each.secret, "key": key}}
            variables.setdefault(name, {"name": name, "valueFrom": source})
    added = [variable for name, variable in variables.items() if name not in own]
    mounts = [
        {"name": _volume_name(each), "mountPath": f"{root}/{each.name}", "readOnly": True}
        for each in bindings
        if each.files
    ]
    env = [*added, *container.get("env", ())]
    mounted = [*container.get("volumeMounts", ()), *mounts]
    return {**container, **({"env": env} if env else {}), **({"volumeMounts": mounted} if mounted else {})}


def _volume(binding: Bound) -> dict[str, Any]:
    """Projected, and mounted whole: the kubelet never updates a file that is mounted by subPath."""
    return {"name": _volume_name(binding), "projected": {"sources": [{"secret": {"name": binding.secret}}]}}


def _volume_name(binding: Bound) -> str:
    """With a dot replaced, which volumes must not have, and a prefix of ours, which keeps clear of the user's own."""
    return names.bounded(f"trimtab-binding-{binding.name.replace('.', '-')}", 63)
