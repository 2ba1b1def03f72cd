"""What the command line asks for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of a cluster to start; `kubernetes` is empty for the default version."""

    profile: str
    kubernetes: str
    nodes: int
    audit: bool
