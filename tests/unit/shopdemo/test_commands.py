"""How the demo runs its commands, waits, and what it tells a person meanwhile."""

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shopdemo import commands, story
from shopdemo.commands import DemoError
from shopdemo.narrator import Narrator

SUMMARY = {
    "sent": 1000,
    "received": 960,
    "failed": 40,
    "failures": {"standstill": 31, "timeout": 9},
    "versions": {"2.0.0": 960},
    "latency_ms": {"p50": 4, "p99": 90},
    "standstills": 2,
    "max_standstill_ms": 2500,
}


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for long, nor is silent for long."""
    monkeypatch.setattr(commands, "SILENCE", 0)
    monkeypatch.setattr(commands, "PATIENCE", 1)


@pytest.fixture
def rude() -> Iterator[str]:
    """The URL of a server that closes each connection once it has a request."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join()


def test_a_connection_that_is_closed_without_an_answer_is_none(rude: str) -> None:
    assert commands.request(rude, "shop.example") is None


@pytest.mark.usefixtures("hasty")
def test_who_waits_in_vain_is_told_meanwhile_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DemoError, match="in vain until the Service is back"):
        commands.poll(Narrator(), lambda: None, "the Service is back")
    assert "waiting until the Service is back" in capsys.readouterr().out


@pytest.mark.usefixtures("hasty")
def test_a_command_that_takes_long_is_told_to_do_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(commands, "SILENCE", 0.05)
    told = tmp_path / "told"
    os.mkfifo(told)

    class Teller(Narrator):
        def output(self, text: str) -> None:
            super().output(text)
            if told.exists():
                told.write_text("")  # returns once the command has opened it, too
                told.unlink()

    program = f"open('{told}').read(); print('done')"
    assert commands.show(Teller(), f'{sys.executable} -c "{program}"') == "done\n"
    assert "... not done yet" in capsys.readouterr().out


def test_a_command_that_fails_says_what_it_said() -> None:
    with pytest.raises(DemoError, match="no such thing"):
        commands.run(sys.executable, "-c", "raise SystemExit('no such thing')")


def test_a_load_is_begun_once_it_is_answered_and_adds_up() -> None:
    said = json.dumps(SUMMARY)
    program = f"""#!{sys.executable}
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('''{said}''')))
for line in ("  1s  sent 2  received 0  failed 0", "  2s  sent 4  received 1  failed 0"):
    print(line, file=sys.stderr, flush=True)
while True:
    signal.pause()
"""
    with commands.load_of(sys.executable, "-c", program) as load:
        load.answered()
        assert load.end() == SUMMARY


def test_what_was_late_in_a_standstill_is_said_and_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    story.tell_load(Narrator(), SUMMARY)
    story.accept(SUMMARY)
    said = capsys.readouterr().out
    assert "failed 40 (9 later than 2 s, 31 late while a processor of this machine stood still" in said


def test_what_is_lost_is_never_accepted() -> None:
    failures = {"standstill": 39, "http 503": 1}
    with pytest.raises(DemoError, match=r"lost 1 of 1000 \(0.1%\), allowed 0.0%: 1 http 503") as told:
        story.accept({**SUMMARY, "failures": failures})
    assert "stood still 2 times, for 2.5 s at most" in str(told.value)
    with pytest.raises(DemoError, match=r"1 http 503$"):
        story.accept({**SUMMARY, "failures": failures, "standstills": 0})
