"""The profile with real pods, cluster DNS, resource metrics, a gateway and Prometheus."""

from devcluster import api, containers, control_plane, gateway, services
from devcluster.paths import MANIFESTS
from devcluster.supervisor import Supervisor


def start(supervisor: Supervisor) -> None:
    """The profile `full`. First everything is started, then everything is waited for."""
    spec = supervisor.spec
    containers.start_runtime(supervisor)
    control_plane.start_control_plane(supervisor)
    containers.start_node(supervisor)
    api.install(spec, MANIFESTS / "full", *gateway.manifests(spec))
    supervisor.say("services, roles and CRDs")
    services.start(supervisor)
    gateway.start(supervisor)
    containers.wait_for_node(supervisor)
    gateway.wait(supervisor)
    services.wait(supervisor)
    control_plane.wait_for_service_accounts(supervisor)
