"""All backing services: one module each, found by its folder, with the Service as `SERVICE`."""

import importlib
import pkgutil
from collections.abc import Iterator

from trimtab.domain.binding.service import Service


def _services() -> Iterator[Service]:
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        yield importlib.import_module(f"{__name__}.{module.name}").SERVICE


SERVICES: dict[str, Service] = {service.member: service for service in _services()}
"""By their member of spec."""
