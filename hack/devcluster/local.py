"""A cluster in namespaces of this machine: up, down, status, exec."""

import os
import sys
import time
from pathlib import Path

from devcluster import enter, environment, isolation, pki, running
from devcluster.errors import ClusterError
from devcluster.locking import exclusive
from devcluster.paths import HACK, ClusterPaths
from devcluster.progress import say, tail
from devcluster.spec import ClusterSpec


def up(spec: ClusterSpec) -> None:
    """Start the cluster unless it runs; whatever goes wrong, also Ctrl-C, nothing of it stays behind."""
    paths = spec.paths
    with exclusive(paths.lock, f"it starts or ends cluster {spec.name}"):
        if running.find(paths) is not None and paths.ready.exists():
            _same(spec, _spec(paths))
            say(f"cluster {spec.name} is up already ({spec.profile}, Kubernetes {spec.kubernetes})")
            return
        running.remove(paths)
        started = time.monotonic()
        say(f"starting cluster {spec.name} ({spec.profile}, Kubernetes {spec.kubernetes})")
        try:
            _start(spec)
        except BaseException:
            running.remove(paths)
            raise
        say(f"cluster {spec.name} is up after {time.monotonic() - started:.1f} s: hack/cluster exec --name {spec.name} ...")


def _same(wanted: ClusterSpec, there: ClusterSpec) -> None:
    if (wanted.profile, wanted.kubernetes) != (there.profile, there.kubernetes):
        raise ClusterError(
            f"cluster {there.name} runs as {there.profile} with Kubernetes {there.kubernetes}; "
            f"end it with `hack/cluster down --name {there.name}` or choose another --name"
        )


def _start(spec: ClusterSpec) -> None:
    paths = spec.paths
    paths.logs.mkdir(parents=True)
    certificates = pki.ensure()
    (paths.state / "pki").symlink_to(certificates)
    pki.write_kubeconfigs(certificates, paths.state)
    specification = paths.state / "spec.json"
    spec.write(specification)
    reader, writer = os.pipe()
    supervisor = str(HACK / "devcluster" / "supervisor.py")
    log = paths.logs / "supervisor.log"
    pid = isolation.launch([sys.executable, "-I", supervisor, str(specification), str(writer)], log, (writer,))
    running.record(paths, running.Running.of(pid))
    os.close(writer)
    with os.fdopen(reader) as progress:
        for line in progress:
            if line == "ready\n":
                return
            if line.startswith("failed: "):
                raise ClusterError(f"cluster {spec.name} did not start: {line[8:]}{progress.read()}".rstrip())
            say(f"  {line.rstrip()}")
    raise ClusterError(f"cluster {spec.name} did not start:\n{tail(log.read_text())}")


def down(paths: ClusterPaths) -> None:
    """End the cluster, and remove what a crash left."""
    with exclusive(paths.lock, f"it starts or ends cluster {paths.name}"):
        there = running.find(paths) is not None or paths.state.exists()
        running.remove(paths)
    say(f"cluster {paths.name} is {'gone' if there else 'not there'}")


def status(paths: ClusterPaths) -> int:
    """Say what runs; 0 if the cluster is up, 1 if not."""
    found = running.find(paths)
    if found is None or not paths.ready.exists():
        print(f"cluster {paths.name}: {'down' if found is None else 'starting'}")
        return 1
    spec = _spec(paths)
    print(f"cluster {spec.name}: up, {spec.profile}, Kubernetes {spec.kubernetes}, process {found.pid}, {paths.state}")
    for pid in sorted((paths.state / "pids").iterdir()):
        print(f"  {pid.name} (process {pid.read_text()} inside)")
    return 0


def execute(paths: ClusterPaths, argv: list[str]) -> int:
    """Run a command inside the cluster; its exit code."""
    found = _running(paths)
    return enter.run(found.pid, argv, environment.of_cluster(_spec(paths)))


def load(paths: ClusterPaths, archive: Path) -> int:
    """Import an image archive (OCI or Docker) into the container runtime."""
    if _spec_of_running(paths).profile != "full":
        raise ClusterError(f"cluster {paths.name} runs no containers; only the profile full takes images")
    return execute(paths, ["ctr", "--namespace", "k8s.io", "images", "import", str(archive.resolve())])


def logs(paths: ClusterPaths, component: str) -> str:
    """A component's log; ClusterError naming the components if there is none."""
    file = paths.logs / f"{component}.log"
    if not file.exists():
        there = ", ".join(sorted(path.stem for path in paths.logs.glob("*.log"))) or "none: it is down"
        raise ClusterError(f"no log of {component!r} in cluster {paths.name}; there is: {there}")
    return file.read_text(errors="replace")


def _running(paths: ClusterPaths) -> running.Running:
    found = running.find(paths)
    if found is None or not paths.ready.exists():
        raise ClusterError(f"cluster {paths.name} is down; start it with `hack/cluster up --name {paths.name}`")
    return found


def _spec(paths: ClusterPaths) -> ClusterSpec:
    return ClusterSpec.read(paths.state / "spec.json")


def _spec_of_running(paths: ClusterPaths) -> ClusterSpec:
    _running(paths)
    return _spec(paths)
