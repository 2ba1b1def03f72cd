"""`trimtab release plan`: what to expect with a given traffic, from the rule itself."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from tests.unit.cli.test_release_anew import finished, kpi, packed, ramp
from tests.unit.cli.test_release_replay import ERRORS, SPEED, spec

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.cli.main import main
from trimtab.cli.release import traffic
from trimtab.cli.release.loads import Load
from trimtab.cli.release.prospects import Trials, alternatives, prospect
from trimtab.domain.release.evidence.terms import Compare

FEW = ("--runs", "20")


def plan(directory: Path, resource: Any, *options: str) -> Result:
    (directory / "release.yaml").write_text(yaml.safe_dump(resource))
    return CliRunner().invoke(main, ["release", "plan", "--spec", str(directory / "release.yaml"), *FEW, *options])


def told(directory: Path, resource: Any, *options: str) -> dict[str, Any]:
    result = plan(directory, resource, "-o", "json", *options)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


BUSY = ("--rate", "300", "--failing", "0.5%")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return told(tmp_path_factory.mktemp("plan"), spec(deadline="30m"), *BUSY)


def test_a_good_version_is_promoted_and_a_bad_one_aborted(busy: dict[str, Any]) -> None:
    assert busy["good"]["promoted"] > 0.9
    assert busy["bad"]["aborted"] > 0.9
    assert 120 <= busy["good"]["median"] <= busy["good"]["ninetyPercent"] < 1800
    assert busy["traffic"]["failing"] == {"errors": 0.005}
    assert busy["compareTo"] == "Both"


def test_settings_that_decide_sooner_are_named_with_their_times(busy: dict[str, Any]) -> None:
    assert ["analysis.compareTo=SLO"] in [each["settings"] for each in busy["sooner"]]
    assert all(each["good"]["median"] < busy["good"]["median"] for each in busy["sooner"])


def test_with_little_traffic_nothing_is_decided(tmp_path: Path) -> None:
    little = told(tmp_path, spec(deadline="4m", readyWithin="1m"), "--rate", "0.5", "--failing", "0.5%")
    assert little["good"]["undecided"] == 1
    assert little["good"]["median"] is None


def test_the_same_seed_gives_the_same_plan() -> None:
    load = Load(rate=300.0, failing=(0.005,))
    one, same, other = (prospect(spec()["spec"], (), load, Trials(runs=20, seed=seed)) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_people_read_it_within_80_columns(tmp_path: Path) -> None:
    lines = plan(tmp_path, spec(deadline="30m"), *BUSY).stdout.splitlines()
    assert lines[0] == "traffic   300 requests/s, as given"
    assert lines[1] == "          errors: 0.500% fail now, 99% must succeed"
    assert any(line.startswith("fails like the stable one: promoted") for line in lines)
    assert any(line.startswith("fails 2% of errors: aborted") for line in lines)
    assert max(map(len, lines)) <= 80


def test_a_stable_version_that_breaches_is_spoken_of(tmp_path: Path) -> None:
    result = plan(tmp_path, spec(deadline="4m", readyWithin="1m"), "--rate", "20", "--failing", "3%")
    assert "breaches errors itself" in result.stdout


def test_shares_are_given_by_kpi() -> None:
    parsed = CanaryReleaseSpec.model_validate(spec(ERRORS, SPEED)["spec"])
    assert traffic.said(parsed, 5.0, ["1%", "errors=0.1%"], 4).failing == (0.001, 0.01)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ((), 1, "nothing was counted yet: give --rate 20 --failing 0.5%"),
        (("--failing", "1%"), 2, "--failing belongs to --rate"),
        (("--rate", "20", "--failing", "1"), 2, "'1' is no share: write it as 0.5%"),
        (("--rate", "20", "--failing", "speed=1%"), 2, "there is no KPI 'speed' that counts: errors"),
        (("--rate", "0"), 2, "0.0 is not in the range x>0"),
        (("--rate", "5", "--set", "analysis.falseAbort=99%"), 1, "'99%' is not between"),
    ],
)
def test_what_cannot_be_planned_says_why(tmp_path: Path, options: tuple[str, ...], code: int, says: str) -> None:
    result = plan(tmp_path, spec(), *options)
    assert result.exit_code == code
    assert says in result.stderr


def test_a_spec_without_counts_needs_no_plan(tmp_path: Path) -> None:
    resource = spec()
    resource["spec"]["kpis"] = [{"name": "pods", "pods": {}}]
    assert "decided by time and pods alone" in plan(tmp_path, resource, "--rate", "5").stderr


def test_what_an_ab_test_matches_is_not_guessed(tmp_path: Path) -> None:
    resource = spec(compareTo="Auto")
    match = [{"header": {"name": "x-canary", "exact": "1"}}]
    resource["spec"]["strategy"] = {"abTest": {"match": match, "bake": "1m"}}
    assert "how many requests an abTest matches" in plan(tmp_path, resource, "--rate", "5").stderr


def test_a_preview_is_no_obstacle(tmp_path: Path) -> None:
    resource = spec(compareTo="Auto", deadline="30m")
    resource["spec"]["strategy"] = {"blueGreen": {"bake": "1m"}}
    assert told(tmp_path, resource, *BUSY)["good"]["promoted"] > 0.9


def test_traffic_is_that_of_the_last_release() -> None:
    resource = finished(kpi(packed(*ramp(12))))
    load = traffic.of_last_release(CanaryReleaseSpec.model_validate(resource["spec"]), resource["status"])
    assert load is not None
    assert load.rate == pytest.approx(40.0), "400 requests of both revisions in ten seconds"
    assert load.failing == pytest.approx((0.005,), rel=0.05), "as stable failed, not the candidate"
    assert load.pods == 4
    nothing = finished()
    assert traffic.of_last_release(CanaryReleaseSpec.model_validate(nothing["spec"]), nothing["status"]) is None


def test_only_valid_alternatives_are_tried() -> None:
    tried = list(alternatives(spec()["spec"], Compare.SLO))
    assert not any("compareTo" in change for changes in tried for change in changes)
    long = spec(deadline="20m")["spec"]
    long["strategy"] = {"canary": {"steps": [{"weight": "10%", "bake": "15m"}]}}
    assert not any("strategy" in change for changes in alternatives(long, Compare.BOTH) for change in changes)
