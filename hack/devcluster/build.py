"""Everything that must be there before a cluster of a profile can start."""

import subprocess

from devcluster import parts, wheels
from devcluster.errors import ClusterError
from devcluster.gobuild import GoBuild
from devcluster.paths import HACK
from devcluster.spec import ClusterSpec


def ensure(*, name: str, profile: str, kubernetes: str, nodes: int, audit: bool) -> ClusterSpec:
    """Install and build what is missing; the specification of a cluster that is ready to start."""
    install_packages(*({"control-plane", profile}))
    programs = wheels.ensure()
    builds = [build.ensure() for build in _builds(profile, kubernetes)]
    return ClusterSpec(
        name=name,
        profile=profile,
        kubernetes=kubernetes,
        nodes=nodes,
        audit=audit,
        bins=(*(str(build / "bin") for build in builds), str(programs)),
        shares=tuple(str(build / "share") for build in builds),
    )


def install_packages(*sets: str) -> None:
    """Install the missing Debian packages of the sets of hack/bootstrap."""
    if subprocess.run([HACK / "bootstrap", *sorted(sets)]).returncode != 0:
        raise ClusterError("packages are missing (see above)")


def _builds(profile: str, kubernetes: str) -> list[GoBuild]:
    if profile == "control-plane":
        return [parts.kubernetes(kubernetes), parts.kwok(), parts.helm()]
    return [
        parts.kubernetes(kubernetes),
        parts.coredns(),
        parts.metrics_server(),
        parts.helm(),
        parts.contour(),
    ]
