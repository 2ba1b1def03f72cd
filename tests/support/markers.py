"""Whatever tests keep secret carries a mark, and whatever people can read who may not read secrets is searched for it.

`secret()` gives values for Secrets, tokens, passwords and credentials: they may be in the data of Secrets and at whom
they are for. `plain()` gives values that people write into specs although they should not: they may be in specs as
well. Both may be in no log, Event, status, annotation, metric, notification or output of a command.

Searched are the logs and metrics of operators that ran (tests.support.operator), output of commands (cli), what
webhooks and AWS were sent (https, aws), what this process logged, and all objects in all states that the API server
told of (overhearing).
"""

import base64
import hashlib
import json
import logging
import os
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trimtab.shell.logs import TextFormatter

_LETTERS = "bcdfghjkmnpqrstvwxz"
_SESSION = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex(8)
"""All workers of a run have the same marks, so that what one of them seeds another finds."""

_AWS_TOKEN = b"FQoGZXIvYXdz"
"""How session tokens of AWS begin, those of an emulator in another process too."""

_PRIVATE_KEY = b"PRIVATE KEY-----"
_OVERLAP = 1024
"""Bytes of a log that are read again with what was added to it, so that no value is cut in two."""

_WRITTEN_BY_USERS = ("spec", "data", "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration")
"""Where values of `plain()` belong: specs, and the templates that ControllerRevisions keep."""


def _mark(purpose: str) -> str:
    """Letters alone, so that neither JSON nor URLs nor metrics escape them."""
    drawn = hashlib.sha256(f"{_SESSION} {purpose}".encode()).digest()
    return "mk" + "".join(_LETTERS[byte % len(_LETTERS)] for byte in drawn[:12])


MARK = _mark("secret")
PLAIN = _mark("plain")


def secret(what: str) -> str:
    """A value that is to be found nowhere but in Secrets and at whom it is for."""
    return f"{MARK}-{what}"


def plain(what: str) -> str:
    """A value that a user wrote into a spec, where it may be read, and nowhere else."""
    return f"{PLAIN}-{what}"


def forms(value: str) -> list[bytes]:
    """The value as it is, and what of it stays the same in base64 wherever in a longer text it begins."""
    encoded = [base64.b64encode(b"\0" * shift + value.encode()) for shift in range(3)]
    whole = [(8 * (len(value.encode()) + shift)) // 6 for shift in range(3)]
    return [value.encode(), *(encoded[shift][(0, 2, 3)[shift] : whole[shift]] for shift in range(3))]


class Search:
    """What was looked at and what was found. `looked` counts bytes by the kind of place."""

    def __init__(self, mark: str = MARK, plain: str = PLAIN) -> None:
        self.looked: Counter[str] = Counter()
        self._secrets = [*forms(mark), _AWS_TOKEN, _PRIVATE_KEY]
        self._plain = forms(plain)
        self._found: dict[str, str] = {}
        self._logs: dict[Path, int] = {}

    def learn(self, value: str) -> None:
        """Looks from now on for a secret that others made, too."""
        self._secrets += forms(value)

    def look(self, kind: str, place: str, text: str | bytes) -> None:
        """Searches what was told at a place of some kind."""
        told = text.encode(errors="replace") if isinstance(text, str) else text
        self.looked[kind] += len(told)
        for needle in (*self._secrets, *self._plain):
            if (at := told.find(needle)) >= 0:
                self._found.setdefault(f"{kind} {place}", _excerpt(told, at))

    def look_at_change(self, kind: str, line: bytes) -> None:
        """Searches the object in a line of a watch. Values of `plain()` are at home in specs."""
        self.looked["objects"] += len(line)
        if not _has(line, (*self._secrets, *self._plain)):
            return
        obj = json.loads(line)["object"]
        metadata = obj["metadata"]
        for path, text in _texts(obj):
            home = path.startswith(_WRITTEN_BY_USERS)
            if _has(text.encode(), self._secrets if home else (*self._secrets, *self._plain)):
                place = f"{kind} {metadata.get('namespace', '')}/{metadata['name']} {path}"
                self._found.setdefault(place, text[:200])

    def follow(self, log: Path) -> None:
        """Has a log searched now and at each later `read_logs`, from where the last look ended."""
        self._logs.setdefault(log, 0)

    def read_logs(self) -> None:
        """Searches what was added to the logs."""
        for log, end in self._logs.items():
            if log.stat().st_size == end:
                continue
            with log.open("rb") as file:
                file.seek(max(0, end - _OVERLAP))
                self.look("log", str(log), file.read())
                self._logs[log] = file.tell()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Searches what this process logs meanwhile; of ours, everything, as the most talkative operator."""
        handler, ours = _Listener(self), logging.getLogger("trimtab")
        level = ours.level
        logging.getLogger().addHandler(handler)
        ours.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            ours.setLevel(level)
            logging.getLogger().removeHandler(handler)

    def take(self) -> list[str]:
        """What was found since the last time, each once: where, and what is written there."""
        found = [f"{place}: {excerpt}" for place, excerpt in self._found.items()]
        self._found.clear()
        return found


class _Listener(logging.Handler):
    def __init__(self, search: Search) -> None:
        super().__init__()
        self.setFormatter(TextFormatter())
        self._search = search

    def emit(self, record: logging.LogRecord) -> None:
        self._search.look("log", f"of the tests' process, {record.name}", self.format(record))


def _has(text: bytes, needles: Iterable[bytes]) -> bool:
    return any(needle in text for needle in needles)


def _excerpt(text: bytes, at: int) -> str:
    return text[max(0, at - 120) : at + 80].decode(errors="replace")


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """All keys and scalars of an object, each with the path to it."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield path, key
            yield from _texts(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _texts(each, f"{path}[{number}]")
    elif value is not None:
        yield path, str(value)


SEARCH = Search()
"""Of this process's tests."""
