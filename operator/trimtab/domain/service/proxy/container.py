"""The proxy's container, its volume and the ConfigMap of its configuration."""

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.api.microservice import MicroserviceSpec, Port
from trimtab.domain import names
from trimtab.domain.objects import Object
from trimtab.domain.service.containers import lifecycle, security
from trimtab.domain.service.meta import Identity
from trimtab.domain.service.proxy import numbers
from trimtab.domain.service.proxy.bootstrap import bootstrap

NAME = "trimtab-proxy"
"""Name of the container, and of the volume with its configuration."""

_USER = 65532
"""The user `nonroot` of distroless images; Envoy needs no entry for it."""

_FOLDER, _FILE = "/etc/trimtab-proxy", "envoy.json"

_RESOURCES = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}}
"""With a CPU limit, from which the number of worker threads follows."""


def container(spec: MicroserviceSpec, image: str) -> dict[str, Any]:
    """An init container that starts before all others and ends after them (Kubernetes: sidecar containers)."""
    return {
        "name": NAME,
        "image": image,
        "restartPolicy": "Always",
        "command": ["/usr/local/bin/envoy"],
        "args": [
            "--config-path",
            f"{_FOLDER}/{_FILE}",
            "--concurrency",
            "$(CPU_LIMIT)",
            "--disable-hot-restart",
            "--log-level",
            "error",
        ],
        "env": [{"name": "CPU_LIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1"}}}],
        "ports": [*_ports(spec.ports)],
        "resources": _RESOURCES,
        "volumeMounts": [{"name": NAME, "mountPath": _FOLDER, "readOnly": True}],
        "startupProbe": {
            "httpGet": {"path": "/ready", "port": numbers.METRICS},
            "periodSeconds": 1,
            "failureThreshold": 60,
        },
        "lifecycle": lifecycle(spec),
        "securityContext": security(read_only=True, user=_USER, group=_USER),
    }


def volume(owner: Identity, revision: str) -> dict[str, Any]:
    """The volume with the configuration of that revision."""
    return {"name": NAME, "configMap": {"name": names.proxy_config(owner.name, revision)}}


def config_map(owner: Identity, spec: MicroserviceSpec, revision: str) -> dict[str, Any]:
    """The record (name, data) of the immutable ConfigMap with the configuration."""
    text = names.canonical(bootstrap(owner, spec, revision))
    return {"name": names.proxy_config(owner.name, revision), "data": {_FILE: text}}


def of_template(template: Object) -> Mapping[str, Any] | None:
    """The proxy's container in a pod template; None if the template has no proxy."""
    found = (each for each in template["spec"].get("initContainers", ()) if each["name"] == NAME)
    return next(found, None)


def pod_ports(template: Object) -> list[list[int]]:
    """For each port of the service, the ports on which its pods of that template take connections."""
    app = template["spec"]["containers"][0].get("ports", ())
    if of_template(template) is None:
        return [[port["containerPort"]] for port in app]
    return [[numbers.direct(index), numbers.routed(index)] for index in range(len(app))]


def _ports(ports: tuple[Port, ...]) -> Iterator[dict[str, Any]]:
    """The `direct` ports carry the names by which the service's address finds them."""
    for index, port in enumerate(ports):
        yield {"name": port.name, "containerPort": numbers.direct(index), "protocol": "TCP"}
    for index in range(len(ports)):
        yield {"containerPort": numbers.routed(index), "protocol": "TCP"}
    yield {"name": numbers.METRICS_NAME, "containerPort": numbers.METRICS, "protocol": "TCP"}
