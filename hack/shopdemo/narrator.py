"""What a person reads: numbered steps, commands as one would type them, and their output, indented."""

import os
import sys
from pathlib import Path

_BOLD, _DIM, _GREEN, _RED, _CYAN = "1", "2", "32", "31", "36"


class Narrator:
    """Writes to standard output; in colour only on a terminal, and not if NO_COLOR is set (https://no-color.org)."""

    steps = int(os.environ.get("TRIMTAB_DEMO_STEP", "0"))

    def __init__(self) -> None:
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def title(self, text: str) -> None:
        """The name of the show."""
        self._print(self._paint(_BOLD, text))

    def step(self, what: str, why: str) -> None:
        """Begins the next step."""
        self.steps += 1
        os.environ["TRIMTAB_DEMO_STEP"] = str(self.steps)
        self._print("\n" + self._paint(_BOLD, f"{self.steps}. {what}"))
        self._print(f"   {why}")

    def say(self, text: str) -> None:
        """One remark."""
        self._print(f"   {text}")

    def command(self, line: str) -> None:
        """A command that is run now."""
        self._print("   " + self._paint(_CYAN, f"$ {line}"))

    def output(self, text: str) -> None:
        """What a command said."""
        for line in text.rstrip().splitlines():
            self._print("     " + self._paint(_DIM, line))

    def file(self, path: str) -> None:
        """A manifest, without its comments at the left margin."""
        lines = Path(path).read_text().splitlines()
        self.output("\n".join(line for line in lines if not line.startswith("#")))

    def result(self, text: str) -> None:
        """What the step has shown."""
        self._print("   " + self._paint(_GREEN, f"-> {text}"))

    def done(self, text: str) -> None:
        """The good end."""
        self._print("\n" + self._paint(_GREEN, text))

    def failed(self, text: str) -> None:
        """The bad end."""
        self._print("\n" + self._paint(_RED, f"failed in step {self.steps}: {text}"))

    def _paint(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour else text

    @staticmethod
    def _print(text: str) -> None:
        print(text, flush=True)
