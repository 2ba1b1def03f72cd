"""The demo's service, tested by its own tests: here, since Go's modules come from outside any cluster's network."""

import os
import subprocess
import sys
from pathlib import Path

HACK = Path(__file__).parents[2] / "hack"


def test_its_own_tests_pass() -> None:
    program = "from devcluster.gotoolchain import go; print(go())"
    go = subprocess.run([sys.executable, "-c", program], cwd=HACK, capture_output=True, text=True, check=True).stdout
    for check in (("vet", "-trimpath", "./..."), ("test", "-trimpath", "-count=1", "./...")):
        # As its image is built, whose packages are then compiled already.
        environment = {**os.environ, "CGO_ENABLED": "0"}
        done = subprocess.run(
            [go.strip(), *check], cwd=HACK / "demo-app", env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
