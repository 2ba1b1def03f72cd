"""CanaryReleases from files, checked as the API server would check them."""

import re
from collections.abc import Iterable, Iterator
from typing import IO, Any, get_args

import click
import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from trimtab.api import canaryrelease_rules, scalars, shares
from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.api.meta import Text
from trimtab.cli.release.checking import problems
from trimtab.domain.objects import Object

KIND = "CanaryRelease"
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SHOWN = 5
"""Problems of one spec that are told at once."""


def read(file: IO[str], name: str | None = None) -> Object:
    """The CanaryRelease of a file that may hold other documents too; with several, that of the name.

    Raises click.ClickException if there is none, or more than one.
    """
    try:
        found = list(_releases(yaml.load_all(file, Loader=_Loader)))  # the loader is a safe one
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file.name} is not YAML: {_one_line(error)}") from error
    named = [each for each in found if name in (None, _name(each))]
    if len(named) == 1:
        return named[0]
    if not named:
        others = f"; it has {', '.join(map(_name, found))}" if found else ""
        raise click.ClickException(f"{file.name} has no {KIND}{f' {name!r}' if name else ''}{others}")
    raise click.ClickException(
        f"{file.name} has {len(named)} objects of kind {KIND} ({', '.join(map(_name, named))}): leave one in it"
    )


def checked(spec: Any) -> CanaryReleaseSpec:
    """The parsed spec. Raises click.ClickException that names field, value and remedy of what is wrong."""
    try:
        parsed = CanaryReleaseSpec.model_validate(spec)
    except ValidationError as error:
        raise _refused(_said(each) for each in error.errors(include_url=False)) from error
    if found := list(problems(parsed)):
        raise _refused(f"spec.{problem}" for problem in found)
    return parsed


def _releases(documents: Iterable[Any]) -> Iterator[Object]:
    for document in documents:
        if isinstance(document, dict) and document.get("kind") == "List":
            yield from _releases(document.get("items") or ())
        elif isinstance(document, dict) and document.get("kind") == KIND:
            yield document


def _name(release: Object) -> str:
    return str((release.get("metadata") or {}).get("name", "without a name"))


def _refused(found: Iterable[str]) -> click.ClickException:
    lines = list(found)
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return click.ClickException("the spec is not valid\n" + "\n".join(f"  {line}" for line in lines[:_SHOWN] + more))


def _said(error: ErrorDetails) -> str:
    path = "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"])
    value = error.get("input")
    if error["type"] == "string_pattern_mismatch" and (remedy := _remedies().get(error["ctx"]["pattern"])):
        return f"{path}: {value!r} is not {remedy}"
    if error["type"] == "extra_forbidden":
        return f"{path}: there is no such field"
    if error["type"] == "missing":
        return f"{path}: is required"
    shown = f"{value!r}: " if isinstance(value, str | int | float) else ""
    return f"{path}: {shown}{error['msg']}"


def _remedies() -> dict[str, str]:
    """What a text should be, by the pattern that it misses."""
    texts = [
        annotation
        for module in (canaryrelease_rules, scalars, shares)
        for kind in vars(module).values()
        for annotation in (kind, *get_args(kind))
        if isinstance(annotation, Text)
    ]
    return {text.pattern: text.is_not for text in texts if text.pattern and text.is_not}


def _one_line(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error))
