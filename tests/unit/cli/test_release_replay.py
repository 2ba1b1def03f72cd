"""`trimtab release replay` on series: verdicts at the tick that decides, and nothing else than the counts decides."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from trimtab.cli.main import main

STEPS = [{"weight": "25%", "bake": "1m"}, {"weight": "50%", "bake": "1m"}]
ERRORS = {"name": "errors", "requests": {"successRate": "99%"}}
SPEED = {"name": "speed", "requests": {"latency": {"under": "250ms", "share": "95%"}}}
PODS = {"name": "pods", "pods": {}}
Line = dict[str, Any]
Replay = Callable[..., list[dict[str, Any]]]


def spec(*kpis: Any, **analysis: Any) -> dict[str, Any]:
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "CanaryRelease",
        "metadata": {"name": "orders"},
        "spec": {
            "targets": [{"name": "orders"}],
            "strategy": {"canary": {"steps": STEPS}},
            "kpis": [*(kpis or (ERRORS,)), PODS],
            "analysis": {"compareTo": "Both", **analysis},
        },
    }


def tick(t: int, run: str = "a", kpi: str = "errors", bad: int = 1, stable_bad: int = 1, **more: Any) -> Line:
    """Two hundred requests of each revision."""
    return {
        "run": run,
        "t": t,
        "kpi": kpi,
        "weight": "50%",
        "candidate": {"total": 200, "bad": bad, "pods": 4},
        "stable": {"total": 200, "bad": stable_bad, "pods": 4},
        **more,
    }


def ticks(number: int, **more: Any) -> list[Line]:
    return [tick(10 * (index + 1), **more) for index in range(number)]


def invoke(directory: Path, resource: Any, lines: Iterable[Line], *options: str) -> Result:
    (directory / "release.yaml").write_text(yaml.safe_dump(resource))
    series = "".join(json.dumps(line) + "\n" for line in lines)
    command = ["release", "replay", "--spec", str(directory / "release.yaml"), "--series", "-", *options]
    return CliRunner().invoke(main, command, input=series)


@pytest.fixture
def replay(tmp_path: Path) -> Replay:
    def judged(resource: Any, lines: Iterable[Line], *options: str) -> list[dict[str, Any]]:
        result = invoke(tmp_path, resource, lines, "-o", "json", *options)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    return judged


def test_a_line_for_each_run_tells_verdict_time_reason_and_kpis(replay: Replay) -> None:
    (found,) = replay(spec(), ticks(240))
    assert (found["run"], found["verdict"], found["reason"]) == ("a", "Promote", "Promoted")
    counted = found["t"] // 10 * 200
    assert found["kpis"]["errors"]["candidate"] == {"requests": counted, "failed": counted // 200}
    assert found["kpis"]["errors"]["promote"] == 100
    assert list(found) == ["run", "verdict", "t", "reason", "kpis"]


def test_a_release_takes_at_least_its_bakes(replay: Replay) -> None:
    flawless = ticks(240, bad=0, stable_bad=0)
    (found,) = replay(spec(compareTo="SLO"), [*flawless])
    assert found["t"] >= 120
    (found,) = replay(spec(compareTo="SLO", falsePromote="20%"), [dict(line, candidate=MANY) for line in flawless])
    assert found["t"] == 120, "with proof in plenty only the bakes of both steps count"


MANY = {"total": 20000, "bad": 0, "pods": 4}


def test_what_comes_after_the_verdict_is_ignored(replay: Replay) -> None:
    (before,) = replay(spec(), ticks(240))
    decided = before["t"] // 10
    (after,) = replay(spec(), [*ticks(decided), *(tick(10 * (decided + n), bad=200) for n in range(1, 50))])
    assert after == before


def test_a_bad_one_is_aborted_at_the_first_tick_that_decides(replay: Replay) -> None:
    (found,) = replay(spec(), ticks(60, bad=12))
    assert found["verdict"] == "Abort"
    assert found["reason"] in ("SLOBreached", "WorseThanStable")
    (shorter,) = replay(spec(), ticks(found["t"] // 10 - 1, bad=12))
    assert shorter["verdict"] == "Hold"


def test_a_series_that_ends_undecided_holds_and_a_deadline_ends_it(replay: Replay) -> None:
    (held,) = replay(spec(), ticks(12))
    assert (held["verdict"], held["t"], held["reason"]) == ("Hold", 120, "NotYetProven")
    late = ticks(60, bad=1, stable_bad=0)
    (found,) = replay(spec(deadline="3m", readyWithin="1m"), late)
    assert (found["verdict"], found["t"], found["reason"]) == ("Inconclusive", 180, "DeadlineExceeded")


def test_a_shared_incident_is_held(replay: Replay) -> None:
    (found,) = replay(spec(), ticks(120, bad=8, stable_bad=8))
    assert (found["verdict"], found["reason"]) == ("Hold", "EnvironmentUnhealthy")


@pytest.mark.parametrize("arm", ["candidate", "stable"])
def test_without_data_there_is_no_verdict(replay: Replay, arm: str) -> None:
    (found,) = replay(spec(), [dict(line, **{arm: None}) for line in ticks(240, bad=100)])
    assert (found["verdict"], found["reason"]) == ("Hold", "NoData")


def test_ticks_without_data_change_nothing_but_the_time(replay: Replay) -> None:
    (whole,) = replay(spec(), ticks(240))
    holes = [
        line
        for number, full in enumerate(ticks(240))
        for line in (tick(20 * number + 10, candidate=None, stable=None), dict(full, t=20 * number + 20))
    ]
    (found,) = replay(spec(), holes)
    assert found["verdict"] == "Promote"
    assert found["kpis"]["errors"]["candidate"]["requests"] <= whole["kpis"]["errors"]["candidate"]["requests"]


def test_given_steps_are_taken_as_given(replay: Replay) -> None:
    good = ticks(240)
    (held,) = replay(spec(), [dict(line, step=1) for line in good])
    assert (held["verdict"], held["t"]) == ("Hold", 2400), "the last step never began"
    (found,) = replay(spec(), [dict(line, step=1 if line["t"] <= 1000 else 2) for line in good])
    assert found["verdict"] == "Promote"
    assert found["t"] > 1000 + 60, "its own bake, and evidence of its own"
    (first,) = replay(spec(), [dict(line, step=2) for line in good])
    assert first["verdict"] == "Promote", "nobody asks how the last step was reached"


def test_weights_are_what_the_router_did(replay: Replay) -> None:
    worse = ticks(120, bad=6)
    lenient = spec({"name": "errors", "requests": {"successRate": "95%"}}, compareTo="Stable")
    (divided,) = replay(lenient, worse)
    assert (divided["verdict"], divided["reason"]) == ("Abort", "WorseThanStable")
    (whole,) = replay(lenient, [dict(line, weight="100%") for line in worse])
    assert whole["verdict"] != "Abort", "nothing is compared that was not divided at random"
    (left_out,) = replay(spec(), [{name: line[name] for name in line if name != "weight"} for line in worse])
    assert left_out == replay(spec(), worse)[0], "without a weight the router did what the step wants"


def strategy(resource: dict[str, Any], **strategy: Any) -> dict[str, Any]:
    return {**resource, "spec": {**resource["spec"], "strategy": strategy}}


def test_a_preview_is_passed_without_requests(replay: Replay) -> None:
    blue = strategy(spec(compareTo="SLO"), blueGreen={"bake": "1m"})
    alone = [{name: line[name] for name in line if name != "weight"} | {"stable": None} for line in ticks(240, bad=0)]
    (found,) = replay(blue, alone)
    assert found["verdict"] == "Promote"
    (given,) = replay(blue, [dict(line, step=2) for line in alone])
    assert given == found


def test_nothing_is_compared_that_was_not_divided_at_random(replay: Replay) -> None:
    match = [{"header": {"name": "x-canary", "exact": "1"}}]
    lenient = spec({"name": "errors", "requests": {"successRate": "95%"}}, compareTo="Auto")
    worse = ticks(120, bad=6)
    assert replay(lenient, worse)[0]["reason"] == "WorseThanStable"
    (found,) = replay(strategy(lenient, abTest={"match": match, "bake": "1m"}), worse)
    assert found["verdict"] == "Promote", "within its bound"


def test_runs_are_judged_each_on_its_own(replay: Replay) -> None:
    good, bad = ticks(240), ticks(100, run="b", bad=12)
    alone = [*replay(spec(), good), *replay(spec(), bad)]
    assert replay(spec(), [*good, *bad]) == alone
    interleaved = sorted([*good, *bad], key=lambda line: line["t"])
    assert replay(spec(), interleaved) == alone
    with_steps = [dict(line, run="c", step=2) for line in good]
    both = replay(spec(), [*good, *with_steps, *bad])
    assert [found["run"] for found in both] == ["a", "c", "b"], "in the order of the series"
    assert both[0] == alone[0]


def test_one_bad_kpi_of_two_aborts_and_is_named(replay: Replay) -> None:
    lines = [line for good in ticks(240) for line in (good, tick(good["t"], kpi="speed", bad=40))]
    (found,) = replay(spec(ERRORS, SPEED), lines)
    assert found["verdict"] == "Abort"
    assert found["kpis"]["speed"]["abort"] == 100
    assert found["kpis"]["errors"]["abort"] < 100
    both = [line for good in ticks(240) for line in (good, tick(good["t"], kpi="speed"))]
    (promoted,) = replay(spec(ERRORS, SPEED), both)
    assert promoted["verdict"] == "Promote"
    missing = replay(spec(ERRORS, SPEED), ticks(240))[0]
    assert (missing["verdict"], missing["kpis"]["speed"]["reason"]) == ("Hold", "NoData")


def test_settings_are_tried_in_place_of_the_specs(replay: Replay) -> None:
    (strict,) = replay(spec(), ticks(240))
    (loose,) = replay(spec(), ticks(240), "--set", "analysis.compareTo=SLO", "--set", "analysis.falsePromote=20%")
    assert loose["verdict"] == "Promote"
    assert loose["t"] < strict["t"]


def test_auto_compares_where_traffic_suffices(replay: Replay) -> None:
    (much,) = replay(spec(compareTo="Auto"), ticks(240))
    assert much == replay(spec(compareTo="Both"), ticks(240))[0]
    little = [dict(line, candidate={"total": 2, "bad": 0, "pods": 1}, stable={"total": 2, "bad": 0, "pods": 1})
              for line in ticks(240)]  # fmt: skip
    assert replay(spec(compareTo="Auto"), little) == replay(spec(compareTo="SLO"), little)


def test_people_get_a_table(tmp_path: Path) -> None:
    result = invoke(tmp_path, spec(), [*ticks(240), *ticks(240, run="b")])
    head, first, second, last = result.stdout.splitlines()
    assert head.split() == ["run", "verdict", "after", "reason", "failed"]
    assert first.split()[:2] == ["a", "Promote"]
    assert "errors: new 0.500% of" in second
    assert last == "2 runs: 2 Promote"


@pytest.mark.parametrize(
    ("resource", "lines", "code", "says"),
    [
        (spec(), [tick(10), tick(5)], 1, "line 2: t: 5: run 'a' was at 10 already"),
        (spec(), [tick(10, kpi="pods")], 1, 'line 1: kpi: "pods": name one of the spec that counts: errors'),
        (spec(falseAbort="90%"), [tick(10)], 1, "spec.analysis.falseAbort: '90%' is not between 0.01% and 20%"),
        (spec() | {"kind": "Service"}, [tick(10)], 1, "has no CanaryRelease"),
    ],
)
def test_what_cannot_be_judged_is_refused(tmp_path: Path, resource: Any, lines: Any, code: int, says: str) -> None:
    result = invoke(tmp_path, resource, lines)
    assert result.exit_code == code
    assert says in result.stderr


def test_a_spec_that_counts_nothing_is_refused(tmp_path: Path) -> None:
    resource = spec()
    resource["spec"]["kpis"] = [PODS]
    result = invoke(tmp_path, resource, [tick(10)])
    assert "no KPI that counts" in result.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "name a CanaryRelease, or give --spec and --series"),
        (["--series", "-"], "--spec and --series belong together"),
        (["--spec", "-", "--series", "-"], "only one of --spec and --series can be stdin"),
        (["--spec", "/dev/null", "--series", "-", "--ticks"], "--ticks shows a release of the cluster"),
    ],
)
def test_wrong_usage_says_what_is_right(options: list[str], says: str) -> None:
    result = CliRunner().invoke(main, ["release", "replay", *options], input="")
    assert result.exit_code == 2
    assert says in result.stderr
