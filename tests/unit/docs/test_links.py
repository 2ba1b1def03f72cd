"""What the docs point at exists: links, anchors, files, reasons, settings of `trimtab run`."""

import re
from pathlib import Path

import click
import pytest
from prometheus_client.metrics import MetricWrapperBase

from trimtab.adapters.aws import metrics as aws_metrics
from trimtab.adapters.egress import metrics as egress_metrics
from trimtab.adapters.kubernetes import metrics as adapter_metrics
from trimtab.adapters.prometheus import metrics as prometheus_metrics
from trimtab.api.reasons import Reason
from trimtab.reconcilers import metrics as reconciler_metrics
from trimtab.reconcilers import release_metrics
from trimtab.shell import metrics as shell_metrics
from trimtab.shell.run import run

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "operator" / "trimtab"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE_SPAN = re.compile(r"`([^`\n]+)`")
REPOSITORY_PATH = re.compile(r"(?:operator|docs|tests|hack|crds|charts|manifests|\.ci)/[\w./-]*")
PACKAGE_PATH = re.compile(r"(?:api|domain|ports|reconcilers|adapters|shell|cli)/[\w./]*")
SETTING = re.compile(r"`(--[a-z][a-z0-9-]+|TRIMTAB_[A-Z0-9_]+)`")
METRICS = (
    reconciler_metrics,
    release_metrics,
    adapter_metrics,
    aws_metrics,
    egress_metrics,
    prometheus_metrics,
    shell_metrics,
)
TABLE_METRIC = re.compile(r"^\| `([a-z0-9_]+)` \|", re.MULTILINE)
TABLE_REASON = re.compile(r"^\| `([A-Za-z]+)` \|", re.MULTILINE)
OPERATIONS = ROOT / "docs" / "guides" / "operations.md"
MICROSERVICE_GUIDE = ROOT / "docs" / "guides" / "microservice.md"
HELP_OPTION = {"--help"}


def without_fences(text: str) -> str:
    """The page without its fenced blocks, in which brackets and backticks mean something else."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#{1,6} (.+)$", without_fences(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(without_fences(page.read_text())):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert not broken, f"{page_id(page)} links to what does not exist: {broken}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_file_that_is_mentioned_exists(page: Path) -> None:
    words = [word for span in CODE_SPAN.findall(without_fences(page.read_text())) for word in span.split()]
    mentioned = [ROOT / word for word in words if REPOSITORY_PATH.fullmatch(word)]
    mentioned += [PACKAGE / word for word in words if PACKAGE_PATH.fullmatch(word)]
    missing = [str(path.relative_to(ROOT)) for path in mentioned if not path.exists()]
    assert not missing, f"{page_id(page)} mentions files that do not exist: {missing}"


def settings_of_run() -> set[str]:
    """Every flag and environment variable that `trimtab run` takes."""
    options = [parameter for parameter in run.params if isinstance(parameter, click.Option)]
    flags = {flag for option in options for flag in (*option.opts, *option.secondary_opts)}
    variables = {option.envvar for option in options if isinstance(option.envvar, str)}
    return flags | variables


def test_operations_guide_lists_exactly_the_settings_of_run() -> None:
    documented = set(SETTING.findall(OPERATIONS.read_text()))
    assert documented - HELP_OPTION == settings_of_run() - HELP_OPTION


def test_reasons_in_the_guide_are_those_of_the_code() -> None:
    named = TABLE_REASON.findall(MICROSERVICE_GUIDE.read_text())
    assert named, "the guide's table of reasons was not found"
    assert set(named) <= {reason.value for reason in Reason}


def metrics_of_operator() -> set[str]:
    """Every metric of our own that `/metrics` serves."""
    members = (member for module in METRICS for member in vars(module).values())
    metrics = (member for member in members if isinstance(member, MetricWrapperBase))
    families = (family for metric in metrics for family in metric.collect())
    return {f"{family.name}_total" if family.type == "counter" else family.name for family in families}


def test_operations_guide_lists_exactly_the_metrics_of_the_operator() -> None:
    section = OPERATIONS.read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]
    assert set(TABLE_METRIC.findall(section)) == metrics_of_operator()
