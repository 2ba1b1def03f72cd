"""A cluster that somebody else started: TRIMTAB_KUBECONFIG names its kubeconfig."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devcluster import wheels
from devcluster.errors import ClusterError
from devcluster.options import Options
from devcluster.progress import say


@dataclass(frozen=True, slots=True)
class GivenCluster:
    """It is only looked at and used, never started, ended or set up."""

    file: Path

    def build(self, options: Options) -> None:
        """Install kubectl."""
        wheels.ensure()

    def up(self, options: Options) -> None:
        """Check that it answers."""
        self.build(options)
        if self.status() != 0:
            raise ClusterError(f"the cluster of TRIMTAB_KUBECONFIG ({self.file}) does not answer")

    def down(self) -> None:
        """Nothing: it is not ours."""
        say("the cluster of TRIMTAB_KUBECONFIG is left as it is")

    def status(self) -> int:
        """Whether its API server is ready."""
        result = subprocess.run(
            [wheels.ensure() / "kubectl", "get", "--raw", "/readyz"], env=self._environment(), capture_output=True
        )
        print(f"cluster of {self.file}: {'up' if result.returncode == 0 else 'does not answer'}")
        return min(result.returncode, 1)

    def execute(self, argv: list[str]) -> int:
        """Run a command here, with KUBECONFIG set."""
        return run_here(argv, self._environment())

    def load(self, archive: Path) -> int:
        """Refused: how its nodes get images is not known."""
        raise ClusterError("push the image to a registry of the cluster that TRIMTAB_KUBECONFIG names")

    def logs(self, component: str) -> str:
        """Refused: its control plane is not ours."""
        raise ClusterError("the logs of a cluster that is not ours are read with kubectl")

    def kubeconfig(self) -> Path:
        """The file that was given."""
        return self.file.resolve()

    def _environment(self) -> dict[str, str]:
        path = f"{wheels.ensure()}:{os.environ.get('PATH', '')}"
        return os.environ | {"KUBECONFIG": str(self.file.resolve()), "PATH": path}


def run_here(argv: list[str], environment: dict[str, str]) -> int:
    """Become `argv`: it gets all signals and streams, and its exit code is ours. ClusterError if it does not start."""
    try:
        os.execvpe(argv[0], argv, environment)
    except OSError as error:
        raise ClusterError(f"{argv[0]}: {error.strerror}") from error
