"""`trimtab release`: the group."""

import click

from trimtab.cli.lazy import LazyGroup
from trimtab.cli.release.exits import EPILOG

_HERE = "trimtab.cli.release"
COMMANDS = {
    **{
        name: f"{_HERE}.commands:{name}"
        for name in ("status", "watch", "history", "pause", "resume", "abort", "promote", "retry")
    },
    "replay": f"{_HERE}.replay:replay",
    "plan": f"{_HERE}.plan:plan",
}


@click.group(cls=LazyGroup, lazy=COMMANDS, epilog=EPILOG)
def release() -> None:
    """See releases, judge them anew, and have a say in them. NAME is that of the CanaryRelease."""
