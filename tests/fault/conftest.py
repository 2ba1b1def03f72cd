"""The laboratory in which fault plans run, and the undisturbed run that they are compared with."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.fault.laboratory import Laboratory, Learned
from tests.fault.snapshot import KINDS
from tests.support.kube import connect, install_crds
from tests.support.mirror import mirroring
from tests.support.overhearing import nothing_secret_is_told, overheard  # noqa: F401 - fixtures of all tests


@pytest_asyncio.fixture(scope="session")
async def laboratory(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Laboratory]:
    async with connect() as kube:
        await install_crds(kube)
        async with mirroring(KINDS) as mirror:
            yield Laboratory(kube, mirror, tmp_path_factory.mktemp("fault"))


@pytest_asyncio.fixture(scope="session")
async def learned(laboratory: Laboratory) -> Learned:
    one, other = await asyncio.gather(laboratory.undisturbed(), laboratory.undisturbed())
    common = {call.signature for call in one.writes} & {call.signature for call in other.writes}
    return Learned(one, frozenset(one.unlike(other)), sorted(each for each in common if each))
