"""The operator in a real cluster, installed once from its image by its chart; tests work in namespaces of their own."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.e2e.diagnosis import describe
from tests.e2e.installation import Images, install, install_crds, is_installed, renew
from tests.e2e.space import Space
from tests.support.kube import Kube, connect

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Which rights are used is known only once everything else has run.
    items.sort(key=lambda item: item.path == HERE / "test_rbac.py")


@pytest_asyncio.fixture(scope="session")
async def kube() -> AsyncIterator[Kube]:
    async with connect(agent="trimtab-tests") as client:
        yield client


@pytest.fixture(scope="session")
def audit_begin() -> int | None:
    """The size of the API server's audit log in bytes before the operator is installed; None if it keeps none."""
    log = os.environ.get("TRIMTAB_AUDIT_LOG")
    return Path(log).stat().st_size if log else None


@pytest_asyncio.fixture(scope="session")
async def images(audit_begin: int | None) -> Images:
    """The images that the cluster has, and the operator running from its own."""
    images = Images()
    kept = await is_installed()
    await install_crds()
    await install(images.operator)
    if kept:
        await renew()
    return images


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Adds to a failure what a person would look at."""
    report = yield
    space = getattr(item, "funcargs", {}).get("space")
    if report.failed and isinstance(space, Space):
        report.sections.append(("the cluster", describe(space.name)))
    return report
