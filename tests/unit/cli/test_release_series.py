"""Series of counts as JSON lines: what they mean, and what is refused."""

import json
from typing import Any

import pytest

from trimtab.cli.release.series import NO_DATA, Series, SeriesError, read

COUNTS = {"candidate": {"total": 120, "bad": 1, "pods": 4}, "stable": {"total": 1080, "bad": 6, "pods": 4}}


def line(run: str = "a", t: Any = 10, kpi: Any = "errors", **more: Any) -> str:
    return json.dumps({"run": run, "t": t, "kpi": kpi, **COUNTS, **more})


def series(*lines: str, kpis: tuple[str, ...] = ("errors",), steps: int = 3) -> Series:
    return read(lines, kpis, steps)


def test_a_line_is_a_tick_of_a_kpi() -> None:
    found = series(line(step=2, weight="10%"))
    assert found.runs == ("a",)
    assert found.at.tolist() == [[10]]
    assert found.step.tolist() == [[2]]
    assert found.weight.tolist() == [[10.0]]
    assert found.counts.tolist() == [[[[120, 1, 4, 1080, 6, 4]]]]


def test_step_and_weight_may_be_left_out() -> None:
    found = series(line(), line(t=20, step=None, weight=None))
    assert found.step.tolist() == [[0], [0]]
    assert (found.weight < 0).all()


@pytest.mark.parametrize("candidate", [None, {"total": None, "bad": None, "pods": 4}, {"total": None, "bad": 0}])
def test_null_is_no_data_and_no_zero(candidate: Any) -> None:
    found = series(line(candidate=candidate))
    assert found.counts[0, 0, 0].tolist() == [NO_DATA, NO_DATA, NO_DATA, 1080, 6, 4]
    assert series(line(candidate={"total": 0, "bad": 0, "pods": 4})).counts[0, 0, 0, 0] == 0


def test_equal_t_is_one_tick_of_several_kpis() -> None:
    found = series(line(), line(kpi="speed", stable=None), line(t=20, kpi="speed"), kpis=("errors", "speed"))
    assert found.at.tolist() == [[10], [20]]
    assert found.counts[0, 0, :, 0].tolist() == [120, 120]
    assert found.counts[0, 0, :, 3].tolist() == [1080, NO_DATA]
    assert found.counts[1, 0, 0].tolist() == [NO_DATA] * 6, "a KPI without a line has no data in the tick"


@pytest.mark.parametrize(
    "order",
    [
        [("a", 10), ("a", 20), ("a", 30), ("b", 15), ("b", 25)],
        [("a", 10), ("b", 15), ("a", 20), ("b", 25), ("a", 30)],
    ],
    ids=["one run after the other", "interleaved"],
)
def test_runs_have_ticks_of_their_own(order: list[tuple[str, int]]) -> None:
    found = series(*(line(run, t) for run, t in order))
    assert found.runs == ("a", "b")
    assert found.at.tolist() == [[10, 15], [20, 25], [30, -1]]
    assert found.present.sum() == 5


def test_empty_lines_are_skipped_and_extra_fields_ignored() -> None:
    assert series("\n", line(note="load test"), "  \n").at.shape == (1, 1)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["{"], "line 1: { is not JSON"),
        ([line(), "[1]"], "line 2: [1] is no JSON object"),
        (['{"run": "a", "t": 1, "kpi": "errors", "stable": null}'], "line 1: candidate: is missing"),
        ([json.dumps({"run": 7, "t": 1, "kpi": "errors", **COUNTS})], 'line 1: run: 7: write it as text, such as "a"'),
        ([line(t=-1)], "line 1: t: -1: write a whole number from 0"),
        ([line(t=1.5)], "line 1: t: 1.5: write a whole number"),
        ([line(t="1")], 'line 1: t: "1": write a whole number'),
        ([line(t=True)], "line 1: t: true: write a whole number"),
        ([line(kpi="speed")], 'line 1: kpi: "speed": name one of the spec that counts: errors'),
        ([line(kpi=None)], "line 1: kpi: null: name one of the spec"),
        ([line(step=0)], "line 1: step: 0: the spec has the steps 1 to 3"),
        ([line(step=4)], "line 1: step: 4: the spec has the steps 1 to 3"),
        ([line(weight="10")], 'line 1: weight: "10": write the share of requests in percent'),
        ([line(weight=10)], "line 1: weight: 10: write the share"),
        ([line(weight="101%")], 'line 1: weight: "101%"'),
        ([line(candidate={"total": 1})], "line 1: candidate.bad: is missing"),
        ([line(candidate=[1, 2])], "line 1: candidate: [1, 2]: write {"),
        ([line(candidate={"total": -1, "bad": 0})], "line 1: candidate.total: -1: write a whole number from 0"),
        ([line(stable={"total": 10, "bad": 0.5})], "line 1: stable.bad: 0.5: write a whole number"),
        ([line(stable={"total": 10, "bad": 11})], "line 1: stable.bad: 11: only 10 requests were there"),
        (['{"run":"a","t":1,"kpi":"errors","stable":null,"candidate":{"total":NaN,"bad":0}}'], "candidate.total: NaN"),
        ([line(candidate={"total": 10**13, "bad": 0})], "candidate.total: 10000000000000: write a whole number"),
        ([line(), line()], "line 2: kpi: \"errors\": run 'a' has it at t 10 already"),
        ([line(t=20), line(t=10)], "line 2: t: 10: run 'a' was at 20 already: sort the lines"),
        ([line(step=1), line(kpi="b", step=2)], "line 2: t: 10: the tick of run 'a' has another step or weight"),
        ([], "there are no lines"),
    ],
)
def test_what_cannot_be_meant_is_refused(lines: list[str], says: str) -> None:
    with pytest.raises(SeriesError) as refused:
        read(lines, ("errors", "b") if '"b"' in "".join(lines) else ("errors",), 3)
    assert says in str(refused.value)


def test_steps_are_given_for_a_whole_run_or_not_at_all() -> None:
    with pytest.raises(SeriesError, match="line 2: step: null: run 'a' has it otherwise in other lines"):
        series(line(step=1), line(t=20))
    assert series(line(step=1), line("b")).step.tolist() == [[1, 0]]
