"""Notices to SNS and EventBridge, against an emulator that keeps what it was sent."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.support.markers import secret

from trimtab.adapters.aws.arns import AllowedArns
from trimtab.adapters.aws.clients import AwsClients
from trimtab.adapters.aws.notifiers import EventBridge, Sns
from trimtab.ports.notifier import Notice, NotifierError

REGION = "eu-central-1"
ACCOUNT = "123456789012"
ALLOWED = AllowedArns([f"arn:aws:*:{REGION}:{ACCOUNT}:*"])
NOTICE = Notice(
    id="orders-abc-aborted",
    namespace="shop",
    release="orders",
    event="Aborted",
    title="shop/orders: 1.4.3 zurückgenommen",
    text="0 of 1 pods were ready within 10m",
    fields={"Version": "1.4.3"},
    at="2026-01-01T00:00:00Z",
)


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", secret("of-aws"))
        yield
    server.stop()


@pytest.fixture
def clients(aws: None) -> Iterator[AwsClients]:
    made = AwsClients()
    yield made
    made.close()


def subscribed(topic: str, name: str) -> Any:
    """A queue that gets what the topic is sent; a function that reads one message of it."""
    sns, sqs = boto3.client("sns", region_name=REGION), boto3.client("sqs", region_name=REGION)
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    url = sqs.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def messages() -> list[Any]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", [])
        return [json.loads(each["Body"]) for each in found]

    return messages


async def test_a_topic_gets_the_notice(clients: AwsClients) -> None:
    topic = boto3.client("sns", region_name=REGION).create_topic(Name="releases")["TopicArn"]
    messages = subscribed(topic, "releases")
    await Sns(clients, ALLOWED).deliver(NOTICE, {"topicARN": topic})
    (message,) = messages()
    assert json.loads(message["Message"])["text"] == NOTICE.text
    assert message["Subject"] == "shop/orders: 1.4.3 zur?ckgenommen"
    assert message["MessageAttributes"]["event"]["Value"] == "Aborted"


async def test_a_fifo_topic_drops_a_repetition(clients: AwsClients) -> None:
    sns = boto3.client("sns", region_name=REGION)
    topic = sns.create_topic(Name="releases.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    messages = subscribed(topic, "releases.fifo")
    for _ in range(2):
        await Sns(clients, ALLOWED).deliver(NOTICE, {"topicARN": topic})
    assert len(messages()) == 1


async def test_a_bus_gets_an_event(clients: AwsClients) -> None:
    events = boto3.client("events", region_name=REGION)
    bus = events.create_event_bus(Name="releases")["EventBusArn"]
    events.create_archive(ArchiveName="all", EventSourceArn=bus)
    await EventBridge(clients, ALLOWED).deliver(NOTICE, {"busARN": bus})
    assert events.describe_archive(ArchiveName="all")["EventCount"] == 1


async def test_a_topic_that_is_not_there_is_given_up(clients: AwsClients) -> None:
    with pytest.raises(NotifierError, match="SNS answered NotFound") as caught:
        await Sns(clients, ALLOWED).deliver(NOTICE, {"topicARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:nowhere"})
    assert caught.value.permanent


async def test_an_endpoint_that_does_not_answer_is_tried_again(
    clients: AwsClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(NotifierError, match="EndpointConnectionError") as caught:
        await Sns(AwsClients(), ALLOWED).deliver(NOTICE, {"topicARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:releases"})
    assert not caught.value.permanent


def test_boto3_costs_nothing_until_it_is_needed() -> None:
    code = (
        "import sys, trimtab.shell.main, trimtab.shell.outbound; "
        "print([m for m in ('boto3', 'botocore') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert found.stdout.strip() == "[]"
