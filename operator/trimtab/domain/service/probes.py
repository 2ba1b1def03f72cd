"""Probes of the container `app`."""

from typing import Any

from trimtab.api.health import Probe
from trimtab.api.microservice import MicroserviceSpec


def probes(spec: MicroserviceSpec) -> dict[str, Any]:
    """The container's probe fields; without any readiness it is a TCP connection to the first port, if there is one."""
    port = spec.ports[0].port if spec.ports else None
    health = spec.health
    wanted = {"readinessProbe": health.readiness, "livenessProbe": health.liveness, "startupProbe": health.startup}
    fields = {field: _probe(probe, port) for field, probe in wanted.items() if probe is not None}
    if health.readiness is None and port is not None:
        fields["readinessProbe"] = {"tcpSocket": {"port": port}, "periodSeconds": 10, "failureThreshold": 3}
    return fields


def _probe(probe: Probe, first_port: int | None) -> dict[str, Any]:
    timing = {
        "periodSeconds": probe.period_seconds,
        "timeoutSeconds": probe.timeout_seconds,
        "failureThreshold": probe.failure_threshold,
    }
    return {**_action(probe, first_port), **timing}


def _action(probe: Probe, first_port: int | None) -> dict[str, Any]:
    if probe.exec is not None:
        return {"exec": {"command": list(probe.exec.command)}}
    if probe.grpc is not None:
        grpc: dict[str, Any] = {"port": probe.grpc.port or first_port}
        return {"grpc": {**grpc, "service": probe.grpc.service} if probe.grpc.service else grpc}
    if probe.tcp is not None:
        return {"tcpSocket": {"port": probe.tcp.port or first_port}}
    return {"httpGet": {"path": probe.path or "/", "port": probe.port or first_port}}
