"""What judging remembers of a KPI survives restarts, upgrades and downgrades of the operator."""

import json
from dataclasses import replace

import numpy as np
import pytest

from trimtab.domain.release.evidence import evidence
from trimtab.domain.release.evidence.finding import Finding
from trimtab.domain.release.judging.kpistate import LIMIT, KpiState, Sums, of_text, to_text

FULL = KpiState(
    release="g5tme2hiyb",
    step="2@50",
    interval=10.0,
    cursor=1767614438.0,
    compare=3,
    fresh=12,
    sums=Sums(10**7, 10**5, 10**8, 10**6),
    whole=Sums(10**8, 10**6, 10**9, 10**7),
    stale=2,
    heard=1767614431.123,
    silent=90,
    carry=(3, 4),
    failures=7,
    failed_at=1767614441.123,
    failure="x" * 100,
    finding=int(Finding.HOLD_UNPROVEN),
    abort=12,
    promote=64,
    needed=19000,
    run=-2,
    levels=("12.3456", "-4.56789e+10"),
)


def test_a_record_is_as_it_was_written_and_within_its_bounds() -> None:
    proven = FULL.proven(evidence.begin(1))
    assert of_text(to_text(FULL)) == FULL
    assert of_text(to_text(proven)) == proven
    assert len(to_text(proven)) <= LIMIT


def test_nothing_is_the_beginning() -> None:
    assert of_text("") == KpiState()
    assert of_text(to_text(KpiState())) == KpiState()
    assert np.array_equal(KpiState().evidence.states.abort_slo, evidence.begin(1).states.abort_slo)


def test_what_a_newer_operator_added_is_kept() -> None:
    newer = json.dumps({**json.loads(to_text(FULL.proven(evidence.begin(1)))), "ZZ": [1, 2], "zz": "new"})
    known = of_text(newer)
    again = json.loads(to_text(replace(known, fresh=13).proven(known.evidence)))
    assert (again["ZZ"], again["zz"], again["F"]) == ([1, 2], "new", 13)


@pytest.mark.parametrize("text", ["no json", "[]", "3", '"text"'])
def test_what_is_no_record_is_the_beginning(text: str) -> None:
    assert of_text(text) == KpiState()


def test_a_finding_of_a_newer_operator_lets_nothing_through() -> None:
    assert of_text('{"D": 99}').finding == Finding.HOLD_TRAFFIC


def test_a_new_step_counts_anew_and_a_run_out_of_bounds_goes_on() -> None:
    entered = FULL.in_step("3@100", 10.0)
    assert (entered.fresh, entered.sums, entered.finding) == (0, Sums(), Finding.HOLD_TRAFFIC)
    assert (entered.run, entered.whole) == (-2, FULL.whole)
    assert replace(FULL, run=3).in_step("3@100", 10.0).run == 0
    assert FULL.in_step("2@50", 10.0) == FULL


def test_only_another_reading_is_another_failure() -> None:
    once = KpiState().unread(10.0, "refused")
    assert once.unread(10.0, "refused") == once
    assert once.unread(20.0, "timeout").failures == 2
    assert once.read() == KpiState()
