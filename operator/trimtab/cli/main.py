"""The `trimtab` command."""

import os

import click

from trimtab.cli.lazy import LazyGroup

COMMANDS = {
    "binding": "trimtab.cli.binding.group:binding",
    "job": "trimtab.cli.job:job",
    "plan": "trimtab.cli.plan.command:plan",
    "platform": "trimtab.cli.platform:platform",
    "policy": "trimtab.cli.policy:policy",
    "release": "trimtab.cli.release.group:release",
    "run": "trimtab.shell.run:run",
    "status": "trimtab.cli.status:status",
    "version": "trimtab.cli.version:version",
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Run, connect, release and keep microservices on Kubernetes."""
    if os.environ.get("NO_COLOR"):  # https://no-color.org
        context.color = False
