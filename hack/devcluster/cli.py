"""The command line of `hack/cluster`."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devcluster.cluster import choose
from devcluster.errors import ClusterError
from devcluster.options import Options
from devcluster.parts import DEFAULT_KUBERNETES
from devcluster.progress import say

_PROFILES = ("full", "control-plane")


def main() -> int:
    """Run the command line; the exit code."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)  # clean up as after Ctrl-C
    arguments = _parser().parse_args()
    try:
        return int(arguments.run(arguments) or 0)
    except ClusterError as error:
        say(f"error: {error}")
        return 1
    except BrokenPipeError:  # as of `hack/cluster logs ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hack/cluster",
        description="A real Kubernetes cluster for development: that of TRIMTAB_KUBECONFIG if set; else one of kind "
        "where a Docker engine answers; else one built from source, inside namespaces of this machine.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text in (
        ("build", _build, "install and build what a cluster needs, and start none"),
        ("up", _up, "start the cluster, building what is missing"),
    ):
        _start_options(_command(commands, name, run, text))
    _command(commands, "down", lambda a: choose(a.name).down(), "end the cluster and remove all of it")
    _command(commands, "status", lambda a: choose(a.name).status(), "say what runs; exit code 1 if nothing does")
    _command(commands, "kubeconfig", lambda a: print(choose(a.name).kubeconfig()), "print the path of the kubeconfig")
    execute = _command(commands, "exec", _execute, "run a command where the cluster's addresses can be reached")
    execute.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND")
    load = _command(commands, "load", lambda a: choose(a.name).load(a.archive), "give the nodes an image archive")
    load.add_argument("archive", type=Path)
    logs = _command(commands, "logs", lambda a: print(choose(a.name).logs(a.component)), "print a component's log")
    logs.add_argument("component")
    return parser


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], Any], text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.add_argument("--name", default="dev", help="several clusters can run side by side (default: dev)")
    command.set_defaults(run=run)
    return command


def _start_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--profile", choices=_PROFILES, default="full", help="full: real pods; control-plane: simulated nodes")
    add("--kubernetes", default="", metavar="VERSION", help=f"such as 1.33; default: {DEFAULT_KUBERNETES}")
    add("--nodes", type=int, default=10, metavar="N", help="simulated nodes of control-plane (default: 10)")
    add("--audit", action="store_true", help="log every API request (control-plane always does)")


def _options(arguments: argparse.Namespace) -> Options:
    names = ("profile", "kubernetes", "nodes", "audit")
    return Options(**{name: getattr(arguments, name) for name in names})


def _build(arguments: argparse.Namespace) -> None:
    choose(arguments.name, profile=arguments.profile).build(_options(arguments))


def _up(arguments: argparse.Namespace) -> None:
    choose(arguments.name, profile=arguments.profile).up(_options(arguments))


def _execute(arguments: argparse.Namespace) -> int:
    argv = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    if not argv:
        raise ClusterError("exec: name a command to run")
    return choose(arguments.name).execute(argv)
