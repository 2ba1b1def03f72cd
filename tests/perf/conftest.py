"""What every benchmark needs: a client, the audit log, an operator, and the table printed at the end.

Quick size by default; TRIMTAB_PERF_FULL=1 measures what the design promises (1,000 Microservices, 60 s of idling).
"""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.audit import AuditLog
from tests.support.kube import Kube, connect, install_crds
from tests.support.operator import Operator, running


@pytest.fixture(scope="session")
def full() -> bool:
    return bool(os.environ.get("TRIMTAB_PERF_FULL"))


@pytest.fixture(scope="session")
def audit() -> AuditLog:
    return AuditLog(os.environ["TRIMTAB_AUDIT_LOG"])


@pytest_asyncio.fixture(scope="session")
async def kube() -> AsyncIterator[Kube]:
    async with connect(agent="trimtab-tests") as client:
        await install_crds(client)
        yield client


@pytest_asyncio.fixture(scope="module")
async def operator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Operator]:
    async with running(tmp_path_factory.mktemp("operator") / "log") as process:
        yield process
