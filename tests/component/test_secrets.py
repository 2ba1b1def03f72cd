"""How often Secrets are read."""

import base64
from typing import Any

import pytest

from trimtab.adapters.kubernetes.secrets import KubernetesSecretDigests, without_values
from trimtab.ports.cluster import DeniedError, NotFoundError

SHORTEST_RESYNC = 600.0 * 0.8


class Client:
    """Answers with one Secret, or none, and counts."""

    def __init__(self, secret: dict[str, Any] | None) -> None:
        self.secret = secret
        self.denied = False
        self.reads = 0

    async def read(self, *_: Any) -> dict[str, Any]:
        self.reads += 1
        if self.denied:
            raise DeniedError("forbidden")
        if self.secret is None:
            raise NotFoundError("no such Secret")
        return self.secret


def secret(**data: str) -> dict[str, Any]:
    return {"metadata": {"name": "db", "namespace": "shop", "uid": "s"}, "data": data}


class Rig:
    def __init__(self, found: dict[str, Any] | None, draw: float = 0.0) -> None:
        self.now = 0.0
        self.client = Client(found)
        self.digests = KubernetesSecretDigests(self.client, clock=lambda: self.now, draw=lambda: draw)  # type: ignore[arg-type]

    async def ask(self) -> str | None:
        return await self.digests.digest("shop", "db")


async def test_a_secret_is_read_once_for_all_questions_between_two_resyncs() -> None:
    rig = Rig(secret(password="YQ=="))
    first = await rig.ask()
    rig.now = 300.0
    assert await rig.ask() == first
    assert rig.client.reads == 1


async def test_each_resync_notices_a_rotation() -> None:
    rig = Rig(secret(password="YQ=="))
    first = await rig.ask()
    rig.client.secret = secret(password="Yg==")
    rig.now = SHORTEST_RESYNC
    assert await rig.ask() != first


async def test_who_waits_for_a_missing_secret_looks_each_time() -> None:
    rig = Rig(None)
    assert await rig.ask() is None
    rig.now = 5.0
    rig.client.secret = secret(password="YQ==")
    assert await rig.ask() is not None


async def test_who_is_denied_does_not_ask_again_at_each_look() -> None:
    rig = Rig(secret(password="YQ=="))
    rig.client.denied = True
    for _ in range(3):
        with pytest.raises(DeniedError):
            await rig.ask()
    assert rig.client.reads == 1
    rig.client.denied = False
    rig.now = 60.0
    assert await rig.ask() is not None


async def test_a_secret_of_another_uid_has_another_digest() -> None:
    """Equal contents in two namespaces must not be recognisable as such."""
    one, other = Rig(secret(a="YQ==")), Rig({**secret(a="YQ=="), "metadata": {"uid": "t"}})
    assert await one.ask() != await other.ask()


def test_no_message_about_a_secret_shows_what_is_in_it() -> None:
    data = {"uri": base64.b64encode(b"amqp://user:hunter2@mq").decode(), "n": base64.b64encode(b"1").decode()}
    quoted = f"denied: {data['uri']} and amqp://user:hunter2@mq, 1 time"
    assert without_values(quoted, {"data": data}) == "denied: *** and ***, 1 time"
