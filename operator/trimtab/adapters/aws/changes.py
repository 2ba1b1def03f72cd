"""Hears of changes made in AWS by others, from a queue of SQS that EventBridge fills.

Without it drift is found by the look every ten minutes. It costs three requests a minute while nothing happens: each
waits 20 seconds for a message. Messages may come twice, late or never; they only say where to look.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

from trimtab.adapters.aws import clients, metrics
from trimtab.adapters.aws.announcements import changed
from trimtab.adapters.aws.errors import translate
from trimtab.adapters.aws.threads import Threads

logger = logging.getLogger("trimtab.aws")

WAIT = 20
"""Seconds for which SQS holds a request while there is no message; more is not allowed."""

BATCH = 10
"""Messages of one answer; more is not allowed."""

PAUSES = (1.0, 60.0)
"""Seconds after a first failure, and after many; doubled in between."""


class Changes:
    """Reads the queue with the operator's own identity, on the leader only.

    `arn` is the queue's. `on_changed` is called with the ARNs of each answer, in the event loop, before its messages
    are deleted.
    """

    def __init__(
        self,
        arn: str,
        on_changed: Callable[[frozenset[str]], None],
        *,
        wait: int = WAIT,
        make: Callable[..., Any] = clients.make,
    ) -> None:
        self._region, self._account, self._name = arn.split(":")[3:6]
        self._on_changed = on_changed
        self._wait = wait
        self._make = make
        self._threads = Threads(1, "aws-changes")
        self._client: Any = None
        self._url = ""

    async def run(self) -> None:
        """Listens until it is cancelled."""
        pause, longest = PAUSES
        while True:
            try:
                await self.hear()
                pause = PAUSES[0]
            except Exception as error:
                known = translate(error, "sqs")
                if known is None:
                    raise
                logger.warning("the queue of changes in AWS cannot be read: %s", known)
                await asyncio.sleep(pause * (0.8 + 0.4 * random.random()))  # noqa: S311 - jitter
                pause = min(pause * 2, longest)

    async def hear(self) -> None:
        """One answer of the queue, which may be empty. Raises botocore's errors."""
        messages = await self._threads.run(self._receive)
        if not messages:
            return
        arns: set[str] = set()
        for message in messages:
            arns |= self._read(str(message.get("Body", "")))
        if arns:
            self._on_changed(frozenset(arns))
        await self._threads.run(lambda: self._delete(messages))

    def close(self) -> None:
        """Begins no further request."""
        self._threads.close()

    def _read(self, body: str) -> frozenset[str]:
        try:
            arns = changed(body)
        except (ValueError, RecursionError):
            metrics.MESSAGES.labels("bad").inc()
            return frozenset()
        metrics.MESSAGES.labels("told" if arns else "ignored").inc()
        return arns

    def _receive(self) -> list[dict[str, Any]]:
        if self._client is None:
            self._client = self._make("sqs", self._region, read_seconds=WAIT + clients.READ_SECONDS, connections=1)
        if not self._url:
            found = self._client.get_queue_url(QueueName=self._name, QueueOwnerAWSAccountId=self._account)
            self._url = found["QueueUrl"]
        answer = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=self._wait)
        return list(answer.get("Messages", ()))

    def _delete(self, messages: list[dict[str, Any]]) -> None:
        entries = [{"Id": str(at), "ReceiptHandle": each["ReceiptHandle"]} for at, each in enumerate(messages)]
        self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
