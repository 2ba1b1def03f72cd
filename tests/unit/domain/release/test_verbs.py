"""Verbs: each is answered, and done once."""

import pytest
from tests.unit.domain.release.world import World, spec

from trimtab.api.reasons import Reason
from trimtab.domain import labels

PAUSED = spec(strategy={"canary": {"steps": [{"weight": "50%", "bake": "30s", "approval": "Required"}]}})


@pytest.mark.parametrize(
    ("phase", "value", "answer"),
    [
        ("Idle", "abort/r2/1", "is about release r2"),
        ("Progressing", "abort", "write <verb>/"),
        ("Progressing", "abort/r2", "write <verb>/"),
        ("Progressing", "abort/r2/", "write <verb>/"),
        ("Progressing", "skip/r2/1", "unknown verb"),
        ("Progressing", "abort/r1/1", "is about release r1, but status.releaseID is r2"),
        ("Progressing", "promote/r2/1", "NothingToPromote"),
        ("Progressing", "resume/r2/1", "not paused"),
        ("Progressing", "retry/r2/1", "nothing is rejected"),
        ("Promoted", "abort/r2/1", "no release is under way"),
        ("Promoted", "pause/r2/1", "no release is under way"),
        ("Promoted", "promote-full/r2/1", "NothingToPromote"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(phase: str, value: str, answer: str) -> None:
    world = World().serving()
    if phase != "Idle":
        world.change("r2")
        world.until(phase)
    world.annotations[labels.RELEASE] = value
    world.run(10)
    verb = world.status["verb"]
    assert (verb["value"], verb["result"]) == (value, "Refused")
    assert answer in verb["message"]
    assert [event.reason for event in world.events].count(Reason.VERB_REFUSED) == 1
    assert world.outcomes in ([], ["Promoted"])


def test_pause_stops_and_resume_goes_on_without_beginning_anew() -> None:
    world = World().serving()
    world.change("r2")
    world.run(60)
    world.verb("pause")
    world.apply()
    baked = world.status["progress"]["bake"]
    world.run(600)
    assert world.status["phase"] == "Paused"
    assert world.status["progress"]["bake"] == baked
    world.verb("resume", nonce="2")
    world.until("Promoted")
    assert world.outcomes == ["Promoted"]


def test_a_paused_release_is_still_aborted_when_a_kpi_fails() -> None:
    world = World(spec(kpis=[{"name": "errors", "requests": {"successRate": "99%"}}])).serving()
    world.change("r2")
    world.run(60)
    world.verb("pause")
    world.judge("Fail", "errors")
    world.until("Aborted")


def test_a_verb_is_done_once_although_the_annotation_stays() -> None:
    world = World(PAUSED).serving()
    world.change("r2")
    world.until("AwaitingApproval")
    world.verb("promote")
    world.until("Promoted")
    world.change("r3")
    world.until("AwaitingApproval")
    world.run(120)
    assert world.status["phase"] == "AwaitingApproval"


def test_suspend_freezes_and_only_an_abort_is_heard() -> None:
    world = World().serving()
    world.change("r2")
    world.run(60)
    world.spec = spec(suspend=True)
    world.apply()
    baked, order = world.status["progress"]["bake"], world.order()
    world.run(600)
    assert world.status["phase"] == "Suspended"
    assert world.order() == order
    assert world.after is None
    world.verb("promote-full")
    world.apply()
    assert "suspended" in world.status["verb"]["message"]
    world.spec = spec()
    world.apply()
    assert world.status["progress"]["bake"] <= baked + 10
    world.spec = spec(suspend=True)
    world.verb("abort", nonce="2")
    world.until("Suspended")
    assert world.outcomes == ["Aborted"]


def test_nothing_begins_while_suspended() -> None:
    world = World(spec(suspend=True))
    world.run(20)
    world.change("r2")
    world.run(60)
    assert world.order().stable == "r1"
    assert world.order().candidate == ""
    assert world.condition("Ready")["reason"] == Reason.SUSPENDED
