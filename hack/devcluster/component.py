"""One process of the cluster."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A long-running program: `argv` with an absolute program path, and what it needs beside the environment."""

    name: str
    argv: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def flags(**settings: object) -> list[str]:
    """Command line flags in Go's style: `secure_port=1` is `--secure-port=1`, True is `true`."""
    values = {name: str(value).lower() if isinstance(value, bool) else value for name, value in settings.items()}
    return [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]
