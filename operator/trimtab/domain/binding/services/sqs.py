"""Amazon SQS: a queue and, if asked for, its dead-letter queue."""

from collections.abc import Mapping
from typing import Any

from trimtab.api.backing.sqs import DeadLetter, Sqs
from trimtab.api.scalars import parse_duration
from trimtab.api.servicebinding import Access
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.policies.rights import OWNED, WITH_OWNER, key_use
from trimtab.domain.binding.protocol.delivery import delivery
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.binding.service import Statement, Target

NAME_LIMIT = 80

_DEFAULTS: Mapping[str, Any] = {
    "kmsKeyID": "SSE-SQS",
    "visibilityTimeout": 30,
    "retention": 345600,
    "delay": 0,
    "receiveWait": 0,
    "maximumMessageSize": 1048576,
    "contentBasedDeduplication": False,
    "deadLetter": None,
}
_CONSUME = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
_PRODUCE = ("sqs:SendMessage",)
_KNOW = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl")
_MOVE = ("sqs:StartMessageMoveTask", "sqs:CancelMessageMoveTask", "sqs:ListMessageMoveTasks")


class SqsService:
    """See the protocol. Settings have the names of spec; durations are seconds."""

    member = "sqs"
    type = "sqs"
    key_actions = ()

    def resources(self, spec: Sqs, place: Place) -> tuple[Resource, ...]:
        """The dead-letter queue first, then the queue that names it, then the former's leave to be named."""
        queue = self._queue(spec, place)
        if spec.dead_letter is None:
            return (queue,)
        letters = self._dead_letter(spec, spec.dead_letter, place)
        allow = Resource(
            kind="sqs/redriveAllow",
            key="redriveAllow",
            name=letters.name,
            settings={"redriveAllow": {"redrivePermission": "byQueue", "sourceQueueArns": [_arn(place, queue.name)]}},
            parent=letters.key,
        )
        return letters, queue, allow

    def problem(self, spec: Sqs, targets: Mapping[str, Target]) -> str:
        """Nothing: the schema refuses what AWS would."""
        return ""

    def projection(self, spec: Sqs, place: Place, live: Mapping[str, Live]) -> Mapping[str, str]:
        """`arn`, `uri`, `queue-url`, `queue-name`, and for a dead-letter queue `dead-letter-url` and `-arn`."""
        queue = live["queue"]
        entries = {
            "arn": queue.arn,
            "uri": queue.handle,
            "queue-url": queue.handle,
            "queue-name": queue.arn.rpartition(":")[2],
        }
        if spec.dead_letter is not None:
            entries |= {"dead-letter-url": live["deadLetter"].handle, "dead-letter-arn": live["deadLetter"].arn}
        return entries

    def statements(self, spec: Sqs, place: Place, live: Mapping[str, Live], access: Access) -> tuple[Statement, ...]:
        """Read is to consume, Write to produce; Admin also purges and moves dead letters back."""
        read, write = access != "Write", access != "Read"
        actions = (*(_CONSUME if read else ()), *(_PRODUCE if write else ()), *_KNOW)
        queue = live["queue"].arn
        key = spec.kms_key_id or ""
        keys = key_use(place, "sqs", key, "kms:Decrypt", *(("kms:GenerateDataKey",) if write else ()))
        if access != "Admin":
            return (Statement(actions=actions, resources=(queue,)), *keys)
        letters = (live["deadLetter"].arn,) if spec.dead_letter is not None else ()
        administrative = Statement(actions=(*actions, "sqs:PurgeQueue", *_MOVE), resources=(queue, *letters))
        return (administrative, *keys)

    def administration(self, prefix: str, partition: str) -> tuple[Statement, ...]:
        """To make, look at, tag, change and delete queues."""
        queues = (f"arn:{partition}:sqs:*:*:{prefix}*",)
        look = ("sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:ListQueueTags", "sqs:TagQueue", "sqs:UntagQueue")
        change = ("sqs:SetQueueAttributes", "sqs:DeleteQueue")
        return (
            Statement(actions=look, resources=queues),
            Statement(actions=("sqs:CreateQueue",), resources=queues, conditions=WITH_OWNER),
            Statement(actions=change, resources=queues, conditions=OWNED),
        )

    def _queue(self, spec: Sqs, place: Place) -> Resource:
        name = _name(place, "queue", spec)
        asked = _common(spec) | {
            "access": delivery(place, "sqs:SendMessage", _arn(place, name)),
            "visibilityTimeout": _seconds(spec.visibility_timeout),
            "retention": _seconds(spec.retention),
            "delay": _seconds(spec.delay),
            "receiveWait": _seconds(spec.receive_wait),
            "maximumMessageSize": spec.maximum_message_size,
            "contentBasedDeduplication": spec.content_based_deduplication,
        }
        if spec.dead_letter is not None:
            asked["deadLetter"] = {
                "deadLetterTargetArn": _arn(place, _name(place, "deadLetter", spec)),
                "maxReceiveCount": spec.dead_letter.max_receives,
            }
        settings = _encrypted(place.declared("queue", asked, _DEFAULTS))
        return Resource(
            kind="sqs/queue",
            key="queue",
            name=name,
            arn=_arn(place, name),
            settings=settings,
            immutable=frozenset({"fifo"}),
            data=True,
        )

    def _dead_letter(self, spec: Sqs, asked: DeadLetter, place: Place) -> Resource:
        settings = _common(spec) | {"retention": _seconds(asked.retention)}
        name = _name(place, "deadLetter", spec)
        return Resource(
            kind="sqs/queue",
            key="deadLetter",
            name=name,
            arn=_arn(place, name),
            settings=_encrypted(place.declared("deadLetter", settings, {"kmsKeyID": "SSE-SQS"})),
            immutable=frozenset({"fifo"}),
            data=True,
        )


def _common(spec: Sqs) -> dict[str, Any]:
    return {"fifo": spec.fifo, "kmsKeyID": spec.kms_key_id}


def _encrypted(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Where no key is named, any will do: one that a queue had when it was taken over, or got later, stays."""
    return {**settings} if "kmsKeyID" in settings else {**settings, "encrypted": True}


def _name(place: Place, key: str, spec: Sqs) -> str:
    return place.external(key, limit=NAME_LIMIT, suffix=".fifo" if spec.fifo else "")


def _arn(place: Place, name: str) -> str:
    return place.arn("sqs", name)


def _seconds(duration: str | None) -> int | None:
    return None if duration is None else int(parse_duration(duration).total_seconds())


SERVICE = SqsService()
