"""One option of the command line for each setting, with its environment variable."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


def option(name: str, **attributes: Any) -> Callable[[Function], Function]:
    """The option of a setting: `--some-name`, or `TRIMTAB_SOME_NAME`. Attributes as of click.option."""
    variable = "TRIMTAB_" + name.split("/")[0].lstrip("-").replace("-", "_").upper()
    return click.option(name, envvar=variable, show_envvar=True, show_default=True, **attributes)
