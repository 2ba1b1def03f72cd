"""What one cluster is made of: decided by `up`, read by the supervisor inside the namespaces."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from devcluster.paths import ClusterPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSpec:
    """The settings of one cluster; `bins` are the directories that hold its programs, `shares` their data files."""

    name: str
    profile: str
    kubernetes: str
    nodes: int
    audit: bool
    bins: tuple[str, ...]
    shares: tuple[str, ...]

    @property
    def paths(self) -> ClusterPaths:
        """The files of this cluster."""
        return ClusterPaths(name=self.name)

    def program(self, name: str) -> str:
        """The absolute path of a program that was built or installed for this cluster."""
        return str(next(path for bin_ in self.bins if (path := Path(bin_) / name).exists()))

    def share(self, name: str) -> Path:
        """A data file or folder that came with one of the parts."""
        return next(path for share in self.shares if (path := Path(share) / name).exists())

    def write(self, path: Path) -> None:
        """Store as JSON."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> "ClusterSpec":
        """Load what `write` stored."""
        fields = json.loads(path.read_text())
        return cls(**fields | {"bins": tuple(fields["bins"]), "shares": tuple(fields["shares"])})
