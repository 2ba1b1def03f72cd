"""The proxy in front of the emulator of AWS names calls of all protocols, and its faults arrive as AWS's own errors."""

from contextlib import nullcontext
from threading import Event
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from tests.support.aws import Aws, Proxy
from tests.support.aws_faults import (
    Point,
    any_call,
    broken,
    calls,
    cut,
    every_answer_lost_once,
    kill_at,
    rate,
    times,
    unseen,
)
from tests.support.aws_wire import Answer, Call, Signature, absent, denied, throttled

LOOKS = {
    "sqs": "list_queues",
    "sns": "list_topics",
    "dynamodb": "list_tables",
    "s3": "list_buckets",
    "secretsmanager": "list_secrets",
    "iam": "list_roles",
    "eks": "list_clusters",
    "resourcegroupstaggingapi": "get_resources",
}


def client(service: str) -> Any:
    return boto3.client(service, config=Config(retries={"total_max_attempts": 1}))


def test_calls_of_all_protocols_are_named(aws_proxy: Proxy) -> None:
    for service, operation in LOOKS.items():
        getattr(client(service), operation)()
    s3 = client("s3")
    s3.create_bucket(Bucket="some-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_tagging(Bucket="some-bucket", Tagging={"TagSet": []})
    s3.put_object(Bucket="some-bucket", Key="a/b", Body=b"x")
    s3.get_bucket_versioning(Bucket="some-bucket")
    assert [str(each.signature) for each in aws_proxy.calls] == [
        "sqs:ListQueues #1",
        "sns:ListTopics #1",
        "dynamodb:ListTables #1",
        "s3:ListBuckets #1",
        "secretsmanager:ListSecrets #1",
        "iam:ListRoles #1",
        "eks:ListClusters #1",
        "tagging:GetResources #1",
        "s3:CreateBucket #1",
        "s3:PutBucketTagging #1",
        "s3:PutObject #1",
        "s3:GetBucketVersioning #1",
    ]
    assert [each.operation for each in aws_proxy.writes] == ["CreateBucket", "PutBucketTagging", "PutObject"]


@pytest.mark.parametrize("service", LOOKS)
@pytest.mark.parametrize(
    ("answer", "status"), [(throttled, {400, 503}), (absent, {400, 404}), (denied, {403}), (broken(500), {500})]
)
def test_errors_are_told_in_every_protocol(aws_proxy: Proxy, service: str, answer: Any, status: set[int]) -> None:
    told: list[Answer] = []

    def tell(call: Call) -> Answer:
        told.append(answer(call))
        return told[-1]

    aws_proxy.faults = [times(1, any_call, tell)]
    with pytest.raises(ClientError) as caught:
        getattr(client(service), LOOKS[service])()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in status
    code = caught.value.response["Error"]["Code"]
    assert code.encode() in told[0].body or code in str(told[0].headers)
    getattr(client(service), LOOKS[service])()


def test_a_cut_connection_is_no_answer(aws_proxy: Proxy) -> None:
    aws_proxy.faults = [times(1, any_call, cut)]
    with pytest.raises(ConnectionClosedError):
        client("sqs").list_queues()


@pytest.mark.parametrize("point", Point)
def test_a_kill_leaves_what_was_carried_out(aws: Aws, aws_proxy: Proxy, point: Point) -> None:
    killed = Event()
    where = Signature("sqs", "CreateQueue", 2)
    aws_proxy.faults = [kill_at(aws_proxy, where, point, killed.set)]
    sqs = client("sqs")
    sqs.create_queue(QueueName="one")
    with nullcontext() if point is Point.AFTER else pytest.raises(ConnectionClosedError):
        sqs.create_queue(QueueName="two")
    with pytest.raises(ConnectionClosedError):
        sqs.create_queue(QueueName="three")
    urls = aws.client("sqs").list_queues()["QueueUrls"]
    assert killed.wait(60)
    assert [url.rpartition("/")[2] for url in urls] == ["one"] if point is Point.BEFORE else ["one", "two"]


def test_lost_answers_are_of_writes_that_were_carried_out(aws: Aws, aws_proxy: Proxy) -> None:
    aws_proxy.faults = [every_answer_lost_once()]
    sqs = client("sqs")
    with pytest.raises(ConnectionClosedError):
        sqs.create_queue(QueueName="one")
    assert len(aws.client("sqs").list_queues()["QueueUrls"]) == 1
    sqs.create_queue(QueueName="one")


def test_a_resource_is_seen_late(aws_proxy: Proxy) -> None:
    aws_proxy.faults = [unseen(1, "CreateQueue")]
    sqs = client("sqs")
    sqs.create_queue(QueueName="one")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="one")
    sqs.get_queue_url(QueueName="one")


def test_a_rate_is_kept(aws_proxy: Proxy) -> None:
    aws_proxy.faults = [rate(0.001, burst=2)]
    sqs = client("sqs")
    for _ in range(2):
        sqs.list_queues()
    with pytest.raises(ClientError, match="Rate exceeded"):
        sqs.list_queues()


def test_lists_have_pages(aws: Aws, aws_proxy: Proxy) -> None:
    for name in ("one", "two", "three"):
        aws.client("sqs").create_queue(QueueName=name, tags={"mine": "yes"})
    with aws.pages_of(1):
        pages = list(client("resourcegroupstaggingapi").get_paginator("get_resources").paginate())
    assert [len(page["ResourceTagMappingList"]) for page in pages] == [1, 1, 1]


def test_only_the_calls_that_are_meant_fail(aws_proxy: Proxy) -> None:
    aws_proxy.faults = [times(1, calls("CreateTopic"), throttled)]
    client("sqs").create_queue(QueueName="one")
    with pytest.raises(ClientError):
        client("sns").create_topic(Name="one")


def test_what_a_role_may_is_simulated(aws_proxy: Proxy) -> None:
    pages = (
        client("iam")
        .get_paginator("simulate_principal_policy")
        .paginate(
            PolicySourceArn="arn:aws:iam::123456789012:role/x", ActionNames=["sqs:CreateQueue", "sqs:DeleteQueue"]
        )
    )
    found = [(each["EvalActionName"], each["EvalDecision"]) for page in pages for each in page["EvaluationResults"]]
    assert found == [("sqs:CreateQueue", "allowed"), ("sqs:DeleteQueue", "allowed")]
