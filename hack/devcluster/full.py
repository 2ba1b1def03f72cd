"""The profile with real pods."""

from devcluster import control_plane
from devcluster.supervisor import Supervisor


def start(supervisor: Supervisor) -> None:
    """The profile `full`."""
    control_plane.start_control_plane(supervisor)
