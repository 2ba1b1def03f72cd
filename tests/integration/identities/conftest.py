"""Lives of an operator on IAM that is emulated."""

from collections.abc import Iterator

import pytest
from tests.integration.identities.life import Lives
from tests.support.aws import Aws, Proxy


@pytest.fixture
def lives(aws: Aws, aws_proxy: Proxy) -> Iterator[Lives]:
    lives = Lives(aws, aws_proxy)
    yield lives
    lives.close()
