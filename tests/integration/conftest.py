"""What tests against a real API server need: a client, the CRDs served, a namespace of one's own; and the table of
services and cases of bindings at the end.
"""

import uuid
from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest
import pytest_asyncio
from tests.integration.bindings.sample import SAMPLES
from tests.integration.bindings.table import Table
from tests.support.kube import Kube, connect, install_crds, namespace
from tests.support.overhearing import nothing_secret_is_told, overheard  # noqa: F401 - fixtures of all tests

TABLE = pytest.StashKey[Table]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = Table()
    config.addinivalue_line("markers", "case(name): the row of the table of services and cases that a test fills")


@pytest.fixture(scope="session")
def table(pytestconfig: pytest.Config) -> Table:
    return pytestconfig.stash[TABLE]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Every test with a `member` and a case is a cell of the table."""
    report = yield
    case = item.get_closest_marker("case")
    callspec = getattr(item, "callspec", None)
    member = callspec and callspec.params.get("member")
    if case and member and (report.when == "call" or report.failed):
        made = item.config.stash[TABLE]
        lacking = SAMPLES[member].lacks.get(case.args[0])
        outcome = {"passed": "pass", "skipped": "none"}.get(report.outcome, "FAIL")
        made.note(member, case.args[0], f"model: {lacking}" if lacking and outcome == "none" else outcome)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["cells"] = session.config.stash[TABLE].cells()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """The cells of a worker of pytest-xdist; none if it died."""
    for service, case, outcome in getattr(node, "workeroutput", {}).get("cells", ()):
        node.config.stash[TABLE].note(service, case, outcome)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    made = config.stash.get(TABLE, None)
    if made:
        terminalreporter.section("services and cases of bindings")
        for line in made.lines():
            terminalreporter.line(line)


@pytest_asyncio.fixture(scope="session")
async def kube() -> AsyncIterator[Kube]:
    async with connect(agent="trimtab-tests") as client:
        await install_crds(client)
        yield client


@pytest_asyncio.fixture(scope="module")
async def space(kube: Kube) -> AsyncIterator[str]:
    """A namespace of the module's own."""
    async with namespace(kube, f"test-{uuid.uuid4().hex[:8]}") as name:
        yield name
