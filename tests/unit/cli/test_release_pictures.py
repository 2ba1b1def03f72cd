"""How releases look at 80 columns, as a line, as JSON; and what exit code they amount to."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from tests.unit.cli import pictures
from tests.unit.cli.pictures import CANDIDATE, STABLE, moving, picture, release, resting, service

from trimtab.cli.release.drawing import WIDTH, draw
from trimtab.cli.release.exits import Exit
from trimtab.cli.release.history import history_lines
from trimtab.cli.release.picture import Picture
from trimtab.cli.release.showing import JsonLines, Lines, summary_line

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 1, 2, 3, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize("name", pictures.ALL)
def test_the_picture_is_as_reviewed(name: str) -> None:
    lines = draw(pictures.ALL[name], NOW)
    assert [click.unstyle(line) for line in lines] == (GOLDEN / f"{name}.txt").read_text().splitlines()


@pytest.mark.parametrize("name", pictures.ALL)
def test_no_line_is_wider_than_80_columns(name: str) -> None:
    assert max(len(click.unstyle(line)) for line in draw(pictures.ALL[name], NOW)) <= WIDTH


def test_every_golden_picture_is_compared() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == set(pictures.ALL)


def test_a_running_bake_moves_on_between_two_looks_of_the_operator_but_not_for_ever() -> None:
    def bake(at: datetime) -> str:
        return next(click.unstyle(line) for line in draw(pictures.STEPPING, at) if "of 2m" in line)

    assert bake(NOW).endswith("1m5s of 2m")
    assert bake(NOW + timedelta(seconds=5)).endswith("1m10s of 2m")
    assert bake(NOW + timedelta(hours=1)).endswith("1m30s of 2m")


def test_the_record_of_another_version_is_not_interpreted() -> None:
    strange = release(step=2, steps=3, position="2/3", progress={"version": 99, "bake": "later", "stage": {}})
    assert not any("of 2m" in line for line in draw(picture(strange), NOW))


def test_a_line_says_what_matters_and_no_times() -> None:
    assert summary_line(pictures.STEPPING) == (
        "Progressing, step 2/3, weight 25% (25% in effect), orders 1.4.1 -> 1.4.2: step 2 of 3, at 25 %: bakes"
    )
    assert summary_line(pictures.PROMOTED) == "Promoted: the newest revision is stable"
    assert summary_line(pictures.NEW) == "not looked at yet"


def test_lines_come_on_change_only(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Lines()
    for second, each in enumerate(
        (
            pictures.STEPPING,
            pictures.STEPPING,
            pictures.WATCHING,
            pictures.WATCHING,
            pictures.PROMOTED,
            pictures.PROMOTED,
        )
    ):
        shown.show(each, NOW + timedelta(seconds=second))
    lines = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert lines == [["03:03:10", "Progressing,"], ["03:03:13", "Watching,"], ["03:03:14", "Promoted:"]]


def test_what_lasts_less_than_a_second_is_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Lines()
    for tenth, each in enumerate(
        (pictures.STEPPING, pictures.HELD, pictures.STEPPING, pictures.HELD, pictures.PROMOTED)
    ):
        shown.show(each, NOW + timedelta(seconds=tenth / 10))
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["Progressing,", "Promoted:"]


def test_json_is_one_object_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    shown = JsonLines()
    for each in (pictures.STEPPING, pictures.STEPPING, pictures.PROMOTED):
        shown.show(each, NOW)
    first, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["namespace"], first["name"], first["phase"], first["outcome"]) == (
        "shop",
        "orders",
        "Progressing",
        None,
    )
    assert (last["phase"], last["outcome"]) == ("Promoted", "Done")
    assert "progress" not in first


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (pictures.PROMOTED, Exit.DONE),
        (pictures.ABORTED, Exit.REJECTED),
        (pictures.STEPPING, None),
        (pictures.AWAITING, None),
        (pictures.HELD, None),
        (pictures.NEW, None),
        (picture(release("Idle", targets=[resting()]), service(STABLE)), Exit.DONE),
        (picture(release("Stalled", targets=[resting()]), service(STABLE)), Exit.ERROR),
    ],
)
def test_an_outcome_is_an_exit_code(seen: Picture, outcome: Exit | None) -> None:
    assert seen.outcome() == outcome


def test_an_outcome_of_the_change_before_is_none_of_the_newest() -> None:
    """A pipeline asks right after it has applied: nobody may have looked at the change yet."""
    promoted = pictures.PROMOTED
    changed = service(generation=8)
    assert replace(promoted, services={"orders": changed}).outcome() is None, "the Microservice was not looked at"
    newer = service("zzzzzzzzzz")
    assert replace(promoted, services={"orders": newer}).outcome() is None, "its revision was not released yet"
    assert replace(pictures.ABORTED, services={"orders": newer}).outcome() is None
    assert replace(promoted, services={}).outcome() is None


def test_two_services_are_promoted_only_together() -> None:
    targets = [resting(CANDIDATE), {**resting(STABLE), "name": "stock"}]
    seen = picture(release("Promoted", targets=targets), service(), service(CANDIDATE, "stock"))
    assert seen.outcome() is None
    seen = picture(release("Promoted", targets=targets), service(), service(STABLE, "stock"))
    assert seen.outcome() is Exit.DONE


def test_history_tells_why() -> None:
    records: list[dict[str, Any]] = [
        {
            "releaseID": CANDIDATE,
            "outcome": "Aborted",
            "reason": "NotReady",
            "message": "0 of 1 pods were ready within 10m",
            "versions": [{"name": "orders", "revision": CANDIDATE, "version": "1.4.2"}],
            "startedAt": "2026-01-02T02:00:00Z",
            "endedAt": "2026-01-02T02:12:30Z",
        }
    ]
    lines = list(history_lines(picture(release(history=records)), NOW))
    assert [click.unstyle(line) for line in lines] == [
        "Aborted     g5tme2hiyb  orders 1.4.2  took 12m30s, 50m40s ago",
        "            NotReady: 0 of 1 pods were ready within 10m",
    ]
    assert list(history_lines(picture(release()), NOW)) == ["shop/orders has released nothing yet"]


def test_a_bar_never_promises_more_than_is_in_effect() -> None:
    targets = [moving(), moving("stock")]
    services = service(weight="3.2%"), service(name="stock", weight="50%")
    seen = picture(release(targets=targets, weight="50%", step=1, steps=3), *services)
    assert "50% wanted, 3.2% in effect" in "\n".join(click.unstyle(line) for line in draw(seen, NOW))


def test_a_line_whose_times_alone_change_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Lines()
    for left in ("1m30s", "20s", "0s"):
        shown.show(picture(release("Watching", f"1.4.2 has all traffic and is watched for {left} more")), NOW)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_counts_that_grow_are_told_once_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Lines()
    for second in range(0, 130, 10):
        message = f"step 1 of 3, at 5 %: errors: not proven yet: {second:,} of 1,234 requests failed, 14m{second}s more"
        shown.show(picture(release("Held", message, step=1, position="1/3")), NOW + timedelta(seconds=second))
    times = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert times == ["03:03:10", "03:04:10", "03:05:10"]


def test_json_leaves_the_operators_own_records_out() -> None:
    resource = {**pictures.PROVING.release}
    resource["status"] = {**resource["status"], "targets": [moving(arrivals="CCCC")]}
    told = json.dumps(picture(resource).summary())
    assert "0.37%" in told
    assert not any(record in told for record in ("AAAA", "BBBB", "CCCC"))


def test_a_revision_that_is_stable_already_is_not_shown_as_new_too() -> None:
    targets = [moving(stable=CANDIDATE, stableVersion="1.4.2")]
    resource = release("Retiring", "the last requests of the old revision of orders end", targets=targets)
    lines = [click.unstyle(line) for line in draw(picture(resource, service(weight="")), NOW)]
    assert [line.split() for line in lines if CANDIDATE in line][1:] == [
        ["orders", CANDIDATE, "1.4.2", "stable", "2/2", "100%"]
    ]
