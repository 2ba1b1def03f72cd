"""The rule, case by case: what evidence aborts, holds, passes and promotes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.unit.domain.release.evidence.batches import grown, terms_of, tick_of

from trimtab.domain.release.evidence.evidence import PROCESSES, after, begin, values
from trimtab.domain.release.evidence.finding import Finding
from trimtab.domain.release.evidence.rule import findings
from trimtab.domain.release.evidence.terms import Compare

GOOD = {"stable_slo": -2.0, "abort_slo": -2.0, "abort_relative": -1.0, "abort_floor": -1.0}
PROVEN = {"promote_slo": 4.0, "promote_relative": 4.0, "promote_floor": -9.0}
BREACH = {"abort_slo": 5.4, "abort_relative": 0.5, "stable_slo": -2.0}
WORSE = {"abort_relative": 5.4, "abort_floor": 5.4}


def found(
    logs: dict[str, float], *, compare: Compare = Compare.BOTH, last: bool = False, kpis: int = 1, **facts: Any
) -> Finding:
    """The finding if each process has this value; abort ones must not be below the weight of what may yet begin."""
    terms = terms_of(1, compare=compare, kpis=kpis)
    states = {}
    for name in PROCESSES:
        state = getattr(begin(1).states, name)
        log = logs.get(name, 0.0)
        worth = np.log(np.expm1(log) + 0.5) if name in PROCESSES[:4] and log > -0.6 else log
        states[name] = np.full_like(state, worth)
    evidence = replace(begin(1), states=replace(begin(1).states, **states), last=np.array([last]))
    given = {"requests": 100, "stable_requests": 900, "fresh_ticks": 3, "compared": True, "mismatched": False} | facts
    kinds = {"compared": np.bool_, "mismatched": np.bool_}
    columns: dict[str, Any] = {name: np.array([value], kinds.get(name, np.int64)) for name, value in given.items()}
    return Finding(findings(evidence, terms, last=np.array([last]), **columns)[0])


def test_a_step_passes_without_any_proof_of_goodness() -> None:
    assert found(GOOD) is Finding.PASS
    assert found(GOOD | {"abort_relative": 20.0}) is Finding.PASS


@pytest.mark.parametrize(
    ("compare", "logs", "finding"),
    [
        (Compare.BOTH, PROVEN, Finding.PASS),
        (Compare.BOTH, PROVEN | {"promote_relative": -1.0, "promote_floor": 4.0}, Finding.PASS),
        (Compare.BOTH, PROVEN | {"promote_relative": 3.6}, Finding.HOLD_UNPROVEN),
        (Compare.BOTH, PROVEN | {"promote_slo": 3.6}, Finding.HOLD_UNPROVEN),
        (Compare.SLO, {"promote_slo": 4.0, "promote_relative": -9.0}, Finding.PASS),
        (Compare.SLO, {"promote_slo": 3.6, "promote_relative": 9.0}, Finding.HOLD_UNPROVEN),
        (Compare.STABLE, {"promote_slo": -1.0, "promote_relative": 4.0}, Finding.PASS),
        (Compare.STABLE, {"promote_slo": -1.0, "promote_floor": 4.0}, Finding.PASS),
        (Compare.STABLE, {"promote_slo": 9.0}, Finding.HOLD_UNPROVEN),
    ],
)
def test_a_promotion_needs_the_proofs_that_it_compares_to(
    compare: Compare, logs: dict[str, float], finding: Finding
) -> None:
    assert found(GOOD | logs, compare=compare, last=True) is finding


def test_the_slo_alone_is_asked_where_nothing_may_be_compared() -> None:
    for compare in Compare.BOTH, Compare.STABLE, Compare.SLO:
        assert found(GOOD | {"promote_slo": 4.0}, compare=compare, last=True, compared=False) is Finding.PASS
        unproven = found(GOOD | {"promote_relative": 9.0}, compare=compare, last=True, compared=False)
        assert unproven is Finding.HOLD_UNPROVEN


def test_a_breach_of_the_slo_aborts_unless_stable_breaches_too_or_is_no_better() -> None:
    assert found(BREACH) is Finding.ABORT_SLO
    assert found(BREACH | {"abort_slo": 5.2}) is Finding.HOLD_EVIDENCE
    assert found(BREACH | {"stable_slo": 1.0}) is Finding.HOLD_ENVIRONMENT
    assert found(BREACH | {"abort_relative": -0.1}) is Finding.HOLD_EVIDENCE
    assert found(BREACH, kpis=2) is Finding.HOLD_EVIDENCE
    assert found(BREACH | {"abort_slo": 6.1}, kpis=2) is Finding.ABORT_SLO


def test_being_worse_than_stable_aborts_only_where_it_matters() -> None:
    assert found(GOOD | WORSE) is Finding.ABORT_RELATIVE
    assert found(GOOD | WORSE | {"abort_floor": 5.2}) is Finding.HOLD_EVIDENCE
    assert found(GOOD | WORSE | {"abort_floor": 2.2}) is Finding.PASS
    assert found(GOOD | WORSE, compared=False) is Finding.PASS


def test_where_nothing_may_be_compared_a_breach_aborts_unless_a_stable_that_serves_breaches_too() -> None:
    assert found({"abort_slo": 5.4}, compared=False) is Finding.ABORT_SLO
    assert found({"abort_slo": 5.4, "stable_slo": 1.0}, compared=False) is Finding.HOLD_EVIDENCE
    assert found({"abort_slo": 5.4, "stable_slo": 1.0}, compared=False, stable_requests=0) is Finding.ABORT_SLO


def test_a_shared_incident_holds_only_a_candidate_that_is_not_proven_good() -> None:
    shared = {"stable_slo": 3.0, "abort_slo": 0.5, "abort_relative": -1.0}
    assert found(shared, requests=0) is Finding.HOLD_ENVIRONMENT
    assert found(shared | {"promote_slo": 4.0}) is Finding.PASS
    assert found(shared | {"abort_slo": -0.5}) is Finding.PASS
    assert found(shared | {"abort_slo": -0.5} | PROVEN, last=True) is Finding.PASS


def test_with_no_evidence_at_all_it_is_traffic_that_lacks() -> None:
    assert found({}, requests=0, fresh_ticks=0) is Finding.HOLD_TRAFFIC
    assert found({}) is Finding.HOLD_ENVIRONMENT


def test_too_little_traffic_holds() -> None:
    assert found(GOOD, requests=99) is Finding.HOLD_TRAFFIC
    assert found(GOOD, fresh_ticks=2) is Finding.HOLD_TRAFFIC


def test_lost_requests_hold_and_evidence_against_comes_first() -> None:
    assert found(GOOD, mismatched=True, requests=0) is Finding.HOLD_SHARE
    assert found(GOOD | {"abort_slo": 2.4}, mismatched=True) is Finding.HOLD_EVIDENCE
    assert found(BREACH, mismatched=True, requests=1, fresh_ticks=1) is Finding.ABORT_SLO


def test_evidence_from_before_the_last_step_promotes_nothing() -> None:
    terms, good = terms_of(1, compare=Compare.SLO), tick_of(1, (10_000, 20), (10_000, 20))
    before = grown(1, terms, *[good] * 5)
    facts = {
        "requests": np.array([500]),
        "stable_requests": np.array([500]),
        "fresh_ticks": np.array([3]),
        "last": np.array([True]),
        "compared": np.array([True]),
        "mismatched": np.array([False]),
    }
    assert values(before, terms).promote_slo[0] > np.log(40)
    assert findings(before, terms, **facts)[0] == Finding.HOLD_UNPROVEN
    silent = after(before, terms, tick_of(1, (0, 0), (0, 0)), last=np.array([True]))
    assert values(silent, terms).promote_slo[0] == 0.0
    assert findings(silent, terms, **facts)[0] == Finding.HOLD_UNPROVEN
    proven = after(silent, terms, good, last=np.array([True]))
    assert findings(proven, terms, **facts)[0] == Finding.PASS
    kept = after(proven, terms, good, last=np.array([True]))
    assert values(kept, terms).promote_slo[0] >= values(proven, terms).promote_slo[0] - 1e-5


def test_abort_evidence_is_kept_when_the_last_step_begins() -> None:
    terms, bad = terms_of(1), tick_of(1, (1000, 30), (1000, 5))
    before = grown(1, terms, *[bad] * 3)
    following = after(before, terms, tick_of(1, (0, 0), (0, 0)), last=np.array([True]))
    then, now = values(before, terms), values(following, terms)
    for name in PROCESSES[:4]:
        assert getattr(now, name)[0] == pytest.approx(getattr(then, name)[0], abs=1e-5)


def test_a_tick_that_does_not_count_changes_no_bit() -> None:
    terms = terms_of(2)
    before = grown(2, terms, tick_of(2, (1000, 30), (1000, 5)))
    following = after(before, terms, tick_of(2, (500, 400), (10, 0), counts=[False, True]), last=np.array([True, True]))
    for name in PROCESSES:
        old, new = getattr(before.states, name), getattr(following.states, name)
        assert (old[0] == new[0]).all()
        assert (old[1] != new[1]).any()
    assert following.ticks.tolist() == [1, 2]
    assert following.last.tolist() == [False, True]


@pytest.mark.parametrize("total", [10**5, 10**9])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_any_number_of_requests_is_judged_without_overflow(total: int, share: float) -> None:
    terms = terms_of(1, p0=1e-5, floor=2.5e-6, tolerance=8.0)
    bad = int(total * share)
    small = tick_of(1, (50, round(50 * share)), (10**5, round(10**5 * share)))
    large = tick_of(1, (total, bad), (total, 0), compared=total == 10**5)
    evidence = grown(1, terms, *[small, large] * 2)
    assert all(np.isfinite(getattr(values(evidence, terms), name)).all() for name in PROCESSES)
