"""`trimtab release replay` and `plan` by the ledger of a release of a real API server."""

import json

from tests.integration.release_commands.operator import Operator
from tests.support.cli import trimtab

from trimtab.domain.release.judging.ledger import Entry, Totals, appended


def ledger(ticks: int, bad: int) -> str:
    """Ticks of the last step, each with two hundred requests of each revision."""
    packed = ""
    for number in range(ticks):
        counts = {"candidate": Totals(200, bad, 4), "stable": Totals(200, 1, 4)}
        entry = Entry(
            t=10 * (number + 1),
            seconds=10,
            step=2,
            weight=50,
            compared=True,
            counts=True,
            finding=0,
            abort=0,
            promote=0,
            **counts,
        )
        packed = appended(packed, entry)
    return packed


async def counted(operator: Operator, bad: int) -> None:
    """A release that has been judged by its errors so far."""
    release = await operator.kube.get("CanaryRelease", operator.space, "orders")
    assert release is not None
    kpis = [*release["spec"]["kpis"], {"name": "errors", "requests": {"successRate": "99%"}}]
    await operator.kube.patch("CanaryRelease", operator.space, "orders", {"spec": {"kpis": kpis}})
    verdict = {"target": "orders", "name": "errors", "verdict": "Insufficient", "compareTo": "Both"}
    await operator.say("CanaryRelease", kpis=[{**verdict, "ledger": ledger(60, bad)}])


async def test_a_release_is_judged_anew_by_what_it_has_counted(operator: Operator) -> None:
    await counted(operator, bad=12)
    code, output = await trimtab("release", "replay", "orders", "-n", operator.space)
    assert code == 0, output
    assert "decided   nothing yet (Progressing)" in output
    assert "replayed  Abort after" in output
    lenient = ("--set", "kpis.errors.successRate=70%", "--set", "analysis.compareTo=SLO")
    code, output = await trimtab("release", "replay", "orders", "-n", operator.space, *lenient, "--ticks", "-o", "json")
    assert code == 0, output
    found = json.loads(output)
    assert found["replayed"]["verdict"] == "Promote"
    assert found["ticks"][0]["candidate"] == {"requests": 200, "failed": 12}


async def test_a_release_is_planned_by_what_it_has_counted(operator: Operator) -> None:
    await counted(operator, bad=1)
    code, output = await trimtab(
        "release",
        "plan",
        "orders",
        "-n",
        operator.space,
        "--runs",
        "20",
        "--set",
        "analysis.deadline=30m",
        "-o",
        "json",
    )
    assert code == 0, output
    found = json.loads(output)
    assert found["traffic"]["requestsPerSecond"] == 40
    assert found["good"]["promoted"] + found["good"]["undecided"] >= 0.9


async def test_what_has_counted_nothing_says_so(operator: Operator) -> None:
    for command in ("replay", "plan"):
        code, output = await trimtab("release", command, "orders", "-n", operator.space)
        assert code == 1
        assert "Traceback" not in output
