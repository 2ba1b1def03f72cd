"""The examples of the page about verdicts on the command line give what it shows, as they stand there."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from trimtab.cli.main import main

PAGE = Path(__file__).parents[3] / "docs" / "guides" / "judging.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ trimtab (.*--spec.*)$")


def fences(language: str) -> list[str]:
    return [text for found, text in FENCE.findall(PAGE.read_text()) if found == language]


def examples() -> list[tuple[str, str]]:
    """Commands that need no cluster, with what they print."""
    split = (text.partition("\n") for text in fences("console"))
    return [(match[1], output) for first, _, output in split if (match := COMMAND.match(first))]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the page's files are."""
    made = tmp_path_factory.mktemp("judging")
    (written,) = (text for text in fences("yaml") if text.startswith("# release.yaml"))
    (made / "release.yaml").write_text(written)
    (script,) = (text for text in fences("sh") if "> series.jsonl" in text)
    subprocess.run(["bash", "-ec", script], cwd=made, check=True)
    return made


def test_the_page_has_examples() -> None:
    assert len(examples()) == 3


@pytest.mark.parametrize(("command", "output"), examples(), ids=[command[:40] for command, _ in examples()])
def test_an_example_gives_what_the_page_shows(
    command: str, output: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(directory)
    result = CliRunner().invoke(main, shlex.split(command))
    assert result.exit_code == 0, result.output
    assert result.stdout == output
