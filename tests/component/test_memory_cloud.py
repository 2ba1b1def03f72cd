"""The memory fake keeps the contract of the port to AWS."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import pytest
from tests.component.contracts.cloud import ACCOUNT, REGION, CloudContract, World

from trimtab.adapters.memory.cloud import MemoryAws, MemoryCloud
from trimtab.adapters.memory.cluster import Fault
from trimtab.adapters.memory.lease import MemoryLease
from trimtab.ports.cloud import CloudThrottledError


class MemoryWorld:
    """See World."""

    def __init__(self) -> None:
        self.aws = MemoryAws(lambda: 0.0)
        self.lease = MemoryLease(lambda: 0.0)
        self.cloud = MemoryCloud(self.aws, self.lease)

    def place(self, name: str, tags: Mapping[str, str]) -> str:
        return self.aws.place((ACCOUNT, REGION, "sqs/queue", name), tags=tags).arn

    def throttle(self) -> None:
        self.cloud.failing.append(CloudThrottledError("too fast"))

    def lose(self) -> None:
        self.cloud._fault = Fault(at=self.cloud.writes + 1, kind="lost")

    @contextmanager
    def pages_of(self, size: int) -> Iterator[None]:
        yield

    def lack(self, actions: Iterable[str]) -> None:
        self.aws.lacks |= set(actions)

    def blind(self) -> None:
        self.aws.blind = True

    def end_lease(self) -> None:
        self.lease.until = 0.0

    @property
    def sent(self) -> int:
        return self.cloud.writes


class TestMemoryCloud(CloudContract):
    """The contract, in memory."""

    @pytest.fixture
    def world(self) -> World:
        return MemoryWorld()

    @pytest.fixture
    def cloud(self, world: MemoryWorld) -> MemoryCloud:
        return world.cloud
