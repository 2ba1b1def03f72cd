"""Evidence as text for the status: one row, a JSON object of numbers and of base64 of little-endian floats.

What a reader does not know it hands back as the rest, to be written again; what it misses, or finds in another size,
begins anew. So operators of different versions go on with it.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from trimtab.domain.release.evidence import arrival as arrivals
from trimtab.domain.release.evidence import evidence as evidences
from trimtab.domain.release.evidence.arrival import Arrival
from trimtab.domain.release.evidence.dispersion import Dispersion
from trimtab.domain.release.evidence.evidence import Evidence, Processes
from trimtab.domain.release.evidence.terms import Floats

VERSION = 1

_PROCESSES = {
    "as": "abort_slo",
    "ar": "abort_relative",
    "af": "abort_floor",
    "ss": "stable_slo",
    "ps": "promote_slo",
    "pr": "promote_relative",
    "pf": "promote_floor",
}
_ARRIVALS = {"more": "more", "fewer": "fewer"}
_SINGLE = ("chi_square", "freedom", "ticks")
_DOUBLE = ("total", "bad", "squares", "seen")


def to_text(evidence: Evidence, rest: Mapping[str, Any]) -> str:
    """One KPI's evidence (one row) as text, with `rest`: further members that JSON can hold.

    The names v, k, l, d, as, ar, af, ss, ps, pr and pf are the evidence's own.
    """
    own = {"v": VERSION, "k": int(evidence.ticks[0]), "l": int(evidence.last[0]), "d": _noted(evidence.dispersion)}
    return _json({**rest, **own, **_states(evidence.states, _PROCESSES)})


def from_text(text: str) -> tuple[Evidence, dict[str, Any]]:
    """The evidence (one row) and the rest. ValueError if `text` is no JSON object."""
    known = _object(text)
    fresh = evidences.begin(1)
    evidence = replace(
        fresh,
        ticks=np.array([_whole(known.pop("k", 0))], dtype=np.int64),
        last=np.array([_whole(known.pop("l", 0)) == 1]),
        dispersion=_learnt(known.pop("d", "")),
        states=replace(fresh.states, **_read(known, _PROCESSES, fresh.states)),
    )
    return evidence, known


def arrival_to_text(arrival: Arrival, rest: Mapping[str, Any]) -> str:
    """The same of a target's arrivals; the names v, k, more and fewer are their own."""
    return _json({**rest, "v": VERSION, "k": int(arrival.ticks[0]), **_states(arrival, _ARRIVALS)})


def arrival_from_text(text: str) -> tuple[Arrival, dict[str, Any]]:
    """The arrivals (one row) and the rest. ValueError if `text` is no JSON object."""
    known = _object(text)
    fresh = arrivals.begin(1)
    ticks = np.array([_whole(known.pop("k", 0))], dtype=np.int64)
    return replace(fresh, ticks=ticks, **_read(known, _ARRIVALS, fresh)), known


def _json(members: Mapping[str, Any]) -> str:
    return json.dumps(members, separators=(",", ":"), sort_keys=True)


def _object(text: str) -> dict[str, Any]:
    known = json.loads(text)
    if not isinstance(known, dict):
        raise ValueError("evidence is a JSON object")
    known.pop("v", None)
    return known


def _states(row: Processes | Arrival, names: Mapping[str, str]) -> dict[str, str]:
    return {short: _packed(getattr(row, name)[0], "<f4") for short, name in names.items()}


def _read(known: dict[str, Any], names: Mapping[str, str], fresh: Processes | Arrival) -> dict[str, Floats]:
    """The states that are there in the size of today."""
    found = {}
    for short, name in names.items():
        numbers = _unpacked(known.pop(short, ""), "<f4")
        if len(numbers) == getattr(fresh, name).shape[1]:
            found[name] = numbers[None, :]
    return found


def _noted(known: Dispersion) -> str:
    single = [getattr(known, name)[0] for name in _SINGLE]
    return _packed(np.array([*single, *(number for name in _DOUBLE for number in getattr(known, name)[0])]), "<f8")


def _learnt(text: object) -> Dispersion:
    numbers = _unpacked(text, "<f8")
    if len(numbers) != len(_SINGLE) + 2 * len(_DOUBLE):
        return evidences.begin(1).dispersion
    pairs = numbers[len(_SINGLE) :].reshape(len(_DOUBLE), 1, 2)
    return Dispersion(
        **{name: numbers[place : place + 1] for place, name in enumerate(_SINGLE)},
        **dict(zip(_DOUBLE, pairs, strict=True)),
    )


def _packed(numbers: Floats, form: str) -> str:
    return base64.b64encode(numbers.astype(form).tobytes()).decode()


def _unpacked(text: object, form: str) -> Floats:
    """Numbers as float64; none if they cannot be read, or are no numbers."""
    try:
        numbers = np.frombuffer(base64.b64decode(str(text), validate=True), dtype=form).astype(np.float64)
    except (binascii.Error, ValueError):
        return np.zeros(0)
    return numbers if np.isfinite(numbers).all() else np.zeros(0)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
