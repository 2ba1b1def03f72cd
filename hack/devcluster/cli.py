"""The command line of `hack/cluster`."""

import argparse
import signal
import sys
from pathlib import Path

from devcluster import build, local
from devcluster.errors import ClusterError
from devcluster.parts import DEFAULT_KUBERNETES, kubernetes_version
from devcluster.paths import ClusterPaths
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
    except KeyboardInterrupt:
        say("interrupted")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hack/cluster", description="A real Kubernetes cluster for development.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text in (
        ("build", _build, "install and build what a cluster needs, and start none"),
        ("up", _up, "start the cluster, building what is missing"),
    ):
        _cluster_options(_command(commands, name, run, text))
    _command(commands, "down", lambda a: local.down(_paths(a)), "end the cluster and remove all of it")
    _command(commands, "status", lambda a: local.status(_paths(a)), "say what runs; exit code 1 if nothing does")
    _command(commands, "kubeconfig", lambda a: print(_paths(a).kubeconfig), "print the path of the kubeconfig")
    execute = _command(commands, "exec", _execute, "run a command inside the cluster's network")
    execute.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND")
    load = _command(commands, "load", lambda a: local.load(_paths(a), a.archive), "import an image archive")
    load.add_argument("archive", type=Path)
    logs = _command(commands, "logs", lambda a: print(local.logs(_paths(a), a.component)), "print a component's log")
    logs.add_argument("component")
    return parser


def _command(commands, name: str, run, text: str) -> argparse.ArgumentParser:  # type: ignore[no-untyped-def]
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.add_argument("--name", default="dev", help="several clusters can run side by side (default: dev)")
    command.set_defaults(run=run)
    return command


def _cluster_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--profile", choices=_PROFILES, default="full", help="full: real pods; control-plane: simulated nodes")
    add("--kubernetes", default=DEFAULT_KUBERNETES, metavar="VERSION", help=f"such as 1.33 (default: {DEFAULT_KUBERNETES})")
    add("--nodes", type=int, default=10, metavar="N", help="simulated nodes of control-plane (default: 10)")
    add("--audit", action="store_true", help="log every API request (control-plane always does)")


def _paths(arguments: argparse.Namespace) -> ClusterPaths:
    return ClusterPaths(name=arguments.name)


def _spec(arguments: argparse.Namespace):  # type: ignore[no-untyped-def]
    _paths(arguments)
    return build.ensure(
        name=arguments.name,
        profile=arguments.profile,
        kubernetes=kubernetes_version(arguments.kubernetes),
        nodes=arguments.nodes,
        audit=arguments.audit or arguments.profile == "control-plane",
    )


def _build(arguments: argparse.Namespace) -> None:
    _spec(arguments)


def _up(arguments: argparse.Namespace) -> None:
    local.up(_spec(arguments))


def _execute(arguments: argparse.Namespace) -> int:
    argv = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    if not argv:
        raise ClusterError("exec: name a command to run")
    return local.execute(_paths(arguments), argv)
