"""The ledger of one KPI: what each tick counted and what was found then, packed into a text of bounded length.

A packed ledger is base64 of a header and entries, oldest first: (version, length of the last entry, its end), then per
entry as varints: seconds since the end of the one before, seconds covered, flags and finding, step, weight, counts of
the candidate, counts of stable, abort, promote. When the text gets too long, neighbours of the older half are merged.
"""

import struct
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

LIMIT = 4096
"""Longest packed ledger in characters, as in the CRD."""

_HEADER = struct.Struct(">BBI")
_VERSION = 1
_COUNTS, _COMPARED, _FINDING = 1, 2, 2


class Totals(NamedTuple):
    """What was counted of one revision, and the pods that counted it."""

    total: int
    bad: int
    pods: int


NOTHING = Totals(0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One tick, or several that were merged.

    `t`: when it ended, in whole seconds since the release began; `seconds`: how long it was. `step` counts from 1;
    `weight` is that of the candidate in percent. `compared`: both revisions were. `counts`: False for a tick that added
    nothing, such as one without data. `finding`: a Finding. `abort`, `promote`: percent of the way there, 0 to 100.
    """

    t: int
    seconds: int
    step: int
    weight: int
    compared: bool
    counts: bool
    finding: int
    candidate: Totals
    stable: Totals
    abort: int
    promote: int


def entries(packed: str) -> tuple[Entry, ...]:
    """The entries of a packed ledger, oldest first; none of an empty one, or of one in a newer form."""
    data = b64decode(packed)
    if not data or data[0] != _VERSION:
        return ()
    return tuple(_unpacked(data[_HEADER.size :]))


def appended(packed: str, entry: Entry) -> str:
    """The packed ledger with one more entry; a tick that adds nothing lengthens one before it that did not either."""
    data = b64decode(packed)
    if not data or data[0] != _VERSION:
        return _packed((entry,))
    _, length, end = _HEADER.unpack_from(data)
    if not entry.counts:
        (latest,) = _unpacked(data[len(data) - length :])
        if not latest.counts and _alike(latest, entry):
            rest = data[_HEADER.size : len(data) - length]
            merged = replace(_merged(latest, entry), t=entry.t, seconds=entry.t - end + latest.seconds)
            return _text(rest, _bytes(merged, end - latest.seconds), entry.t)
    text = _text(data[_HEADER.size :], _bytes(entry, end), entry.t)
    return text if len(text) <= LIMIT else _shortened(entries(text))


def _shortened(found: tuple[Entry, ...]) -> str:
    half = len(found) // 2
    older = list(_paired(found[:half]))
    if len(older) == half:
        older = older[half // 2 :]
    return _packed((*older, *found[half:]))


def _paired(found: Iterable[Entry]) -> Iterator[Entry]:
    """Neighbours merged two by two, where they belong to the same step and weight."""
    waiting: Entry | None = None
    for each in found:
        if waiting is None:
            waiting = each
        elif _alike(waiting, each):
            yield _merged(waiting, each)
            waiting = None
        else:
            yield waiting
            waiting = each
    if waiting is not None:
        yield waiting


def _alike(one: Entry, other: Entry) -> bool:
    fields = ("step", "weight", "compared", "counts")
    return all(getattr(one, field) == getattr(other, field) for field in fields)


def _merged(one: Entry, other: Entry) -> Entry:
    return replace(
        other,
        seconds=one.seconds + other.seconds,
        candidate=_sum(one.candidate, other.candidate),
        stable=_sum(one.stable, other.stable),
    )


def _sum(one: Totals, other: Totals) -> Totals:
    return Totals(one.total + other.total, one.bad + other.bad, max(one.pods, other.pods))


def _packed(found: Iterable[Entry]) -> str:
    rest, last, end = b"", b"", 0
    for entry in found:
        rest += last
        last, end = _bytes(entry, end), entry.t
    return _text(rest, last, end)


def _text(rest: bytes, last: bytes, end: int) -> str:
    return b64encode(_HEADER.pack(_VERSION, len(last), end) + rest + last).decode()


def _bytes(entry: Entry, end: int) -> bytes:
    flags = _COUNTS * entry.counts | _COMPARED * entry.compared | entry.finding << _FINDING
    numbers = (
        max(entry.t - entry.seconds - end, 0),
        entry.seconds,
        flags,
        entry.step,
        entry.weight,
        *entry.candidate,
        *entry.stable,
        entry.abort,
        entry.promote,
    )
    return b"".join(map(_varint, numbers))


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _numbers(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield number
            number = shift = 0


def _unpacked(data: bytes) -> Iterator[Entry]:
    numbers, t = _numbers(data), 0
    for gap in numbers:
        seconds, flags, step, weight, *counts, abort, promote = (next(numbers) for _ in range(12))
        t += gap + seconds
        yield Entry(
            t=t,
            seconds=seconds,
            step=step,
            weight=weight,
            compared=bool(flags & _COMPARED),
            counts=bool(flags & _COUNTS),
            finding=flags >> _FINDING,
            candidate=Totals(*counts[:3]),
            stable=Totals(*counts[3:]),
            abort=abort,
            promote=promote,
        )
