"""What all tiers share: figures that tests collect are printed as one table at the end of the run."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from tests.support.aws import Aws, Proxy, emulated
from tests.support.figures import Figures

FIGURES = pytest.StashKey[Figures]()

# The same examples in every run, however slow the machine: what changes nothing must not fail by chance.
settings.register_profile(
    "same", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = Figures()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["figures"] = session.config.stash[FIGURES].rows


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a worker of pytest-xdist has collected; nothing if it died."""
    node.config.stash[FIGURES].rows += [tuple(row) for row in getattr(node, "workeroutput", {}).get("figures", ())]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash[FIGURES]
    if figures.rows:
        terminalreporter.section("figures")
        for line in figures.table():
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Figures:
    return pytestconfig.stash[FIGURES]


@pytest.fixture(scope="session")
def aws_emulator() -> Iterator[Aws]:
    with emulated() as emulator:
        yield emulator


@pytest.fixture
def aws(aws_emulator: Aws) -> Iterator[Aws]:
    """An emulator of AWS that holds nothing at first."""
    aws_emulator.reset()
    yield aws_emulator
    aws_emulator.reset()


@pytest.fixture
def aws_proxy(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The way to it of whatever this process makes with boto3 from now on."""
    with aws.proxy() as proxy:
        for name, value in proxy.env.items():
            monkeypatch.setenv(name, value)
        yield proxy
