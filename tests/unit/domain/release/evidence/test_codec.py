"""Evidence in the status: nothing is lost, nothing unknown is dropped, and there is room for it."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.domain.release.evidence.batches import grown, terms_of, tick_of

from trimtab.domain.release.evidence import arrival, codec
from trimtab.domain.release.evidence.dispersion import Dispersion
from trimtab.domain.release.evidence.evidence import PROCESSES, Evidence, after, begin, joined, values
from trimtab.domain.release.evidence.tick import Tick

counts = st.tuples(st.integers(0, 3000), st.floats(0, 1)).map(lambda each: (each[0], round(each[0] * each[1] ** 3)))
ticks = st.builds(
    lambda candidate, stable, compared, counted, pods: tick_of(
        1, candidate, stable, compared=compared, counts=counted, candidate_pods=pods, stable_pods=3
    ),
    counts,
    counts,
    st.booleans(),
    st.booleans(),
    st.integers(1, 9),
)


def same(one: Evidence, other: Evidence) -> bool:
    """Whether two are equal to the bit."""
    parts = [(getattr(one.states, name), getattr(other.states, name)) for name in PROCESSES]
    parts += [(getattr(one.dispersion, name), getattr(other.dispersion, name)) for name in Dispersion.__slots__]
    parts += [(one.ticks, other.ticks), (one.last, other.last)]
    return all(first.dtype == second.dtype and first.tobytes() == second.tobytes() for first, second in parts)


@settings(max_examples=25, deadline=None)
@given(history=st.lists(ticks, max_size=9), restarts=st.sets(st.integers(0, 8)), last_from=st.integers(0, 9))
def test_a_restart_at_any_tick_changes_no_bit(history: list[Tick], restarts: set[int], last_from: int) -> None:
    terms = terms_of(1, least_dispersion=2.0)
    through, restarted = begin(1), begin(1)
    for place, tick in enumerate(history):
        last = np.array([place >= last_from])
        through = after(through, terms, tick, last=last)
        restarted = after(restarted, terms, tick, last=last)
        if place in restarts:
            restarted, rest = codec.from_text(codec.to_text(restarted, {}))
            assert rest == {}
    assert same(through, restarted)


@settings(max_examples=15, deadline=None)
@given(history=st.lists(ticks, min_size=1, max_size=4))
def test_bits_of_a_row_do_not_depend_on_the_rows_beside_it(history: list[Tick]) -> None:
    other = tick_of(4, (700, [0, 3, 70, 300]), (200, [1, 0, 60, 0]), compared=[True, False, True, True])
    together, alone = begin(5), begin(1)
    for own in history:
        both = Tick(**{name: np.concatenate([getattr(own, name), getattr(other, name)]) for name in Tick.__slots__})
        together = after(together, terms_of(5), both, last=np.zeros(5, dtype=bool))
        alone = after(alone, terms_of(1), own, last=np.zeros(1, dtype=bool))
    assert same(together.rows(np.array([0])), alone)
    assert same(joined([together.rows(np.array([0])), together.rows(np.arange(1, 5))]), together)
    beside, by_itself = values(together, terms_of(5)), values(alone, terms_of(1))
    assert all(getattr(beside, name)[0] == getattr(by_itself, name)[0] for name in PROCESSES)


def test_it_leaves_room_in_two_kibibytes() -> None:
    evidence = grown(1, terms_of(1), *[tick_of(1, (10**7, 10**5), (10**7, 10**5))] * 5)
    assert len(codec.to_text(evidence, {})) <= 1536
    assert len(codec.arrival_to_text(arrival.begin(1), {})) <= 512


def test_what_it_does_not_know_is_handed_back() -> None:
    evidence = grown(1, terms_of(1), tick_of(1, (500, 9), (500, 4)))
    newer = json.loads(codec.to_text(evidence, {"stage": 3})) | {"v": 9, "xy": "bmV3", "more": {"a": [1, 2.5]}}
    again, rest = codec.from_text(json.dumps(newer))
    assert same(again, evidence)
    assert rest == {"stage": 3, "xy": "bmV3", "more": {"a": [1, 2.5]}}
    assert json.loads(codec.to_text(again, rest)) == newer | {"v": 1}


@pytest.mark.parametrize("spoilt", [None, "AAAA", "no base64!", 7, "AADAfwAAwH8="])
@pytest.mark.parametrize("name", ["as", "pr", "d", "k", "l"])
def test_what_is_missing_or_of_another_shape_begins_anew(name: str, spoilt: object) -> None:
    evidence = grown(1, terms_of(1), *[tick_of(1, (500, 30), (500, 4))] * 7, last=True)
    older = json.loads(codec.to_text(evidence, {}))
    older.pop(name)
    if spoilt is not None:
        older[name] = spoilt if name != "k" else -1
    again, rest = codec.from_text(json.dumps(older))
    slo, relative, known = ((begin(1) if name == each else evidence) for each in ("as", "pr", "d"))
    assert rest == {}
    assert again.states.abort_slo.tolist() == slo.states.abort_slo.tolist()
    assert again.states.promote_relative.tolist() == relative.states.promote_relative.tolist()
    assert again.dispersion.chi_square.tolist() == known.dispersion.chi_square.tolist()
    assert again.ticks.tolist() == ([0] if name == "k" else [7])
    assert again.last.tolist() == [name != "l"]


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|JSON object"):
        codec.from_text(text)


def test_arrivals_are_kept_too() -> None:
    known = arrival.after(
        arrival.begin(1),
        candidate=np.array([70]),
        stable=np.array([30]),
        weight=np.array([0.5]),
        ticks_per_hour=np.array([360.0]),
        counts=np.array([True]),
    )
    again, rest = codec.arrival_from_text(codec.arrival_to_text(known, {"cursor": 5}))
    assert rest == {"cursor": 5}
    assert again.ticks.tolist() == [1]
    assert (again.more == known.more).all()
    assert (again.fewer == known.fewer).all()
