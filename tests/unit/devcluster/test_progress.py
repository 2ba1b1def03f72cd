"""What a person sees of a long step."""

import threading

import pytest

from devcluster import progress


def test_a_long_step_is_not_silent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    told = threading.Event()

    def say(message: str, say: object = progress.say) -> None:
        assert callable(say)
        say(message)
        if "so far" in message:
            told.set()

    monkeypatch.setattr(progress, "REPORT_SECONDS", 0.01)
    monkeypatch.setattr(progress, "say", say)
    with progress.step("building it"):
        assert told.wait(60)
    first, *between, last = capsys.readouterr().err.splitlines()
    assert first == "  building it ..."
    assert between[0].startswith("    building it: 0 s so far")
    assert last.startswith("  building it: done in ")


def test_a_step_that_fails_is_not_called_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no"), progress.step("building it"):
        raise ValueError("no")
    assert capsys.readouterr().err.splitlines() == ["  building it ..."]
