"""`trimtab release replay`: what would have been decided."""

import json
from collections.abc import Iterable
from typing import IO

import click

from trimtab.cli.release import series, settings, specs
from trimtab.cli.release.anew import anew
from trimtab.cli.release.anew_text import lines, summary
from trimtab.cli.release.replay_text import run_lines, told
from trimtab.cli.release.replaying import Judged, replayed
from trimtab.cli.release.terms import counting, terms_of_series
from trimtab.domain.release.stages import stages

EPILOG = "Exit status: 0 judged, whatever the verdict; 1 error, such as a line that cannot be judged; 2 wrong usage."


@click.command(epilog=EPILOG)
@click.argument("name", required=False)
@click.option("-n", "--namespace", help="Namespace; default: that of the kubeconfig's context.")
@click.option("--spec", type=click.File(encoding="utf-8"), help="Judge by the CanaryRelease of this file; - is stdin.")
@click.option(
    "--series", "counts", type=click.File(encoding="utf-8"), help="Judge these counts, JSON lines; - is stdin."
)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Judge with another setting, such as analysis.falseAbort=0.1% or kpis.errors.successRate=99.5%.",
)
@click.option("--ticks", is_flag=True, help="Show the counts and the evidence of every tick.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def replay(
    name: str | None,
    namespace: str | None,
    spec: IO[str] | None,
    counts: IO[str] | None,
    changes: tuple[str, ...],
    ticks: bool,
    output: str,
) -> None:
    """Judge the release NAME, the last or the one under way, anew with other settings; or counts from elsewhere.

    With --series and --spec it needs no cluster.
    """
    if counts is None and spec is None:
        if name is None:
            raise click.UsageError("name a CanaryRelease, or give --spec and --series")
        from trimtab.cli.release import live  # a cluster's client takes a second to load

        found = anew(live.read(name, namespace), changes)
        as_json = json.dumps(summary(found, ticks=ticks), indent=2) if output == "json" else ""
        click.echo(as_json or "\n".join(lines(found, ticks=ticks)))
        return
    if counts is None or spec is None:
        raise click.UsageError("--spec and --series belong together")
    if spec.name == counts.name == "<stdin>":
        raise click.UsageError("only one of --spec and --series can be stdin")
    if ticks:
        raise click.UsageError("--ticks shows a release of the cluster: name a CanaryRelease")
    _show(_judged(specs.read(spec, name)["spec"], counts, changes), output)


def _judged(spec: settings.Written, counts: IO[str], changes: Iterable[str]) -> list[Judged]:
    parsed = specs.checked(settings.changed(spec, changes))
    kpis = tuple(kpi.name for kpi in counting(parsed))
    if not kpis:
        raise click.ClickException("the spec has no KPI that counts: add one with requests or counter")
    try:
        found = series.read(counts, kpis, len(stages(parsed.strategy)))
    except (series.SeriesError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{counts.name}: {error}") from error
    return replayed(parsed, found, terms_of_series(parsed, found))


def _show(found: list[Judged], output: str) -> None:
    shown = (json.dumps(told(run)) for run in found) if output == "json" else run_lines(found)
    click.echo("\n".join(shown))
