"""An account in the emulator for the tests of one service's calls."""

import pytest
from tests.support.aws import Aws

from .account import Account


@pytest.fixture
def account(aws: Aws) -> Account:
    return Account(aws)
