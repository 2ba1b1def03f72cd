"""Manifests of ours from files of YAML documents."""

import re
from collections.abc import Iterable, Iterator
from typing import IO, Any, ClassVar

import click
import yaml

from trimtab.domain.objects import Object

GROUP = "trimtab.dev/"


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # PyYAML may lack the compiled one
    """Reads YAML as kubectl and Helm do, for which a bare `y` or `n` is a boolean, too (YAML 1.1, unlike PyYAML)."""

    bool_values: ClassVar = {**yaml.SafeLoader.bool_values, "y": True, "n": False}


Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^[yYnN]$"), list("yYnN"))


def read(file: IO[str]) -> list[Object]:
    """All documents of our API group, those inside Lists too. Raises click.ClickException for what is not YAML."""
    try:
        return list(_ours(yaml.load_all(file, Loader=Loader)))  # the loader is a safe one
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        text = re.sub(r"\s+", " ", str(error))
        raise click.ClickException(f"{file.name} is not YAML: {text}") from error


def name_of(manifest: Object) -> str:
    """Its name, for people."""
    return str((manifest.get("metadata") or {}).get("name") or "without a name")


def _ours(documents: Iterable[Any]) -> Iterator[Object]:
    for document in documents:
        if not isinstance(document, dict):
            continue
        if document.get("kind") == "List":
            yield from _ours(document.get("items") or ())
        elif str(document.get("apiVersion", "")).startswith(GROUP):
            yield document
