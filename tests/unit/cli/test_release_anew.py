"""`trimtab release replay NAME`: a release's own ledgers, judged by the same rule with the same or other settings."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from tests.unit.cli.pictures import moving, release
from tests.unit.cli.test_release_replay import invoke, spec, tick

from trimtab.cli.release.anew import anew
from trimtab.cli.release.anew_text import lines, summary
from trimtab.domain.release.evidence.finding import Finding
from trimtab.domain.release.judging.ledger import Entry, Totals, appended

ABORTED = {
    "releaseID": "g5tme2hiyb",
    "outcome": "Aborted",
    "reason": "SLOBreached",
    "message": "orders: KPI errors: 6% of 2,000 requests failed",
    "startedAt": "2026-01-02T03:00:00Z",
    "endedAt": "2026-01-02T03:02:10Z",
}


def entry(t: int, bad: int, *, step: int = 2, weight: int = 50, counts: bool = True, seconds: int = 10) -> Entry:
    """Two hundred requests of each revision."""
    none = Totals(0, 0, 0)
    return Entry(
        t=t,
        seconds=seconds,
        step=step,
        weight=weight,
        compared=weight < 100,
        counts=counts,
        finding=int(Finding.HOLD_TRAFFIC),
        candidate=Totals(200, bad, 4) if counts else none,
        stable=Totals(200, 1, 4) if counts else none,
        abort=0,
        promote=0,
    )


def packed(*found: Entry) -> str:
    text = ""
    for each in found:
        text = appended(text, each)
    return text


def kpi(ledger: str, name: str = "errors", target: str = "orders", compare: str = "Both") -> dict[str, Any]:
    return {
        "target": target,
        "name": name,
        "verdict": "Fail",
        "reason": "SLOBreached",
        "compareTo": compare,
        "ledger": ledger,
    }


def finished(*kpis: dict[str, Any], **analysis: Any) -> dict[str, Any]:
    found = release("Aborted", targets=[moving()], kpis=list(kpis), history=[ABORTED])
    found["spec"] = spec(**analysis)["spec"]
    return found


def ramp(bad: int, number: int = 60) -> list[Entry]:
    """Six ticks of the first step, then the last one."""
    return [entry(10 * (index + 1), bad, step=1 if index < 6 else 2) for index in range(number)]


def test_a_ledger_is_judged_like_the_same_series(tmp_path: Path) -> None:
    for bad in (1, 12):
        series = [tick(10 * (index + 1), run="g5tme2hiyb", bad=bad, step=1 if index < 6 else 2) for index in range(200)]
        result = invoke(tmp_path, spec(), series, "-o", "json")
        expected = json.loads(result.stdout)
        found = summary(anew(finished(kpi(packed(*ramp(bad, 200))))), ticks=False)["replayed"]
        assert (found["verdict"], found["reason"]) == (expected["verdict"], expected["reason"])
        if bad == 12:  # all of its ticks are still there one by one
            assert found["t"] == expected["t"]
            assert found["kpis"] == {f"orders/{name}": told for name, told in expected["kpis"].items()}


def test_other_settings_decide_otherwise_and_are_told() -> None:
    resource = finished(kpi(packed(*ramp(4))))
    assert summary(anew(resource), ticks=False)["replayed"]["verdict"] == "Abort"
    lenient = ("kpis.errors.successRate=90%", "analysis.compareTo=SLO", "analysis.falsePromote=20%")
    found = summary(anew(resource, lenient), ticks=False)
    assert found["replayed"]["verdict"] == "Promote"
    assert found["settings"] == list(lenient)
    assert found["decided"]["outcome"] == "Aborted"
    assert found["decided"]["kpis"] == {"orders/errors": "Fail"}


def test_people_read_what_was_decided_and_what_would_have_been() -> None:
    told = list(lines(anew(finished(kpi(packed(*ramp(12)))), ("analysis.falseAbort=0.1%",)), ticks=False))
    assert told[0] == "shop/orders  release g5tme2hiyb"
    assert told[1].startswith("decided   Aborted after 2m10s: SLOBreached: orders: KPI errors")
    assert told[2] == "          orders/errors: Fail: SLOBreached"
    assert told[3].startswith("replayed  Abort after ")
    assert told[4] == "          with analysis.falseAbort=0.1%"
    assert told[5].startswith("          orders/errors: new 6.000% of ")
    assert told[-1] == "          not judged anew, since they do not count: pods"


def test_every_tick_is_told_on_demand() -> None:
    counted = [entry(10, 1), entry(20, 1, counts=False), entry(30, 1), entry(40, 30)]
    found = anew(finished(kpi(packed(*counted))))
    rows = summary(found, ticks=True)["ticks"]
    assert [row["t"] for row in rows] == [10, 20, 30, 40]
    assert rows[1]["candidate"] is None
    assert rows[3]["candidate"] == {"requests": 200, "failed": 30}
    assert rows[3]["abort"] > rows[0]["abort"]
    table = list(lines(found, ticks=True))[-5:]
    assert table[0].split() == ["t", "step", "kpi", "new", "failed", "stable", "failed", "abort", "promote"]
    assert table[2].split()[:6] == ["20s", "2", "orders/errors", "no", "data", "no"]
    assert table[4].split()[:6] == ["40s", "2", "orders/errors", "30", "of", "200"]


def test_what_auto_stood_for_is_not_chosen_anew() -> None:
    ledger = packed(*ramp(0, 90))
    recorded = summary(anew(finished(kpi(ledger, compare="SLO"), compareTo="Auto")), ticks=False)
    asked = summary(anew(finished(kpi(ledger, compare="SLO"), compareTo="SLO")), ticks=False)
    other = summary(anew(finished(kpi(ledger, compare="Both"), compareTo="Auto")), ticks=False)
    assert recorded["replayed"] == asked["replayed"]
    assert other["replayed"]["t"] > recorded["replayed"]["t"]


def test_two_targets_are_judged_together() -> None:
    resource = finished(kpi(packed(*ramp(1))), kpi(packed(*ramp(12)), target="stock"))
    resource["spec"]["targets"].append({"name": "stock"})
    found = summary(anew(resource), ticks=False)["replayed"]
    assert found["verdict"] == "Abort"
    assert found["kpis"]["stock/errors"]["abort"] == 100
    alone = summary(anew(finished(kpi(packed(*ramp(12))))), ticks=False)["replayed"]
    assert found["t"] >= alone["t"], "of two KPIs each must speak louder"


def test_a_kpi_that_never_had_data_lets_nothing_through() -> None:
    resource = finished(kpi(packed(*ramp(0, 100))), kpi("", name="speed"))
    resource["spec"]["kpis"].append({"name": "speed", "requests": {"latency": {"under": "250ms", "share": "95%"}}})
    found = summary(anew(resource), ticks=False)["replayed"]
    assert (found["verdict"], found["kpis"]["orders/speed"]["reason"]) == ("Hold", "NoData")


def test_what_came_after_the_promotion_promotes_nothing() -> None:
    before = ramp(1, 8)
    after = [entry(80 + 10 * (n + 1), 0, weight=100) for n in range(60)]
    assert summary(anew(finished(kpi(packed(*before, *after)))), ticks=False)["replayed"]["verdict"] == "Hold"


def test_a_release_under_way_is_judged_as_far_as_it_is() -> None:
    resource = release("Held", targets=[moving()], kpis=[kpi(packed(*ramp(1, 9)))])
    resource["spec"] = spec()["spec"]
    told = "\n".join(lines(anew(resource), ticks=False))
    assert "decided   nothing yet (Held)" in told
    assert "replayed  Hold after 1m30s, in step 2: NotYetProven" in told
    assert "nobody knows" in told


@pytest.mark.parametrize(
    ("resource", "changes", "says"),
    [
        (finished(), (), "has counted nothing yet"),
        (finished(kpi("")), (), "has counted nothing yet"),
        (finished(kpi(packed(entry(10, 1, step=3)))), (), "fewer steps now than the release took"),
        (finished(kpi(packed(entry(10, 1)))), ("analysis.tolerance=99x",), "'99x' is not between 1.3x and 8x"),
    ],
)
def test_what_cannot_be_judged_anew_says_why(resource: Any, changes: tuple[str, ...], says: str) -> None:
    with pytest.raises(click.ClickException) as refused:
        anew(resource, changes)
    assert says in refused.value.message
