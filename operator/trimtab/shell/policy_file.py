"""BindingPolicies from a mounted file, for an operator that may not see objects without a namespace."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from trimtab.adapters.kubernetes.kinds import BINDING_POLICY, NAMESPACE, Kind
from trimtab.api.bindingpolicy import BindingPolicySpec
from trimtab.domain.objects import Object
from trimtab.reconcilers.validation import explain

logger = logging.getLogger("trimtab")

PAUSE = 10.0
"""Seconds between two looks at whether the file is another one: kubelet takes a minute to bring it anyway."""


class PolicyFileError(Exception):
    """The file cannot be read, or holds something else than BindingPolicies."""


class PolicyFile:
    """Tells `event` (type, object) of each policy that appears, changes or goes, as a watch would.

    Of a Namespace it tells the name alone, by the label that every Namespace has: selectors see no other.
    """

    def __init__(self, path: Path, namespaces: tuple[str, ...], event: Callable[[str, Object], None]) -> None:
        self._path = path
        self._namespaces = namespaces
        self._event = event
        self._known: dict[str, Object] = {}
        self._sign: object = None
        self._version = 0

    def load(self) -> None:
        """Reads it for the first time. Raises PolicyFileError."""
        for name in self._namespaces:
            self._tell("ADDED", _object(NAMESPACE, {"name": name, "labels": {"kubernetes.io/metadata.name": name}}))
        self._sign = self._look()
        self._take(dict(self._read()))

    async def run(self) -> None:
        """Takes in each change until cancelled. What cannot be read leaves all as it was."""
        while True:
            await asyncio.sleep(PAUSE)
            sign = self._look()
            if sign == self._sign:
                continue
            self._sign = sign
            try:
                self._take(dict(self._read()))
                logger.info("BindingPolicies read anew: %s", ", ".join(self._known) or "none")
            except PolicyFileError as error:
                logger.error("the BindingPolicies stay as they were: %s", error)

    def _look(self) -> object:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _take(self, found: Mapping[str, Mapping[str, Any]]) -> None:
        for name in self._known.keys() - found.keys():
            self._tell("DELETED", self._known.pop(name))
        for name, spec in found.items():
            before = self._known.get(name)
            if before is None or before["spec"] != spec:
                self._known[name] = {**_object(BINDING_POLICY, {"name": name}), "spec": spec}
                self._tell("ADDED" if before is None else "MODIFIED", self._known[name])

    def _tell(self, type_: str, obj: Object) -> None:
        self._version += 1
        self._event(type_, {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self._version)}})

    def _read(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        try:
            documents = list(yaml.safe_load_all(self._path.read_text()))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise PolicyFileError(f"{self._path}: {error}") from error
        for each in documents:
            if each is None:
                continue
            if not isinstance(each, dict) or each.get("kind") != BINDING_POLICY.kind:
                raise PolicyFileError(f"{self._path} must hold BindingPolicies, one to a YAML document")
            name, spec = (each.get("metadata") or {}).get("name"), each.get("spec")
            try:
                BindingPolicySpec.model_validate(spec)
            except ValidationError as error:
                raise PolicyFileError(f"{self._path}: BindingPolicy {name}: {explain(error)}") from error
            if not isinstance(name, str) or not name or not isinstance(spec, dict):
                raise PolicyFileError(f"{self._path}: each BindingPolicy needs metadata.name")
            yield name, spec


def _object(kind: Kind, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
