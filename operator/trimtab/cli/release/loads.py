"""A service's traffic."""

from dataclasses import dataclass

PODS = 4
"""Pods of a revision where nobody says it; they matter little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Requests a second, the share that fails by KPI, and pods of a revision; `origin`: how it is known, for people."""

    rate: float
    failing: tuple[float, ...]
    pods: int = PODS
    origin: str = ""
