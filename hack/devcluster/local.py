"""A cluster in namespaces of this machine."""

import os
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from devcluster import build, enter, environment, isolation, pki, running
from devcluster.errors import ClusterError
from devcluster.locking import exclusive
from devcluster.options import Options
from devcluster.paths import HACK, ClusterPaths
from devcluster.progress import say, tail
from devcluster.spec import ClusterSpec


@dataclass(frozen=True, slots=True)
class LocalCluster:
    """Its processes are the children of one process, the supervisor, which is PID 1 of the cluster's namespaces."""

    paths: ClusterPaths

    def build(self, options: Options) -> None:
        """Install packages and wheels, and compile the parts."""
        build.ensure(self.paths.name, options)

    def up(self, options: Options) -> None:
        """Start the cluster unless it runs; whatever goes wrong, also Ctrl-C, nothing of it stays behind."""
        spec = build.ensure(self.paths.name, options)
        with self._exclusive():
            if self._runs():
                self._accept(spec)
                return
            running.remove(self.paths)
            started = time.monotonic()
            say(f"starting cluster {spec.name} ({spec.profile}, Kubernetes {spec.kubernetes})")
            try:
                _start(spec)
            except BaseException:
                running.remove(self.paths)
                raise
        seconds = time.monotonic() - started
        say(f"cluster {spec.name} is up after {seconds:.1f} s: hack/cluster exec --name {spec.name} ...")

    def down(self) -> None:
        """End all processes, and remove all files."""
        with self._exclusive():
            there = self.paths.state.exists()
            running.remove(self.paths)
        say(f"cluster {self.paths.name} is {'gone' if there else 'not there'}")

    def status(self) -> int:
        """What runs, with the process ids inside the namespaces."""
        if not self._runs():
            print(f"cluster {self.paths.name}: {'down' if running.find(self.paths) is None else 'starting'}")
            return 1
        spec, first = self._spec(), self._first()
        print(f"cluster {spec.name}: up, {spec.profile}, Kubernetes {spec.kubernetes}, process {first.pid}")
        print(f"  state: {self.paths.state}")
        for pid in sorted((self.paths.state / "pids").iterdir()):
            print(f"  {pid.name} (process {pid.read_text()} inside)")
        return 0

    def execute(self, argv: list[str]) -> int:
        """Run a command inside the namespaces."""
        return enter.run(self._first().pid, argv, environment.of_cluster(self._spec()))

    def load(self, archive: Path) -> int:
        """Import into containerd."""
        self._first()
        if self._spec().profile != "full":
            raise ClusterError(f"cluster {self.paths.name} runs no containers; only the profile full takes images")
        return self.execute(["ctr", "--namespace", "k8s.io", "images", "import", str(archive.resolve())])

    def logs(self, component: str) -> str:
        """The component's standard output and error."""
        file = self.paths.logs / f"{component}.log"
        if not file.exists():
            there = ", ".join(sorted(path.stem for path in self.paths.logs.glob("*.log"))) or "none: it is down"
            raise ClusterError(f"no log of {component!r} in cluster {self.paths.name}; there is: {there}")
        return file.read_text(errors="replace")

    def kubeconfig(self) -> Path:
        """Valid inside the namespaces, for commands of `execute`."""
        return self.paths.kubeconfig

    def _exclusive(self) -> AbstractContextManager[None]:
        return exclusive(self.paths.lock, f"it starts or ends cluster {self.paths.name}")

    def _runs(self) -> bool:
        return running.find(self.paths) is not None and self.paths.ready.exists()

    def _first(self) -> running.Running:
        found = running.find(self.paths)
        if found is None or not self._runs():
            raise ClusterError(
                f"cluster {self.paths.name} is down; start it with `hack/cluster up --name {self.paths.name}`"
            )
        return found

    def _spec(self) -> ClusterSpec:
        return ClusterSpec.read(self.paths.state / "spec.json")

    def _accept(self, wanted: ClusterSpec) -> None:
        there = self._spec()
        runs = f"{there.profile}, Kubernetes {there.kubernetes}{', audited' if there.audit else ''}"
        lacks_audit = wanted.audit and not there.audit
        if (wanted.profile, wanted.kubernetes) != (there.profile, there.kubernetes) or lacks_audit:
            raise ClusterError(
                f"cluster {there.name} runs otherwise ({runs}); "
                f"end it with `hack/cluster down --name {there.name}` or choose another --name"
            )
        say(f"cluster {there.name} is up already ({runs})")


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
