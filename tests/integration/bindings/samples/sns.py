"""Amazon SNS."""

from collections.abc import Mapping

from tests.integration.bindings.sample import Elsewhere, Sample
from tests.support.aws import Aws

from trimtab.domain.binding.resource import Live


def _inventory(aws: Aws) -> list[str]:
    return [topic["TopicArn"] for topic in aws.client("sns").list_topics()["Topics"]]


def _make(aws: Aws, name: str) -> str:
    return str(aws.client("sns").create_topic(Name=name)["TopicArn"])


def _topic(attribute: str, value: str) -> Elsewhere:
    def elsewhere(aws: Aws, lives: Mapping[str, Live]) -> None:
        aws.client("sns").set_topic_attributes(
            TopicArn=lives["topic"].arn, AttributeName=attribute, AttributeValue=value
        )

    return elsewhere


def _subscription(attribute: str, value: str) -> Elsewhere:
    def elsewhere(aws: Aws, lives: Mapping[str, Live]) -> None:
        aws.client("sns").set_subscription_attributes(
            SubscriptionArn=lives["subscription-in"].arn, AttributeName=attribute, AttributeValue=value
        )

    return elsewhere


def _take_away(aws: Aws, lives: Mapping[str, Live]) -> None:
    aws.client("sns").delete_topic(TopicArn=lives["topic"].arn)


SUBSCRIPTION = {"binding": "in", "filter": {"status": ["paid"]}, "raw": True, "deadLetter": "lost"}
SPEC = {"kmsKeyID": "alias/events", "subscriptions": [SUBSCRIPTION]}

SAMPLE = Sample(
    member="sns",
    spec=SPEC,
    update=SPEC | {"subscriptions": [SUBSCRIPTION | {"filter": {"status": ["paid", "shipped"]}}]},
    immutable=SPEC | {"fifo": True},
    beside={"in": {"sqs": {}}, "lost": {"sqs": {}}},
    drifts={
        "kmsKeyID": _topic("KmsMasterKeyId", "alias/other"),
        "filter": _subscription("FilterPolicy", '{"status": ["lost"]}'),
        "raw": _subscription("RawMessageDelivery", "false"),
        "deadLetter": _subscription(
            "RedrivePolicy", '{"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:123456789012:other"}'
        ),
    },
    inventory=_inventory,
    make=_make,
    take_away=_take_away,
    deleted_by_default=True,
)
