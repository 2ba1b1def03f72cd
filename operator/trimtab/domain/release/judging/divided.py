"""Whether requests arrive at both revisions in the shares that they were given, by target."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from trimtab.domain.release.counting.arrivals import arrived
from trimtab.domain.release.counting.counters import Reading
from trimtab.domain.release.counting.question import Question
from trimtab.domain.release.evidence import arrival, codec
from trimtab.domain.release.evidence.arrival import Arrival
from trimtab.domain.release.judging.rows import arrival_question, effective, length
from trimtab.domain.release.look import Look
from trimtab.domain.release.state import State

_RELEASE, _CURSOR = "R", "K"


def kept(look: Look) -> dict[str, str]:
    """The record of each target as the status has it."""
    status = look.observation.resource.get("status") or {}
    return {each["name"]: each["arrivals"] for each in status.get("targets") or () if each.get("arrivals")}


def divided(state: State, look: Look, reading: Reading) -> tuple[dict[str, str], dict[str, bool]]:
    """By target: the record after a reading, and whether requests are proven to get lost."""
    before, records, mismatched = kept(look), {}, {}
    hourly = np.array([3600 / length(look)])
    false_abort = np.array([float(look.spec.analysis.false_abort.removesuffix("%")) / 100])
    for leg in state.moving:
        known, rest = _of_text(before.get(leg.name, ""), state.release)
        question = arrival_question(look, leg)
        if question is not None:
            weight = effective(leg, look.services[leg.name])
            known, rest = _after(known, rest, question, reading, weight, hourly)
        if rest.get(_CURSOR):
            records[leg.name] = codec.arrival_to_text(known, {**rest, _RELEASE: state.release})
        mismatched[leg.name] = bool(arrival.mismatched(known, ticks_per_hour=hourly, false_abort=false_abort)[0])
    return records, mismatched


def divided_until(state: State, look: Look, records: Mapping[str, str]) -> Iterator[float]:
    """For each target whose shares are measured, the store's time up to which that was done."""
    for leg in state.moving:
        question = arrival_question(look, leg)
        if question is not None:
            rest = _of_text(records.get(leg.name, ""), state.release)[1]
            yield max(rest.get(_CURSOR, 0.0), question.mark)


def _of_text(text: str, release: str) -> tuple[Arrival, dict[str, Any]]:
    try:
        known, rest = codec.arrival_from_text(text or "{}")
    except ValueError:
        known, rest = arrival.begin(1), {}
    return (known, rest) if rest.get(_RELEASE) == release else (arrival.begin(1), {})


def _after(
    known: Arrival, rest: dict[str, Any], question: Question, reading: Reading, weight: float, hourly: Any
) -> tuple[Arrival, dict[str, Any]]:
    """The evidence after the ticks that are closed by now; one in which pods were not scraped adds nothing."""
    since = rest.get(_CURSOR, question.mark)
    for each in arrived(reading, question, since):
        known = arrival.after(
            known,
            candidate=np.array([each.candidate or 0]),
            stable=np.array([each.stable or 0]),
            weight=np.array([weight]),
            ticks_per_hour=hourly,
            counts=np.array([each.candidate is not None and each.stable is not None]),
        )
        rest = {**rest, _CURSOR: each.end}
    return known, rest
