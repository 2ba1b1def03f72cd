"""`trimtab run`: the command that starts the operator."""

from typing import Any

import click

from trimtab.shell.settings import build, options


@click.command()
@options
def run(**values: Any) -> None:
    """Run the operator, in a cluster or outside with KUBECONFIG."""
    settings = build(**values)

    from trimtab.shell.main import main

    main(settings)
