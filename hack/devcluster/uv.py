"""Where uv is: hack/bootstrap puts it into ~/.local/bin where the PATH has none."""

import shutil
from pathlib import Path


def uv() -> str:
    """The path of the uv command."""
    return shutil.which("uv") or str(Path.home() / ".local" / "bin" / "uv")
