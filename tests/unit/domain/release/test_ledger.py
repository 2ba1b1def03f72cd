"""The ledger keeps what was counted, in bounded space."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from trimtab.domain.release.judging.ledger import LIMIT, NOTHING, Entry, Totals, appended, entries

TICK = Entry(
    t=10,
    seconds=10,
    step=1,
    weight=5,
    compared=True,
    counts=True,
    finding=6,
    candidate=Totals(100, 1, 2),
    stable=Totals(1900, 7, 4),
    abort=12,
    promote=64,
)


def _counts(draw: st.DrawFn) -> Totals:
    total = draw(st.integers(0, 10**9))
    return Totals(total, draw(st.integers(0, total)), draw(st.integers(0, 500)))


@st.composite
def ticks(draw: st.DrawFn) -> Entry:
    return replace(
        TICK,
        t=0,
        seconds=draw(st.integers(1, 300)),
        step=draw(st.integers(1, 3)),
        counts=draw(st.booleans()),
        compared=draw(st.booleans()),
        candidate=_counts(draw),
        stable=_counts(draw),
    )


def packed(found: list[Entry]) -> tuple[str, list[Entry]]:
    """The ledger of these ticks, one after another, and the ticks with their times."""
    text, timed, t = "", [], 0
    for each in found:
        t += each.seconds
        timed.append(replace(each, t=t))
        text = appended(text, timed[-1])
    return text, timed


def requests(found: Iterable[Entry], step: int) -> tuple[int, ...]:
    """Requests, and bad ones, of both revisions in a step."""
    arms = [(*each.candidate[:2], *each.stable[:2]) for each in found if each.step == step]
    return tuple(map(sum, zip(*arms, strict=True)))


def test_entries_are_as_they_were_written() -> None:
    late = replace(TICK, t=50, candidate=Totals(10**7, 10**6, 300), finding=0, weight=100, compared=False)

    assert entries(appended(appended("", TICK), late)) == (TICK, late)


def test_an_empty_ledger_and_one_of_a_newer_form_have_no_entries() -> None:
    assert entries("") == ()
    assert entries("/w==") == ()
    assert entries(appended("/w==", TICK)) == (TICK,)


def test_ticks_that_add_nothing_take_the_room_of_one() -> None:
    silent = [replace(TICK, counts=False, candidate=NOTHING, stable=NOTHING)] * 1000

    text, timed = packed([TICK, *silent, TICK])

    first, between, last = entries(text)
    assert (first, last) == (timed[0], timed[-1])
    assert (between.t, between.seconds, between.candidate) == (timed[-2].t, 10_000, NOTHING)


@given(st.lists(ticks(), max_size=40))
def test_no_request_is_lost_and_no_time(found: list[Entry]) -> None:
    text, timed = packed(found)
    kept = entries(text)

    for step in (1, 2, 3):
        assert requests(kept, step) == requests(timed, step)
    assert sum(each.seconds for each in kept) == sum(each.seconds for each in timed)
    assert [each.t for each in kept] == sorted({each.t for each in kept})


def test_a_long_release_keeps_its_newest_ticks_and_the_sums_of_the_older_ones() -> None:
    text, timed = packed([TICK] * 5000)
    kept = entries(text)

    assert len(text) <= LIMIT
    assert kept[-50:] == tuple(timed[-50:])
    assert sum(each.candidate.total for each in kept) == 5000 * 100
    assert kept[0].t - kept[0].seconds == 0


def test_what_cannot_be_merged_loses_its_oldest_entries() -> None:
    text, timed = packed([replace(TICK, step=1 + at % 2) for at in range(1000)])

    assert len(text) <= LIMIT
    assert entries(text)[-50:] == tuple(timed[-50:])
