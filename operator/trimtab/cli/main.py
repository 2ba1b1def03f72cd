"""The `trimtab` command. Subcommands are loaded when they are called: `trimtab status` need not load the operator."""

import importlib
import os
from typing import Any

import click

COMMANDS = {
    "job": "trimtab.cli.job:job",
    "platform": "trimtab.cli.platform:platform",
    "release": "trimtab.cli.release.commands:release",
    "run": "trimtab.shell.run:run",
    "status": "trimtab.cli.status:status",
    "version": "trimtab.cli.version:version",
}


class LazyGroup(click.Group):
    """A group whose commands are imported by name (https://click.palletsprojects.com/complex/#lazy-loading)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: Any = getattr(importlib.import_module(module), attribute)
        return command  # type: ignore[no-any-return]


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Run, connect, release and keep microservices on Kubernetes."""
    if os.environ.get("NO_COLOR"):  # https://no-color.org
        context.color = False
