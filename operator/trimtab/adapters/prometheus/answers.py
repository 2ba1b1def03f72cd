"""What Prometheus answers, decoded piece by piece: pure, and meant for a thread beside the event loop.

A decoder that takes the whole text at once would hold the interpreter's lock for as long as it works, and so stop the
event loop from any thread. Series are decoded one by one instead.

The format: https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
"""

import json
import logging
import math
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from trimtab.domain.release.counting.counters import Sample

logger = logging.getLogger("trimtab.prometheus")

MAX_BYTES = 16 * 2**20
"""Of an answer, decompressed."""

_ERROR_TYPE = re.compile(r"[a-z_]{1,40}")
_RESULT = re.compile(r'"result"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_GZIP = 16 + zlib.MAX_WBITS


class QueryError(Exception):
    """The store did not answer, or not as it should. The message is safe to show: it holds nothing of the answer."""

    def __init__(self, result: str, message: str) -> None:
        super().__init__(message)
        self.result = result


class TooLargeError(QueryError):
    """The answer is longer than we read; a narrower query may do."""

    def __init__(self) -> None:
        limit = f"{MAX_BYTES // 2**20} MiB"
        super().__init__("too_large", f"Prometheus answers with more than {limit}: select fewer series by matchLabels")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One series: its labels, with its name as `__name__`, and its samples, oldest first; None if they are no numbers.

    Samples may be NaN or infinite.
    """

    labels: Mapping[str, str]
    samples: tuple[Sample, ...] | None


def series(status: int, body: bytes, *, compressed: bool) -> tuple[list[Found], int]:
    """The series of an answer, and its length in bytes. Raises QueryError.

    A partial answer is none, since no decision may rest on half of the pods.
    """
    if 300 <= status < 400:
        raise QueryError("redirect", "Prometheus redirects to another address, which is not followed")
    raw = _decompressed(body) if compressed else body
    text = raw.decode(errors="replace")
    opening = _RESULT.search(text) if status < 400 else None
    if opening is None:
        _accept(status, text)
        raise QueryError("malformed", "Prometheus does not answer with series of samples")
    try:
        found, end = _list(text, opening.end())
    except (ValueError, RecursionError):
        raise QueryError("refused", f"Prometheus answers with HTTP {status}") from None
    _accept(status, f"{text[: opening.end()]}{text[end:]}")
    return found, len(raw)


def _decompressed(body: bytes) -> bytes:
    unpacking = zlib.decompressobj(_GZIP)
    try:
        raw = unpacking.decompress(body, MAX_BYTES + 1)
    except zlib.error:
        raise QueryError("malformed", "Prometheus does not answer in the compression that it names") from None
    if len(raw) > MAX_BYTES:
        raise TooLargeError
    if not unpacking.eof:
        raise QueryError("malformed", "Prometheus ends its answer too early")
    return raw


def _list(text: str, begin: int) -> tuple[list[Found], int]:
    """The elements of the JSON list whose content begins there, and where its closing bracket is."""
    decoder, at = json.JSONDecoder(), begin
    found: list[Found] = []
    while True:
        blank = _BETWEEN.match(text, at)
        at = blank.end() if blank else at
        if text.startswith("]", at):
            return found, at
        entry, at = decoder.raw_decode(text, at)
        found.extend(_entry(entry))


def _entry(entry: Any) -> Iterator[Found]:
    """None for what is no series; that is left to those who miss it."""
    labels = entry.get("metric") if isinstance(entry, dict) else None
    if isinstance(labels, dict) and set(map(type, labels.values())) <= {str}:
        yield Found(labels=labels, samples=_samples(entry.get("values")))


def _samples(values: Any) -> tuple[Sample, ...] | None:
    try:
        samples = tuple([(float(moment), float(value)) for moment, value in values])
    except (TypeError, ValueError):
        return None
    moments = [moment for moment, _ in samples]
    ordered = all(earlier < later for earlier, later in pairwise(moments))
    return samples if ordered and all(map(math.isfinite, moments)) else None


def _accept(status: int, text: str) -> None:
    """Raises QueryError unless `text`, an answer without its series, tells of success, and of all of it."""
    answer = _decoded(text)
    if status >= 400 or answer.get("status") != "success":
        kind = str(answer.get("errorType") or "")
        logger.warning("query refused with HTTP %d: %s", status, str(answer.get("error") or "no reason")[:512])
        reason = f": {kind}" if _ERROR_TYPE.fullmatch(kind) else ""
        raise QueryError("refused", f"Prometheus answers with HTTP {status}{reason}")
    if answer.get("warnings") or answer.get("isPartial"):
        logger.warning("partial answer: %s", str(answer.get("warnings"))[:512])
        raise QueryError("partial", "Prometheus warns that its answer may be incomplete")
    data = answer.get("data")
    if not isinstance(data, dict) or data.get("resultType") != "matrix":
        raise QueryError("malformed", "Prometheus does not answer with series of samples")


def _decoded(text: str) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
