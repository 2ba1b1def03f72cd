"""Lines of a plan that fit into 80 columns, as long as no single word does not."""

import textwrap
from collections.abc import Iterator

import click

WIDTH = 80
SIGNS = {"+": "green", "-": "red", "~": "yellow", "!": "red", "…": "yellow", "?": "yellow"}


def head(subject: str, *facts: str) -> Iterator[str]:
    """What the lines after it are about."""
    first, *rest = _wrapped("  ".join(fact for fact in (subject, *facts) if fact), "", "    ")
    yield first.replace(subject, click.style(subject, bold=True), 1)
    yield from rest


def note(text: str) -> Iterator[str]:
    """Something beside all of it."""
    yield from (click.style(each, dim=True) for each in _wrapped(text, "", "    "))


def line(sign: str, text: str) -> Iterator[str]:
    """One thing, by its sign."""
    first, *rest = _wrapped(text, "    ", "      ")
    mark = click.style(sign, fg=SIGNS[sign]) if sign in SIGNS else sign
    yield f"  {mark} {first[4:]}"
    yield from rest


def _wrapped(text: str, first: str, then: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
    )
