"""The calls of each kind of resource: one module per backing service, found by its folder, with `CALLS`."""

import importlib
import pkgutil
from collections.abc import Iterator

from trimtab.adapters.aws.calls import Calls


def _calls() -> Iterator[tuple[str, Calls]]:
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        yield from importlib.import_module(f"{__name__}.{module.name}").CALLS.items()


KINDS: dict[str, Calls] = dict(_calls())
"""By the kind of resource, such as `sqs/queue`."""
