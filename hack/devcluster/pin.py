"""Pin another Kubernetes: `python3 hack/devcluster/pin.py 1.36.4` writes go/kubernetes/v1.36.4/go.mod and go.sum.

Kubernetes replaces its staging modules by folders of its own repository, which no module that requires it can see. Each
is therefore replaced by the release of the same version that is published for it: k8s.io/api v0.36.4 and so on.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from devcluster.gotoolchain import go, go_environment
from devcluster.paths import GO_MODULES


def go_mod(version: str, upstream: str) -> str:
    """Our go.mod for Kubernetes `version`, whose own go.mod is `upstream`."""
    staging = sorted(set(re.findall(r"^\s*(k8s\.io/\S+) => \./staging", upstream, re.MULTILINE)))
    published = f"v0.{version.split('.', 1)[1]}"
    etcd = re.search(r"go\.etcd\.io/etcd/client/v3 (v\S+)", upstream)
    language = re.search(r"^go \S+$", upstream, re.MULTILINE)
    debug = re.search(r"^godebug .*$", upstream, re.MULTILINE)
    if not (staging and etcd and language):
        raise ValueError(f"the go.mod of Kubernetes {version} looks different from what this program knows")
    blocks = [
        "module trimtab.dev/hack/kubernetes",
        language[0],
        *([debug[0]] if debug else []),
        f"require (\n\tgo.etcd.io/etcd/server/v3 {etcd[1]}\n\tk8s.io/kubernetes v{version}\n)",
        "replace (\n" + "".join(f"\t{module} => {module} {published}\n" for module in staging) + ")",
    ]
    return "\n\n".join(blocks) + "\n"


def main() -> None:
    """Pin the version that the command line names."""
    version = sys.argv[1].removeprefix("v")
    command = [go(), "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"]
    answer = subprocess.run(command, cwd="/", env=go_environment(), check=True, capture_output=True, text=True)
    upstream = Path(json.loads(answer.stdout)["GoMod"]).read_text()
    target = GO_MODULES / "kubernetes" / f"v{version}"
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "go.mod").write_text(go_mod(version, upstream))
        shutil.copy(GO_MODULES / "kubernetes" / "main.go", scratch)
        subprocess.run([go(), "mod", "tidy"], cwd=scratch, env=go_environment(), check=True)
        target.mkdir(exist_ok=True)
        for name in ("go.mod", "go.sum"):
            shutil.copy(Path(scratch) / name, target / name)


if __name__ == "__main__":
    main()
