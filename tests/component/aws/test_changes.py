"""The queue of changes: each message is told once it is understood, and none is left behind."""

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import REGISTRY
from tests.support.aws import ACCOUNT, REGION, Aws, Proxy
from tests.support.aws_faults import calls, times
from tests.support.aws_wire import absent

from trimtab.adapters.aws import changes as module
from trimtab.adapters.aws.changes import Changes

ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:trimtab-changes"


def message(*buckets: str, kind: str = "AWS API Call via CloudTrail", **detail: Any) -> str:
    resources = [{"ARN": f"arn:aws:s3:::{bucket}"} for bucket in buckets]
    return json.dumps({"detail-type": kind, "detail": {"resources": resources, **detail}})


class Queue:
    """The queue, as EventBridge fills it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.url = client.create_queue(QueueName="trimtab-changes")["QueueUrl"]

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self._client.send_message(QueueUrl=self.url, MessageBody=body)

    def left(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)


@pytest.fixture
def queue(aws: Aws) -> Queue:
    return Queue(aws.client("sqs"))


@pytest.fixture
def told() -> list[frozenset[str]]:
    return []


@pytest.fixture
def changes(aws_proxy: Proxy, told: list[frozenset[str]]) -> Iterator[Changes]:
    made = Changes(ARN, told.append, wait=0)
    yield made
    made.close()


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("trimtab_aws_change_messages_total", {"result": result}) or 0.0


async def test_what_changed_is_told_and_the_messages_go(
    queue: Queue, changes: Changes, told: list[frozenset[str]]
) -> None:
    queue.send(message("a"), message("b", "a"))
    await changes.hear()
    assert frozenset().union(*told) == {"arn:aws:s3:::a", "arn:aws:s3:::b"}
    assert queue.left() == 0


async def test_bad_messages_and_reads_are_counted_and_go(
    queue: Queue, changes: Changes, told: list[frozenset[str]]
) -> None:
    before = {result: counted(result) for result in ("told", "ignored", "bad")}
    queue.send("nonsense", message("a", readOnly=True), message("b"), message("c", kind="Other"))
    await changes.hear()
    assert {result: counted(result) - count for result, count in before.items()} == {"told": 1, "ignored": 1, "bad": 2}
    assert told == [{"arn:aws:s3:::b"}]
    assert queue.left() == 0


async def test_messages_stay_until_they_are_told(queue: Queue, aws_proxy: Proxy) -> None:
    def refuse(_: frozenset[str]) -> None:
        raise RuntimeError("not now")

    queue.send(message("a"))
    changes = Changes(ARN, refuse, wait=0)
    with pytest.raises(RuntimeError):
        await changes.hear()
    assert queue.left() == 1
    changes.close()


async def test_without_messages_nothing_is_told(queue: Queue, changes: Changes, told: list[frozenset[str]]) -> None:
    await changes.hear()
    assert told == []


async def test_it_waits_for_messages_instead_of_asking_again_and_again(queue: Queue, aws_proxy: Proxy) -> None:
    heard: asyncio.Future[frozenset[str]] = asyncio.get_running_loop().create_future()
    changes = Changes(ARN, heard.set_result)
    listening = asyncio.create_task(changes.run())
    while not aws_proxy.count("ReceiveMessage"):
        await asyncio.sleep(0.01)
    queue.send(message("a"))
    assert await asyncio.wait_for(heard, 30) == {"arn:aws:s3:::a"}
    asked = next(call for call in aws_proxy.calls if call.operation == "ReceiveMessage")
    assert (asked.parameter("WaitTimeSeconds"), asked.parameter("MaxNumberOfMessages")) == (20, 10)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    changes.close()


async def test_a_queue_that_cannot_be_read_is_tried_again_and_said(
    queue: Queue,
    changes: Changes,
    aws_proxy: Proxy,
    told: list[frozenset[str]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.001, 0.01))
    aws_proxy.faults = [times(3, calls("GetQueueUrl"), absent)]
    queue.send(message("a"))
    with caplog.at_level(logging.WARNING):
        listening = asyncio.create_task(changes.run())
        while not told:
            assert not listening.done()
            await asyncio.sleep(0.01)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    said = [record.getMessage() for record in caplog.records if "cannot be read" in record.getMessage()]
    assert len(said) == 3
    assert "sqs:GetQueueUrl" in said[0]
