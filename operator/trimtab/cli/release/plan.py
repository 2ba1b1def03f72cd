"""`trimtab release plan`: how long verdicts take with the traffic that there is, and what would decide sooner."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import click

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.cli.release import settings, specs
from trimtab.cli.release.loads import PODS, Load
from trimtab.cli.release.plan_text import plan_lines, summary
from trimtab.cli.release.prospects import Progress, Prospect, Trials, alternatives, prospect, sooner
from trimtab.cli.release.terms import counting
from trimtab.domain.objects import Object
from trimtab.domain.release.stages import stages

EPILOG = "Exit status: 0 done; 1 error, such as no traffic to plan by; 2 wrong usage."
FEWER = 3
"""By how much fewer releases other settings are tried out than those of the spec."""


@click.command(epilog=EPILOG)
@click.argument("name", required=False)
@click.option("-n", "--namespace", help="Namespace; default: that of the kubeconfig's context.")
@click.option("--spec", type=click.File(encoding="utf-8"), help="Plan for the CanaryRelease of this file; - is stdin.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Requests a second of the service.")
@click.option("--failing", multiple=True, metavar="SHARE", help="Share that fails now, such as 0.5% or errors=0.5%.")
@click.option("--pods", type=click.IntRange(min=1), default=PODS, show_default=True, help="Pods, beside --rate.")
@click.option("--prometheus", metavar="URL", help="Read the traffic from this Prometheus.")
@click.option("--set", "changes", multiple=True, metavar="FIELD=VALUE", help="Plan with another setting.")
@click.option("--runs", type=click.IntRange(20, 10000), default=200, show_default=True, help="Releases to try out.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same plan.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def plan(
    name: str | None,
    namespace: str | None,
    spec: IO[str] | None,
    rate: float | None,
    failing: tuple[str, ...],
    pods: int,
    prometheus: str | None,
    changes: tuple[str, ...],
    runs: int,
    seed: int,
    output: str,
) -> None:
    """Say what to expect of releases by the CanaryRelease NAME: how long verdicts take, and what would decide sooner.

    The traffic is that of its last release, or what --prometheus or --rate and --failing say. Releases are tried out
    with simulated requests: of a version that fails like the stable one, and of one that fails twice as often as is
    allowed.
    """
    if (name is None) == (spec is None):
        raise click.UsageError("name a CanaryRelease, or give --spec")
    if failing and rate is None:
        raise click.UsageError("--failing belongs to --rate")
    release = specs.read(spec) if spec is not None else _live(name or "", namespace)
    written = settings.changed(release["spec"], changes)
    parsed = specs.checked(written)
    if not counting(parsed):
        raise click.ClickException("the spec has no KPI that counts: it is decided by time and pods alone")
    if any(stage.matched for stage in stages(parsed.strategy)):
        raise click.ClickException(
            "nobody knows how many requests an abTest matches: plan it as allAtOnce with their rate"
        )
    load = _load(release, parsed, rate, failing, pods, prometheus)
    now, others = _tried(written, load, Trials(runs=runs, seed=seed))
    if output == "json":
        click.echo(json.dumps(summary(parsed, load, now, others), indent=2))
    else:
        click.echo("\n".join(plan_lines(parsed, load, now, others)))


def _live(name: str, namespace: str | None) -> Object:
    from trimtab.cli.release.live import read

    return read(name, namespace)


def _load(
    release: Object,
    spec: CanaryReleaseSpec,
    rate: float | None,
    failing: tuple[str, ...],
    pods: int,
    prometheus: str | None,
) -> Load:
    from trimtab.cli.release import traffic

    if rate is not None:
        return traffic.said(spec, rate, failing, pods)
    if prometheus is not None:
        from trimtab.cli.release.live import services

        found = services(spec, str(release["metadata"].get("namespace") or ""))
        return asyncio.run(traffic.of_prometheus(spec, found, prometheus))
    load = traffic.of_last_release(spec, release.get("status") or {})
    if load is None:
        raise click.ClickException(
            "nothing was counted yet: give --rate 20 --failing 0.5%, or --prometheus http://127.0.0.1:9090 after "
            "`kubectl port-forward -n monitoring svc/prometheus 9090`"
        )
    return load


def _tried(written: settings.Written, load: Load, trials: Trials) -> tuple[Prospect, list[Prospect]]:
    """The spec's own prospect, and those of the settings that would decide sooner."""
    with _progress() as progress:
        now = prospect(written, (), load, trials, lambda done: progress(done / 2))
        others = list(alternatives(written, now.compare))
        fewer = Trials(runs=max(20, trials.runs // FEWER), seed=trials.seed)
        found = []
        for number, changes in enumerate(others):
            at = 0.5 + number / len(others) / 2
            found.append(prospect(written, changes, load, fewer, lambda _, at=at: progress(at)))  # type: ignore[misc]
    return now, sooner(now, found)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on the standard error output, if it is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=100, label="trying out", file=sys.stderr) as bar:

        def show(done: float) -> None:
            bar.update(int(100 * done) - bar.pos)

        yield show
