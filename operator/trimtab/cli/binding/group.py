"""`trimtab binding`: the group."""

import click

from trimtab.cli.binding.exits import EPILOG
from trimtab.cli.lazy import LazyGroup

_HERE = "trimtab.cli.binding"
COMMANDS = {name: f"{_HERE}.{name}:{name}" for name in ("status", "adopt")}


@click.group(cls=LazyGroup, lazy=COMMANDS, epilog=EPILOG)
def binding() -> None:
    """See ServiceBindings, and take over what exists. NAME is that of the ServiceBinding."""
