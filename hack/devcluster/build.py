"""Everything that must be there before a cluster of a profile can start."""

import subprocess

from devcluster import parts, wheels
from devcluster.errors import ClusterError
from devcluster.gobuild import GoBuild
from devcluster.options import Options
from devcluster.paths import HACK
from devcluster.spec import ClusterSpec


def ensure(name: str, options: Options) -> ClusterSpec:
    """Install and build what is missing; the specification of a cluster that is ready to start."""
    _install_packages("control-plane", *(("full",) if options.profile == "full" else ()))
    kubernetes = parts.kubernetes_version(options.kubernetes or parts.DEFAULT_KUBERNETES)
    programs = wheels.ensure()
    builds = [build.ensure() for build in _builds(options.profile, kubernetes)]
    return ClusterSpec(
        name=name,
        profile=options.profile,
        kubernetes=kubernetes,
        nodes=options.nodes,
        audit=options.audit or options.profile == "control-plane",
        bins=(*(str(build / "bin") for build in builds), str(programs)),
        shares=tuple(str(build / "share") for build in builds),
    )


def _install_packages(*sets: str) -> None:
    """Install the missing Debian packages of the sets of hack/bootstrap."""
    if subprocess.run([HACK / "bootstrap", *sets]).returncode != 0:
        raise ClusterError("packages are missing (see above)")


def _builds(profile: str, kubernetes: str) -> list[GoBuild]:
    if profile == "control-plane":
        return [parts.kubernetes(kubernetes), parts.kwok(), parts.helm(), parts.crds()]
    return [
        parts.kubernetes(kubernetes),
        parts.coredns(),
        parts.metrics_server(),
        parts.helm(),
        parts.contour(),
        parts.crds(),
    ]
