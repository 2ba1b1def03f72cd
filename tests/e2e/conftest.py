"""The operator in a real cluster, installed once from its image by its chart; tests work in namespaces of their own,
so that many run side by side, but for those that are marked `alone`.
"""

import fcntl
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.e2e.diagnosis import describe
from tests.e2e.installation import Images, install, install_crds, is_installed, renew
from tests.e2e.overheard import overhearing_operator
from tests.e2e.space import Space
from tests.support.kube import Kube, connect
from tests.support.markers import Search
from tests.support.overhearing import nothing_secret_is_told, overheard  # noqa: F401 - fixtures of all tests
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

HERE = Path(__file__).parent

RELEASES = frozenset(f"tests/e2e/test_release_{name}.py" for name in ("gateway", "kinds", "verdicts_faults"))
"""Files whose tests judge releases by the requests that they send for most of their time: one worker runs them one
after another, for two such loads on two cores take each other's CPU. Another runs the rest beside them.
"""


class OneReleaseAtATime(LoadFileScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Distributes files as --dist loadfile does, and those of releases as if they were one."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "releases" if file in RELEASES else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Hook of xdist: who distributes the tests."""
    return OneReleaseAtATime(config, log)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "alone: nothing runs beside it: it takes away what all share, or wants all CPU")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What lasts longest begins. Which rights are used is known only once everything else has run.
    items.sort(key=lambda item: (item.path == HERE / "test_rbac.py", item.nodeid.split("::")[0] not in RELEASES))


@pytest_asyncio.fixture(scope="session")
async def kube() -> AsyncIterator[Kube]:
    async with connect(agent="trimtab-tests") as client:
        yield client


@pytest_asyncio.fixture(scope="session")
async def images(testrun_uid: str, tmp_path_factory: pytest.TempPathFactory) -> Images:
    """The images that the cluster has, and the operator running from its own, installed by the first that asks."""
    images = Images()
    installed = tmp_path_factory.getbasetemp().parent / f"installed-{testrun_uid}"
    with installed.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists():
            await _install(images)
            installed.touch()
    return images


async def _install(images: Images) -> None:
    kept = await is_installed()
    await install_crds()
    await install(images.operator)
    if kept:
        await renew()


@pytest_asyncio.fixture(scope="session", autouse=True)
async def operator_overheard(kube: Kube, overheard: Search) -> AsyncIterator[None]:  # noqa: F811
    """What the operator's pods tell is searched for secrets."""
    async with overhearing_operator(kube, overheard):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to a failure what a person would look at."""
    report = yield
    space = getattr(item, "funcargs", {}).get("space")
    if report.failed and isinstance(space, Space):
        report.sections.append(("the cluster", describe(space.name)))
    return report
