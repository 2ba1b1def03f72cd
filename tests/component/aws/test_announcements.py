"""Which resources messages of EventBridge name."""

import json
from typing import Any

import pytest

from trimtab.adapters.aws.announcements import LONGEST, MOST, changed


def trail(*, source: str = "sqs", **detail: Any) -> str:
    fields = {
        "eventSource": f"{source}.amazonaws.com",
        "awsRegion": "eu-central-1",
        "recipientAccountId": "123456789012",
        "readOnly": False,
        **detail,
    }
    message = {"detail-type": "AWS API Call via CloudTrail", "account": "123456789012", "detail": fields}
    return json.dumps({**message, "region": "eu-central-1"})


@pytest.mark.parametrize(
    ("body", "arn"),
    [
        (
            trail(requestParameters={"queueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/acme-a"}),
            "arn:aws:sqs:eu-central-1:123456789012:acme-a",
        ),
        (
            trail(requestParameters={"queueName": "acme-a.fifo"}),
            "arn:aws:sqs:eu-central-1:123456789012:acme-a.fifo",
        ),
        (
            trail(source="dynamodb", requestParameters={"tableName": "acme-t"}),
            "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-t",
        ),
        (trail(source="s3", requestParameters={"bucketName": "acme-b"}), "arn:aws:s3:::acme-b"),
        (
            trail(source="sns", requestParameters={"topicArn": "arn:aws:sns:eu-central-1:123456789012:acme-t"}),
            "arn:aws:sns:eu-central-1:123456789012:acme-t",
        ),
        (
            trail(source="secretsmanager", requestParameters={"secretId": "acme/s"}),
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/s",
        ),
        (trail(resources=[{"ARN": "arn:aws:s3:::acme-b", "type": "AWS::S3::Bucket"}]), "arn:aws:s3:::acme-b"),
        (
            trail(awsRegion="cn-north-1", requestParameters={"tableName": "acme-t"}),
            "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/acme-t",
        ),
        (
            json.dumps(
                {
                    "detail-type": "Config Configuration Item Change",
                    "detail": {"configurationItem": {"ARN": "arn:aws:sqs:eu-central-1:123456789012:acme-a"}},
                }
            ),
            "arn:aws:sqs:eu-central-1:123456789012:acme-a",
        ),
    ],
)
def test_a_change_names_its_resource(body: str, arn: str) -> None:
    assert changed(body) == {arn}


@pytest.mark.parametrize("detail", [{"readOnly": True}, {"errorCode": "AccessDenied"}])
def test_reads_and_failed_calls_change_nothing(detail: Any) -> None:
    assert not changed(trail(requestParameters={"tableName": "acme-t"}, **detail))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "nonsense",
        "[]",
        "null",
        '{"detail-type": "AWS API Call via CloudTrail"}',
        '{"detail-type": "AWS API Call via CloudTrail", "detail": []}',
        '{"detail-type": "Other", "detail": {}}',
        '"' + "x" * LONGEST + '"',
    ],
)
def test_what_is_no_such_message_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        changed(body)


def test_hostile_messages_stay_within_bounds() -> None:
    deep: Any = "arn:aws:s3:::deep"
    for _ in range(500):
        deep = {"x": deep}
    many = [f"arn:aws:s3:::b-{number}" for number in range(10 * MOST)]
    assert not changed(trail(requestParameters=deep))
    assert len(changed(trail(resources=many))) == MOST
    assert not changed(trail(requestParameters={"tableName": "../* x", "bucketName": {"a": 1}, "secretId": None}))
