"""What the cache keeps of an object: nothing that no decision depends on, and equal strings only once."""

from sys import intern
from typing import Any

from trimtab.domain.objects import Object

_POD_METADATA = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "labels",
    "ownerReferences",
    "deletionTimestamp",
    "creationTimestamp",
)
_POD_STATUS = (
    "phase",
    "reason",
    "message",
    "startTime",
    "conditions",
    "containerStatuses",
    "initContainerStatuses",
)
_NAMESPACE_METADATA = ("name", "uid", "resourceVersion", "labels", "creationTimestamp", "deletionTimestamp")
_CREDENTIALS = {
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": False,
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": False,
    "AWS_WEB_IDENTITY_TOKEN_FILE": False,
    "AWS_ROLE_ARN": True,
}
"""Variables by which EKS gives pods an AWS identity, and whether their values are kept."""

_ENDPOINT = ("addresses", "conditions", "targetRef")
_NOISE = ("kubectl.kubernetes.io/last-applied-configuration",)
_SHARED = 64
"""Strings up to this length are worth sharing: names, enums, label values."""


def project(obj: Object) -> Object:
    """A copy without managedFields; of pods, EndpointSlices and Namespaces only the telling parts."""
    if obj["kind"] == "Pod":
        return _intern(_pod(obj))  # type: ignore[no-any-return]
    if obj["kind"] == "EndpointSlice":
        return _intern(_endpoint_slice(obj))  # type: ignore[no-any-return]
    if obj["kind"] == "Namespace":
        return _intern(_namespace(obj))  # type: ignore[no-any-return]
    metadata = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
    if "annotations" in metadata:
        metadata["annotations"] = {name: value for name, value in metadata["annotations"].items() if name not in _NOISE}
    return _intern({**obj, "metadata": metadata})  # type: ignore[no-any-return]


def _pod(pod: Object) -> Object:
    metadata, status = pod["metadata"], pod.get("status", {})
    return {
        "apiVersion": pod["apiVersion"],
        "kind": pod["kind"],
        "metadata": {name: metadata[name] for name in _POD_METADATA if name in metadata},
        "spec": _pod_spec(pod.get("spec") or {}),
        "status": {name: status[name] for name in _POD_STATUS if name in status},
    }


def _pod_spec(spec: Object) -> Object:
    """The node, and what containers were given to be somebody in AWS; most have nothing."""
    kept = {name: spec[name] for name in ("nodeName",) if name in spec}
    containers = [
        {"name": container["name"], "env": env}
        for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
        if (env := [_credential(each) for each in container.get("env") or () if each["name"] in _CREDENTIALS])
    ]
    return {**kept, "containers": containers} if containers else kept


def _credential(variable: Object) -> Object:
    kept = ("name", "value") if _CREDENTIALS[variable["name"]] else ("name",)
    return {name: variable[name] for name in kept if name in variable}


def _namespace(namespace: Object) -> Object:
    metadata = namespace["metadata"]
    return {
        "apiVersion": namespace["apiVersion"],
        "kind": namespace["kind"],
        "metadata": {name: metadata[name] for name in _NAMESPACE_METADATA if name in metadata},
    }


def _endpoint_slice(endpoint_slice: Object) -> Object:
    metadata = endpoint_slice["metadata"]
    endpoints = endpoint_slice.get("endpoints") or ()
    return {
        "apiVersion": endpoint_slice["apiVersion"],
        "kind": endpoint_slice["kind"],
        "metadata": {name: metadata[name] for name in _POD_METADATA if name in metadata},
        "endpoints": [{name: each[name] for name in _ENDPOINT if name in each} for each in endpoints],
    }


def _intern(value: Any) -> Any:
    kind = type(value)  # decoded JSON has no subclasses, and this is run for every event
    if kind is str:
        return intern(value) if len(value) <= _SHARED else value
    if kind is dict:
        return {intern(name): _intern(each) for name, each in value.items()}
    if kind is list:
        return [_intern(each) for each in value]
    return value
