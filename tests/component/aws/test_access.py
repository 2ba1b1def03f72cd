"""Calls under a grant, against the emulator: under which role, at which pace, only while we lead, and what is said."""

import asyncio
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest.mock import MagicMock

import pytest
from prometheus_client import REGISTRY
from tests.support.aws import ACCOUNT, REGION, Aws, Proxy
from tests.support.aws_faults import any_call, broken, calls, cut, times, torn
from tests.support.aws_wire import Answer, Call, denied, error, throttled

from trimtab import __version__
from trimtab.adapters.aws import clients
from trimtab.adapters.aws.access import AwsAccess
from trimtab.adapters.aws.breaker import FAILURES
from trimtab.adapters.aws.lanes import ABREAST
from trimtab.adapters.aws.roles import AssumedRoles, Role
from trimtab.adapters.aws.wire import MIN_LEASE
from trimtab.adapters.memory.lease import MemoryLease
from trimtab.ports.cloud import (
    CircuitOpenError,
    CloudDeniedError,
    CloudInvalidError,
    CloudLeaseLostError,
    CloudThrottledError,
    CloudUnavailableError,
)

from .grants import ROLE, grant

MARKER = "hunter2-marker"


@contextmanager
def access_of(lease: MemoryLease | None = None, *, attempts: int = 1) -> Iterator[AwsAccess]:
    made = AwsAccess(lease or MemoryLease(time.monotonic), make=partial(clients.make, attempts=attempts))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def access(aws_proxy: Proxy) -> Iterator[AwsAccess]:
    with access_of() as made:
        yield made


def queues(client: Any) -> list[str]:
    return [url for page in client.get_paginator("list_queues").paginate() for url in page.get("QueueUrls", ())]


def make_queue(client: Any) -> None:
    client.create_queue(QueueName="acme-orders")


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_a_call_is_made_under_the_role_with_the_tags_of_its_session(access: AwsAccess, aws_proxy: Proxy) -> None:
    await access.call(grant(), "sqs", make_queue, write=True)
    assumed = aws_proxy.calls[0]
    assert assumed.operation == "AssumeRole"
    asked = {name: assumed.parameter(name) for name in ("RoleArn", "ExternalId", "RoleSessionName", "DurationSeconds")}
    assert asked == {
        "RoleArn": ROLE,
        "ExternalId": "external",
        "RoleSessionName": "trimtab-shop",
        "DurationSeconds": "3600",
    }
    tags = {assumed.parameter(f"Tags.member.{at}.Key"): assumed.parameter(f"Tags.member.{at}.Value") for at in (1, 2)}
    assert tags == {"kubernetes-namespace": "shop", "cluster": "c1"}
    assert f"trimtab/{__version__}" in aws_proxy.calls[1].headers["User-Agent"]


async def test_a_session_is_asked_for_once_and_shared_by_services(access: AwsAccess, aws_proxy: Proxy) -> None:
    await asyncio.gather(*(access.call(grant(), "sqs", queues, write=False) for _ in range(10)))
    await access.call(grant(), "sns", lambda client: client.list_topics(), write=False)
    assert aws_proxy.count("AssumeRole") == 1


@pytest.mark.parametrize(
    "other",
    [{"namespace": "billing"}, {"role_arn": ROLE + "-other"}, {"external_id": "another"}, {"cluster": "c2"}],
)
async def test_no_two_namespaces_roles_or_clusters_share_a_session(
    access: AwsAccess, aws_proxy: Proxy, other: dict[str, str]
) -> None:
    await access.call(grant(), "sqs", queues, write=False)
    await access.call(grant(**other), "sqs", queues, write=False)
    keys = {call.headers["Authorization"].partition("/")[0] for call in aws_proxy.calls if call.service == "sqs"}
    assert len(keys) == 2


async def test_accounts_are_kept_apart(access: AwsAccess) -> None:
    other = grant(role_arn="arn:aws:iam::999999999999:role/trimtab")
    await access.call(grant(), "sqs", make_queue, write=True)
    assert await access.call(other, "sqs", queues, write=False) == []


async def test_a_policy_without_external_id_and_a_sweep_without_namespace(access: AwsAccess, aws_proxy: Proxy) -> None:
    await access.call(grant(external_id="", namespace=""), "sqs", queues, write=False)
    assert aws_proxy.calls[0].parameter("ExternalId") is None
    assert aws_proxy.calls[0].parameter("RoleSessionName") == "trimtab"
    assert aws_proxy.calls[0].parameter("Tags.member.1.Key") == "cluster"


async def test_a_role_that_may_not_be_assumed(access: AwsAccess, aws_proxy: Proxy) -> None:
    aws_proxy.faults = [times(1, calls("AssumeRole"), denied)]
    with pytest.raises(CloudDeniedError) as refused:
        await access.call(grant(), "sqs", queues, write=False)
    assert refused.value.action == "sts:AssumeRole"
    assert await access.call(grant(), "sqs", queues, write=False) == []


def expired(call: Call) -> Answer:
    return error(call, 403, "ExpiredToken")


async def test_credentials_that_aws_takes_for_expired_are_asked_for_anew(access: AwsAccess, aws_proxy: Proxy) -> None:
    await access.call(grant(), "sqs", queues, write=False)
    aws_proxy.faults = [times(1, calls("ListQueues"), expired)]
    with pytest.raises(CloudUnavailableError):
        await access.call(grant(), "sqs", queues, write=False)
    assert await access.call(grant(), "sqs", queues, write=False) == []
    assert aws_proxy.count("AssumeRole") == 2


class TokenService:
    """STS whose credentials last for `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.asked: list[str] = []
        self._seconds = seconds

    def assume_role(self, **request: Any) -> Any:
        self.asked.append(request["Tags"][0]["Value"])
        return {
            "Credentials": {
                "AccessKeyId": f"key-{len(self.asked)}",
                "SecretAccessKey": MARKER,
                "SessionToken": MARKER,
                "Expiration": datetime.now(UTC) + timedelta(seconds=self._seconds),
            }
        }


def key(roles: AssumedRoles, name: str) -> str:
    role = Role(arn=ROLE, external_id="", cluster="c1", namespace=name)
    return str(roles.credentials(role, REGION).get_frozen_credentials().access_key)


@pytest.mark.parametrize(("seconds", "asked"), [(3600, 1), (300, 2)])
def test_credentials_are_renewed_before_they_expire(seconds: float, asked: int) -> None:
    sts = TokenService(seconds)
    roles = AssumedRoles(lambda region: sts)
    assert {key(roles, "shop"), key(roles, "shop")} == {f"key-{number + 1}" for number in range(asked)}


def test_the_session_that_was_not_used_for_the_longest_time_goes() -> None:
    sts = TokenService(3600)
    roles = AssumedRoles(lambda region: sts, most=2)
    for namespace in ("a", "b", "a", "c", "a", "b"):
        key(roles, namespace)
    assert sts.asked == ["a", "b", "c", "b"]


def test_credentials_are_not_in_what_is_printed() -> None:
    roles = AssumedRoles(lambda region: TokenService(3600))
    role = Role(arn=ROLE, external_id="", cluster="c1", namespace="shop")
    held = roles.credentials(role, REGION)
    held.get_frozen_credentials()
    assert MARKER not in f"{roles!r} {held!r} {vars(roles)!r}"


async def test_there_is_one_client_for_a_service_and_region_whoever_calls() -> None:
    made: list[tuple[str, str]] = []

    def make(service: str, region: str, **_: Any) -> Any:
        made.append((service, region))
        return MagicMock()

    access = AwsAccess(MemoryLease(time.monotonic), make=make)
    for number in range(20):
        for region in (REGION, "us-east-1"):
            await access.call(grant(namespace=f"team-{number}", region=region), "sqs", lambda _: None, write=False)
    assert made == [("sqs", REGION), ("sqs", "us-east-1")]


async def test_calls_side_by_side_are_each_made_as_whom_they_are_for(access: AwsAccess, aws_proxy: Proxy) -> None:
    grants = [grant(role_arn=f"arn:aws:iam::{number:012}:role/trimtab") for number in range(1, 9)]

    def keep(account: str) -> Callable[[Any], list[str]]:
        def function(client: Any) -> list[str]:
            for number in range(3):
                client.create_queue(QueueName=f"acme-{account}-{number}")
            return queues(client)

        return function

    found = await asyncio.gather(*(access.call(each, "sqs", keep(each.account), write=True) for each in grants))
    for each, urls in zip(grants, found, strict=True):
        assert sorted(url.rpartition("/")[2] for url in urls) == [f"acme-{each.account}-{at}" for at in range(3)]


async def test_a_client_that_left_its_call_signs_for_nobody(access: AwsAccess, aws_proxy: Proxy) -> None:
    client = await access.call(grant(), "sqs", lambda client: client, write=False)
    with pytest.raises(RuntimeError, match="for nobody"):
        client.list_queues()
    assert not aws_proxy.count("ListQueues")


async def test_nothing_is_written_with_too_little_lease(aws_proxy: Proxy) -> None:
    now = 0.0
    with access_of(MemoryLease(lambda: now, until=MIN_LEASE - 0.1)) as access:
        with pytest.raises(CloudLeaseLostError):
            await access.call(grant(), "sqs", make_queue, write=True)
        assert aws_proxy.calls == []
        assert await access.call(grant(), "sqs", queues, write=False) == []


async def test_a_verb_stops_at_the_write_before_which_the_lease_went(aws_proxy: Proxy) -> None:
    now = 0.0

    def two(client: Any) -> None:
        nonlocal now
        client.create_queue(QueueName="acme-one")
        now = 100.0
        client.create_queue(QueueName="acme-two")

    with access_of(MemoryLease(lambda: now, until=50.0)) as access, pytest.raises(CloudLeaseLostError):
        await access.call(grant(), "sqs", two, write=True)
    assert aws_proxy.count("CreateQueue") == 1


async def test_no_write_is_repeated_once_the_lease_is_gone(aws_proxy: Proxy) -> None:
    now = 0.0

    def fail(call: Call, proceed: Any) -> Answer | None:
        nonlocal now
        if call.operation != "CreateQueue":
            return None
        now = 100.0
        return error(call, 500, "InternalFailure")

    aws_proxy.faults = [fail]
    with access_of(MemoryLease(lambda: now, until=50.0), attempts=3) as access, pytest.raises(CloudLeaseLostError):
        await access.call(grant(), "sqs", make_queue, write=True)
    assert aws_proxy.count("CreateQueue") == 1


@pytest.mark.parametrize("fault", [broken(503), cut])
async def test_a_single_failure_is_bridged(aws_proxy: Proxy, fault: Any) -> None:
    aws_proxy.faults = [times(1, calls("ListQueues"), fault)]
    with access_of(attempts=3) as access:
        assert await access.call(grant(), "sqs", queues, write=False) == []
    assert aws_proxy.count("ListQueues") == 2


async def test_a_throttled_answer_slows_that_service_alone(access: AwsAccess, aws_proxy: Proxy) -> None:
    lane, other = (access._lanes.of(ACCOUNT, REGION, service) for service in ("sqs", "sns"))
    full = lane.reads.rate
    aws_proxy.faults = [times(1, calls("ListQueues"), throttled)]
    with pytest.raises(CloudThrottledError):
        await access.call(grant(), "sqs", queues, write=False)
    assert lane.reads.rate < 0.6 * full
    assert other.reads.rate == full


async def test_a_failing_service_is_not_called_any_more_and_others_are(access: AwsAccess, aws_proxy: Proxy) -> None:
    aws_proxy.faults = [times(1000, calls("ListQueues"), broken(500))]
    for _ in range(FAILURES):
        with pytest.raises(CloudUnavailableError):
            await access.call(grant(), "sqs", queues, write=False)
    before = aws_proxy.count("ListQueues")
    assert sample("trimtab_aws_circuits_open") >= 1
    with pytest.raises(CircuitOpenError):
        await access.call(grant(), "sqs", queues, write=False)
    await access.call(grant(), "sns", lambda client: client.list_topics(), write=False)
    await access.call(grant(role_arn="arn:aws:iam::999999999999:role/x"), "dynamodb", lambda _: None, write=False)
    assert aws_proxy.count("ListQueues") == before


async def test_one_account_that_hangs_leaves_threads_to_others(access: AwsAccess) -> None:
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(_: Any) -> None:
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()

    hanging = [asyncio.create_task(access.call(grant(), "sqs", hang, write=False)) for _ in range(4 * ABREAST)]
    other = grant(role_arn="arn:aws:iam::999999999999:role/x")
    assert await asyncio.wait_for(access.call(other, "sqs", queues, write=False), 30) == []
    release.set()
    await asyncio.gather(*hanging)


@pytest.mark.parametrize(
    "service", ["sqs", "sns", "dynamodb", "iam", "secretsmanager", "resourcegroupstaggingapi", "s3"]
)
async def test_an_answer_that_broke_off_is_none(access: AwsAccess, aws_proxy: Proxy, service: str) -> None:
    lists = {
        "sqs": "list_queues",
        "sns": "list_topics",
        "dynamodb": "list_tables",
        "iam": "list_roles",
        "secretsmanager": "list_secrets",
        "resourcegroupstaggingapi": "get_resources",
        "s3": "list_buckets",
    }
    await access.call(grant(), service, lambda client: getattr(client, lists[service])(), write=False)
    aws_proxy.faults = [torn(1, any_call)]
    with pytest.raises(CloudUnavailableError):
        await access.call(grant(), service, lambda client: getattr(client, lists[service])(), write=False)


async def test_every_call_about_a_bucket_names_its_owner(access: AwsAccess, aws_proxy: Proxy) -> None:
    def make(client: Any) -> None:
        client.create_bucket(Bucket="acme-b", CreateBucketConfiguration={"LocationConstraint": REGION})
        client.get_bucket_versioning(Bucket="acme-b")

    await access.call(grant(), "s3", make, write=True)
    asked = aws_proxy.calls[-1]
    assert asked.headers["x-amz-expected-bucket-owner"] == ACCOUNT
    assert asked.path.startswith("/acme-b")


async def test_each_attempt_is_counted_and_each_write_is_logged(
    aws_proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    labels = {"service": "sqs", "operation": "CreateQueue"}
    before = {name: sample("trimtab_aws_requests_total", **labels, outcome=name) for name in ("success", "unavailable")}
    aws_proxy.faults = [times(1, calls("CreateQueue"), broken(500))]
    with access_of(attempts=2) as access, caplog.at_level(logging.INFO, "trimtab.aws"):
        await access.call(grant(), "sqs", make_queue, write=True)
        await access.call(grant(), "sqs", queues, write=False)
    for name, count in before.items():
        assert sample("trimtab_aws_requests_total", **labels, outcome=name) == count + 1
    fields = [record.fields for record in caplog.records if record.name == "trimtab.aws"]  # type: ignore[attr-defined]
    assert [each["outcome"] for each in fields] == ["unavailable", "success"]
    assert fields[1]["request_id"]
    assert {key: fields[1][key] for key in ("action", "account", "region", "namespace")} == {
        "action": "sqs:CreateQueue",
        "account": ACCOUNT,
        "region": REGION,
        "namespace": "shop",
    }


async def test_assumed_roles_are_counted(access: AwsAccess) -> None:
    labels = {"service": "sts", "operation": "AssumeRole", "outcome": "success"}
    before = sample("trimtab_aws_requests_total", **labels)
    await access.call(grant(), "sqs", queues, write=False)
    await access.call(grant(), "sqs", queues, write=False)
    assert sample("trimtab_aws_requests_total", **labels) == before + 1


async def test_secrets_are_in_no_log_and_no_error(
    access: AwsAccess, aws_proxy: Proxy, aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    def keep(client: Any) -> Any:
        client.create_secret(Name="acme-s", SecretString=MARKER)
        return client.get_secret_value(SecretId="acme-s")["SecretString"]

    def misuse(client: Any) -> None:
        client.put_secret_value(SecretId="acme-s", SecretString={"value": MARKER})

    def refused(call: Call) -> Answer:
        return error(call, 400, "InvalidRequestException", f"{MARKER} is no good")

    with caplog.at_level(logging.DEBUG):
        assert await access.call(grant(), "secretsmanager", keep, write=True) == MARKER
        aws_proxy.faults = [times(1, calls("PutSecretValue"), refused), torn(1, calls("GetSecretValue"))]
        told = ""
        for attempt in (
            misuse,
            lambda client: client.put_secret_value(SecretId="acme-s", SecretString=MARKER),
            lambda client: client.get_secret_value(SecretId="acme-s"),
        ):
            with pytest.raises((CloudInvalidError, CloudUnavailableError)) as failed:
                await access.call(grant(), "secretsmanager", attempt, write=True)
            told += "".join(traceback.format_exception(failed.value)) + repr(failed.value)
    assert MARKER not in told
    assert MARKER not in caplog.text
    assert not any(MARKER in str(vars(record)) for record in caplog.records)


async def test_an_error_of_ours_stays_what_it_is(access: AwsAccess) -> None:
    with pytest.raises(ZeroDivisionError):
        await access.call(grant(), "sqs", lambda client: 1 / 0, write=False)
