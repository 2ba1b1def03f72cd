"""Amazon SNS: a topic and its subscriptions."""

from collections.abc import Mapping
from typing import Any

from trimtab.api.backing.sns import Sns, Subscription
from trimtab.api.servicebinding import Access
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.policies.rights import OWNED, WITH_OWNER, key_use
from trimtab.domain.binding.protocol.delivery import delivery
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.binding.service import Statement, Target

NAME_LIMIT = 256

_OTHERWISE: Mapping[str, Any] = {"contentBasedDeduplication": False, "kmsKeyID": ""}
_SUBSCRIBED_OTHERWISE: Mapping[str, Any] = {
    "filter": None,
    "filterScope": "MessageAttributes",
    "deadLetter": None,
}


class SnsService:
    """See the protocol. The topic comes first; each subscription is a part of it."""

    member = "sns"
    type = "sns"
    key_actions = ()

    def resources(self, spec: Sns, place: Place) -> tuple[Resource, ...]:
        """The topic, and a subscription for each queue that it delivers to."""
        name = place.external("topic", limit=NAME_LIMIT, suffix=".fifo" if spec.fifo else "")
        arn = place.arn("sns", name)
        asked = {
            "fifo": spec.fifo,
            "contentBasedDeduplication": spec.content_based_deduplication,
            "kmsKeyID": spec.kms_key_id,
            "access": delivery(place, "sns:Publish", arn),
        }
        topic = Resource(
            kind="sns/topic",
            key="topic",
            name=name,
            arn=arn,
            address={"arn": arn},
            settings=place.declared("topic", asked, _OTHERWISE),
            immutable=frozenset({"fifo"}),
        )
        return (topic, *(_subscription(each, place, topic) for each in spec.subscriptions))

    def problem(self, spec: Sns, targets: Mapping[str, Target]) -> str:
        """A subscription of what is no queue, or of a FIFO queue to a topic that is not FIFO."""
        for number, each in enumerate(spec.subscriptions):
            where = f"spec.sns.subscriptions[{number}]"
            for field, name in (("binding", each.binding), ("deadLetter", each.dead_letter or "")):
                if name in targets and targets[name].member != "sqs":
                    what = f"{name} is of {targets[name].member}"
                    return f"{where}.{field}: {what}; name the ServiceBinding of a queue (sqs)"
            if each.binding in targets and targets[each.binding].fifo and not spec.fifo:
                remedy = "name the ServiceBinding of a queue that is not, or deliver from a FIFO topic"
                return f"{where}.binding: {each.binding} is FIFO, and the topic is not; {remedy}"
        return ""

    def projection(self, spec: Sns, place: Place, live: Mapping[str, Live]) -> Mapping[str, str]:
        """`arn`, `topic-arn` and `topic-name`."""
        arn = live["topic"].arn
        return {"arn": arn, "topic-arn": arn, "topic-name": arn.rpartition(":")[2]}

    def statements(self, spec: Sns, place: Place, live: Mapping[str, Live], access: Access) -> tuple[Statement, ...]:
        """Write is to publish, Read to see the topic and who gets its messages; Admin also subscribes."""
        actions = (
            "sns:GetTopicAttributes",
            *(("sns:ListSubscriptionsByTopic",) if access != "Write" else ()),
            *(("sns:Publish",) if access != "Read" else ()),
            *(("sns:Subscribe",) if access == "Admin" else ()),
        )
        uses = ("kms:Decrypt", "kms:GenerateDataKey") if access != "Read" else ()
        topic = Statement(actions=actions, resources=(live["topic"].arn,))
        return (topic, *key_use(place, "sns", spec.kms_key_id or "", *uses))

    def administration(self, prefix: str, partition: str) -> tuple[Statement, ...]:
        """To keep topics and subscriptions. IAM cannot bound by name what is done with a subscription that exists."""
        topics = (f"arn:{partition}:sns:*:*:{prefix}*",)
        look = (
            "sns:GetTopicAttributes",
            "sns:ListTagsForResource",
            "sns:ListSubscriptionsByTopic",
            "sns:TagResource",
            "sns:UntagResource",
        )
        change = ("sns:SetTopicAttributes", "sns:Subscribe", "sns:DeleteTopic")
        subscriptions = ("sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe")
        return (
            Statement(actions=look, resources=topics),
            Statement(actions=("sns:CreateTopic",), resources=topics, conditions=WITH_OWNER),
            Statement(actions=change, resources=topics, conditions=OWNED),
            Statement(actions=subscriptions, resources=("*",)),
        )


def _subscription(asked: Subscription, place: Place, topic: Resource) -> Resource:
    key = f"subscription-{asked.binding}"
    settings = {
        "filter": asked.filter,
        "filterScope": asked.filter_scope,
        "raw": asked.raw,
        "deadLetter": place.targets[asked.dead_letter] if asked.dead_letter else None,
    }
    return Resource(
        kind="sns/subscription",
        key=key,
        name=topic.name,
        address={"topic": topic.address["arn"], "queue": place.targets[asked.binding]},
        settings=place.declared(key, settings, _SUBSCRIBED_OTHERWISE),
        parent=topic.key,
    )


SERVICE = SnsService()
