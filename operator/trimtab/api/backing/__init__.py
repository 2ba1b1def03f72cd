"""What can be asked of each backing service: one module per member of a ServiceBinding's spec, found by its folder."""

import importlib
import pkgutil
from collections.abc import Iterator

from trimtab.api.backing.member import Backing


def _members() -> Iterator[tuple[str, type[Backing]]]:
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        found = vars(importlib.import_module(f"{__name__}.{module.name}")).values()
        for model in found:
            if isinstance(model, type) and issubclass(model, Backing) and "member" in vars(model):
                yield model.member, model


MEMBERS: dict[str, type[Backing]] = dict(_members())
"""The models by the member's name in a manifest, such as `sqs`."""
