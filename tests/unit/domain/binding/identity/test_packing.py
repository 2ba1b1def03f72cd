"""Splitting: all of it, nothing more, within IAM's limits, and without moving what is in place."""

from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.domain.binding.identity.document import Right, document, size, union, without
from trimtab.domain.binding.identity.packing import INLINE, MANAGED, MOST, pack


def _right(number: int, length: int, actions: int = 3) -> Right:
    resource = f"arn:aws:sqs:eu-central-1:123456789012:{'q' * length}-{number:04d}"
    return Right(resource=resource, conditions="", actions=tuple(f"sqs:Action{number % 7}{n}" for n in range(actions)))


SETS = st.lists(
    st.builds(_right, st.integers(0, 400), st.integers(1, 120), st.integers(1, 8)),
    max_size=180,
    unique_by=lambda r: r.subject,
).map(frozenset)


@settings(max_examples=25, deadline=None)
@given(SETS, st.integers(1, MOST), st.booleans())
def test_together_the_policies_are_the_whole_and_each_is_within_the_limit(
    wanted: frozenset[Right], room: int, alone: bool
) -> None:
    packing = pack(wanted, frozenset(), {}, room=room, alone=alone)
    assert union(packing.inline, *packing.managed.values()) | packing.omitted == wanted
    assert size(document(packing.inline)) <= INLINE
    assert all(size(document(each)) <= MANAGED for each in packing.managed.values())
    assert len(packing.managed) <= room
    assert not (packing.inline and packing.managed)
    assert all(1 <= number <= MOST for number in packing.managed)


@settings(max_examples=25, deadline=None)
@given(SETS, SETS)
def test_what_is_wanted_before_and_after_stays_in_its_policy(before: frozenset[Right], more: frozenset[Right]) -> None:
    first = pack(before, frozenset(), {}, room=MOST, alone=False)
    after = frozenset(right for right in more if right.subject not in {each.subject for each in before}) | frozenset(
        sorted(before)[::2]
    )
    second = pack(after, frozenset(), first.managed, room=MOST, alone=False)
    if first.omitted or second.omitted:
        return
    for number, kept in first.managed.items():
        for right in kept & after:
            assert right in second.managed[number]


@settings(max_examples=25, deadline=None)
@given(SETS)
def test_the_same_wish_is_packed_the_same_way(wanted: frozenset[Right]) -> None:
    first = pack(wanted, frozenset(), {}, room=MOST, alone=False)
    assert pack(wanted, frozenset(), first.managed, room=MOST, alone=False) == first


def test_what_fits_is_inline_and_what_does_not_is_managed() -> None:
    few, many = frozenset(_right(n, 50) for n in range(20)), frozenset(_right(n, 100) for n in range(100))
    assert pack(few, frozenset(), {}, room=MOST, alone=True).inline == few
    assert len(pack(many, frozenset(), {}, room=MOST, alone=True).managed) > 1
    assert pack(few, frozenset(), {}, room=MOST, alone=False).managed == {1: few}


def test_beyond_the_limit_nothing_is_added_and_what_is_not_wanted_goes_all_the_same() -> None:
    before = frozenset(_right(n, 100) for n in range(50))
    live = pack(before, frozenset(), {}, room=MOST, alone=False).managed
    gone = frozenset(sorted(before)[:5])
    wanted = (before - gone) | frozenset(_right(n, 120) for n in range(1000, 2000))
    packing = pack(wanted, frozenset(), live, room=MOST, alone=False)
    assert union(*packing.managed.values()) == before - gone
    assert packing.omitted == without(wanted, before)


def test_policies_of_others_leave_less_room() -> None:
    wanted = frozenset(_right(n, 110) for n in range(300))
    assert not pack(wanted, frozenset(), {}, room=MOST, alone=True).omitted
    assert pack(wanted, frozenset(), {}, room=2, alone=True).omitted
