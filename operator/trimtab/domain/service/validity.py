"""What a spec must have so that its children can be built.

The CRD's rules say the same at admission, with better words; this catches a spec that came past an older CRD.
"""

from trimtab.api.health import Probe
from trimtab.api.microservice import MicroserviceSpec


def problem(spec: MicroserviceSpec) -> str:
    """The field, the value and the remedy; empty if the children can be built."""
    health = spec.health
    probes = {"readiness": health.readiness, "liveness": health.liveness, "startup": health.startup}
    for name, probe in probes.items():
        if probe is not None and not spec.ports and _needs_a_port(probe):
            return f"spec.health.{name} needs a port, but spec.ports is []: give the probe a port, or use exec"
    for job in spec.jobs:
        if job.run == "Schedule" and not job.schedule:
            return f"spec.jobs: job {job.name} has run: Schedule, but no schedule: add one, such as '0 3 * * *'"
    return ""


def _needs_a_port(probe: Probe) -> bool:
    if probe.exec is not None:
        return False
    given = probe.grpc.port if probe.grpc is not None else probe.tcp.port if probe.tcp is not None else probe.port
    return given is None
