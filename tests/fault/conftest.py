"""The laboratory in which fault plans run, and the undisturbed run that they are compared with."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.fault.laboratory import Laboratory, Learned
from tests.fault.snapshot import KINDS
from tests.support.kube import connect, install_crds
from tests.support.mirror import mirroring


@pytest_asyncio.fixture(scope="session")
async def laboratory(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Laboratory]:
    async with connect() as kube:
        await install_crds(kube)
        async with mirroring(KINDS) as mirror:
            yield Laboratory(kube, mirror, tmp_path_factory.mktemp("fault"))


@pytest_asyncio.fixture(scope="session")
async def learned(laboratory: Laboratory) -> Learned:
    one, other = await asyncio.gather(laboratory.undisturbed(), laboratory.undisturbed())
    return Learned(one, frozenset(one.unlike(other)))
