"""The containers of a pod: the service's own, always named `app`, and the plain ones before and beside it."""

import math
from collections.abc import Sequence
from typing import Any

from trimtab.api.containers import EnvFrom, EnvVar, InitContainer, Resources, Sidecar, VolumeMount
from trimtab.api.microservice import MicroserviceSpec
from trimtab.api.scalars import parse_duration
from trimtab.api.volumes import Volume
from trimtab.domain.service import configmap
from trimtab.domain.service.meta import filled
from trimtab.domain.service.probes import probes

APP = "app"
"""Name of the service's own container: what `kubectl logs` shows and the autoscaler measures."""

DEFAULT_REQUESTS = {"cpu": "100m", "memory": "128Mi"}
"""Requests of the service's container where neither a request nor a limit is given.

Always, not only with `scaling`: a utilisation is a share of the request, and `scaling` is outside the revision, so that
turning it on restarts nothing.
"""


def app(spec: MicroserviceSpec, *, proxied: bool) -> dict[str, Any]:
    """The service's own container. With a proxy, the names of its ports are those of the proxy's ports instead."""
    context = spec.security_context
    container = {
        "name": APP,
        "image": spec.image,
        "imagePullPolicy": spec.image_pull_policy,
        "command": list(spec.command),
        "args": list(spec.args),
        "ports": [_port("" if proxied else port.name, port.port) for port in spec.ports],
        "env": _env(spec.env),
        "envFrom": _env_from(spec.env_from),
        "resources": _with_defaults(spec.resources),
        "volumeMounts": _mounts(spec),
        "lifecycle": lifecycle(spec),
        **probes(spec),
    }
    return {**filled(container), "securityContext": security(read_only=context.read_only_root_filesystem)}


def init(container: InitContainer, spec: MicroserviceSpec) -> dict[str, Any]:
    """A plain container that runs to its end before the others start."""
    own = container.security_context
    read_only = own.read_only_root_filesystem
    if read_only is None:
        read_only = spec.security_context.read_only_root_filesystem
    fields = {
        "name": container.name,
        "image": container.image,
        "imagePullPolicy": container.image_pull_policy,
        "command": list(container.command),
        "args": list(container.args),
        "env": _env(container.env),
        "envFrom": _env_from(container.env_from),
        "resources": resources(container.resources),
        "volumeMounts": [_mount(mount) for mount in container.volume_mounts],
    }
    context = security(read_only=read_only, user=own.run_as_user, group=own.run_as_group)
    return {**filled(fields), "securityContext": context}


def sidecar(container: Sidecar, spec: MicroserviceSpec) -> dict[str, Any]:
    """A plain container beside the service. It stays as long as the service drains, which may need it."""
    ports = filled({"ports": [_port(port.name, port.port) for port in container.ports]})
    return {**init(container, spec), **ports, "lifecycle": lifecycle(spec)}


def resources(wanted: Resources) -> dict[str, Any]:
    """Requests and limits as given."""
    return filled({"requests": dict(wanted.requests), "limits": dict(wanted.limits)})


def _with_defaults(wanted: Resources) -> dict[str, Any]:
    missing = {
        resource: amount for resource, amount in DEFAULT_REQUESTS.items() if resource not in wanted.limits
    }  # with a limit alone, Kubernetes makes it the request
    return filled({"requests": {**missing, **wanted.requests}, "limits": dict(wanted.limits)})


def lifecycle(spec: MicroserviceSpec) -> dict[str, Any]:
    """That of a container that serves: SIGTERM after the drain, while which load balancers learn that it leaves."""
    return {"preStop": {"sleep": {"seconds": whole_seconds(spec.shutdown.drain)}}}


def whole_seconds(duration: str) -> int:
    """A duration of the API in seconds, rounded up."""
    return math.ceil(parse_duration(duration).total_seconds())


def security(*, read_only: bool, user: int | None = None, group: int | None = None) -> dict[str, Any]:
    """What the Pod Security Standard `restricted` asks of each container."""
    context: dict[str, Any] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": read_only,
    }
    if user is not None:
        context["runAsUser"] = user
    if group is not None:
        context["runAsGroup"] = group
    return context


def _port(name: str, number: int) -> dict[str, Any]:
    return filled({"name": name, "containerPort": number, "protocol": "TCP"})


def _env(variables: Sequence[EnvVar]) -> list[dict[str, Any]]:
    return [variable.to_json() for variable in variables]


def _env_from(sources: Sequence[EnvFrom]) -> list[dict[str, Any]]:
    return [source.to_json() for source in sources]


def _mounts(spec: MicroserviceSpec) -> list[dict[str, Any]]:
    mounts = [_mount(volume) for volume in spec.volumes]
    if spec.config is not None:
        mounts.append({"name": configmap.VOLUME, "mountPath": spec.config.mount_path, "readOnly": True})
    return mounts


def _mount(mount: VolumeMount | Volume) -> dict[str, Any]:
    return filled(
        {
            "name": mount.name,
            "mountPath": mount.mount_path,
            "readOnly": mount.read_only,
            "subPath": mount.sub_path,
        }
    )
