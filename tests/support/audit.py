"""What the API server itself says about who sent what: its audit log at the Metadata level."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

MUTATING = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, slots=True)
class Request:
    """One finished request. Times are seconds since the epoch."""

    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    agent: str
    code: int
    begin: float
    end: float

    @property
    def is_write(self) -> bool:
        """Whether the API server carried out a change."""
        return self.verb in MUTATING and self.code < 300


class AuditLog:
    """Reads the log file from a mark onwards; several readers may do so side by side."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def mark(self) -> int:
        """The present end of the log."""
        return self.path.stat().st_size

    def since(self, mark: int, *agents: str) -> Iterator[Request]:
        """Finished requests after `mark` by user agents that begin with one of `agents` (none: by all)."""
        with self.path.open("rb") as log:
            log.seek(mark)
            for line in log:
                if not line.endswith(b"\n"):
                    return
                entry = json.loads(line)
                if entry["stage"] == "ResponseComplete" and entry.get("userAgent", "").startswith(agents or ("",)):
                    yield _request(entry)


def _request(entry: dict[str, object]) -> Request:
    target = entry.get("objectRef") or {}
    assert isinstance(target, dict)
    status = entry.get("responseStatus") or {}
    assert isinstance(status, dict)
    return Request(
        verb=str(entry["verb"]),
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        agent=str(entry.get("userAgent", "")),
        code=int(status.get("code", 0)),
        begin=_seconds(str(entry["requestReceivedTimestamp"])),
        end=_seconds(str(entry["stageTimestamp"])),
    )


def _seconds(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()
