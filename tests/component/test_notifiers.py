"""What each channel receives, and what it says when it does not."""

import base64
import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from prometheus_client import generate_latest
from tests.support.https import Receiver, receiver
from tests.support.kube import poll

from trimtab.adapters.aws.arns import AllowedArns
from trimtab.adapters.egress.allowlist import AllowedHost, AllowList
from trimtab.adapters.egress.client import EgressClient
from trimtab.adapters.notify import slack, teams
from trimtab.adapters.notify.channels import Channels
from trimtab.adapters.notify.incoming import IncomingWebhook
from trimtab.adapters.notify.sending import Sender
from trimtab.adapters.notify.webhook import Webhook, signature
from trimtab.ports.cluster import DeniedError
from trimtab.ports.notifier import Notice, NotifierError
from trimtab.reconcilers.courier import Courier, Delivery
from trimtab.reconcilers.queue import Key
from trimtab.shell.clock import SystemClock
from trimtab.shell.logs import JsonFormatter

MARKER = "s3cr3t-m4rk3r"
NOTICE = Notice(
    id="orders-abc-promoted",
    namespace="shop",
    release="orders",
    event="Promoted",
    title="shop/orders: 1.4.3 promoted",
    text="All traffic goes to 1.4.3 <now> & for good",
    fields={"Version": "1.4.3", "Took": "12m"},
    at="2026-01-01T00:00:00Z",
)

OLD = replace(NOTICE, at="2020-01-01T00:00:00Z")
"""It is given up after the first failure."""


class Secrets:
    """Secrets of the namespace shop."""

    def __init__(self) -> None:
        self.data: dict[str, Mapping[str, bytes]] = {}
        self.denied = False

    async def content(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        if self.denied:
            raise DeniedError(f"secrets {MARKER} is forbidden")
        return self.data.get(name) if namespace == "shop" else None


class Rig:
    def __init__(self, server: Receiver) -> None:
        self.server = server
        self.secrets = Secrets()
        entry = AllowedHost.parse(f"localhost:{server.port}=127.0.0.0/8")
        self.egress = EgressClient(AllowList([entry]), tls=server.trust)
        sender = Sender(self.egress, self.secrets)
        self.channels = Channels(
            {
                "slack": IncomingWebhook(sender, slack.message),
                "teams": IncomingWebhook(sender, teams.message),
                "webhook": Webhook(sender, now=lambda: 1767225600.0),
            }
        )

    async def deliver(self, channel: dict[str, Any], notice: Notice = NOTICE) -> Any:
        await self.channels.deliver(notice, channel)
        return json.loads(self.server.posts[-1].body)

    async def problem(self, channel: dict[str, Any], notice: Notice = NOTICE) -> NotifierError:
        with pytest.raises(NotifierError) as caught:
            await self.channels.deliver(notice, channel)
        return caught.value


@pytest_asyncio.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with receiver(tmp_path) as server:
        made = Rig(server)
        yield made
        await made.egress.close()


SLACK = {"slack": {"secretRef": {"name": "slack"}}, "events": ["Promoted"]}
TEAMS = {"teams": {"secretRef": {"name": "teams", "key": "address"}}}


async def test_slack_gets_blocks_at_the_address_in_the_secret(rig: Rig) -> None:
    rig.secrets.data["slack"] = {"url": rig.server.url(f"/services/{MARKER}").encode() + b"\n"}
    body = await rig.deliver(SLACK)
    assert rig.server.posts[0].path == f"/services/{MARKER}"
    assert body["text"] == NOTICE.title
    assert [block["type"] for block in body["blocks"]] == ["header", "section", "section"]
    assert body["blocks"][1]["text"]["text"] == "All traffic goes to 1.4.3 &lt;now&gt; &amp; for good"
    assert body["blocks"][2]["fields"][0]["text"] == "*Version*\n1.4.3"


async def test_teams_gets_a_card(rig: Rig) -> None:
    rig.secrets.data["teams"] = {"address": rig.server.url("/workflow").encode()}
    body = await rig.deliver(TEAMS)
    card = body["attachments"][0]["content"]
    assert body["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert card["body"][0]["text"] == NOTICE.title
    assert card["body"][2]["facts"] == [{"title": "Version", "value": "1.4.3"}, {"title": "Took", "value": "12m"}]


def test_text_of_users_becomes_neither_a_mention_nor_a_link() -> None:
    rude = replace(NOTICE, title="<!channel>", text="<!here> [click](https://evil.example)", fields={"a": "<@U1>"})
    assert "<" not in json.dumps(slack.message(rude)["blocks"][1:])
    assert slack.message(rude)["text"] == "&lt;!channel&gt;"
    assert "[click](" not in json.dumps(teams.message(rude))


def test_messages_stay_within_the_limits_of_their_receivers() -> None:
    large = replace(NOTICE, title="t" * 500, text="x" * 9000, fields={f"f{i}": "v" * 4000 for i in range(30)})
    header, section, fields = slack.message(large)["blocks"]
    assert len(header["text"]["text"]) == 150
    assert len(section["text"]["text"]) == 3000
    assert len(fields["fields"]) == 10
    assert all(len(each["text"]) <= 2000 for each in fields["fields"])


async def test_a_webhook_gets_the_notice_and_its_id(rig: Rig) -> None:
    body = await rig.deliver({"webhook": {"url": rig.server.url("/any")}})
    assert body["event"] == "Promoted"
    assert body["fields"] == {"Version": "1.4.3", "Took": "12m"}
    headers = rig.server.posts[0].headers
    assert headers["Idempotency-Key"] == NOTICE.id
    assert "webhook-signature" not in headers


@pytest.mark.parametrize(
    ("stored", "key"), [(b"plain key", b"plain key"), (b"whsec_" + base64.b64encode(b"raw"), b"raw")]
)
async def test_a_webhook_with_a_key_gets_a_signature_that_it_can_check(rig: Rig, stored: bytes, key: bytes) -> None:
    rig.secrets.data["hook"] = {"key": stored}
    await rig.deliver({"webhook": {"url": rig.server.url("/any"), "secretRef": {"name": "hook"}}})
    post = rig.server.posts[0]
    expected = signature(key, NOTICE.id, 1767225600, post.body)
    assert {name: post.headers[name] for name in expected} == expected


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of the specification's reference implementations."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", [301, 400, 404, 410, 413])
async def test_an_answer_that_will_not_change_is_permanent(rig: Rig, status: int) -> None:
    rig.server.status, rig.server.body = status, MARKER.encode()
    problem = await rig.problem({"webhook": {"url": rig.server.url()}})
    assert problem.permanent
    assert str(problem) == f"localhost answered {status}"


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 503])
async def test_an_answer_that_may_change_is_not(rig: Rig, status: int) -> None:
    rig.server.status, rig.server.headers = status, {"Retry-After": "17"}
    problem = await rig.problem({"webhook": {"url": rig.server.url()}})
    assert not problem.permanent
    assert problem.retry_after == 17


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "there is no Secret 'slack'"),
        ({}, "Secret 'slack' has no key 'url'"),
        ({"url": b" \n"}, "Secret 'slack' has no key 'url'"),
        ({"url": b"\xff\xfe"}, "key 'url' of Secret 'slack' is not text"),
    ],
)
async def test_a_secret_that_is_not_there_yet_is_waited_for(rig: Rig, data: Any, message: str) -> None:
    if data is not None:
        rig.secrets.data["slack"] = data
    problem = await rig.problem(SLACK)
    assert str(problem) == message
    assert not problem.permanent


async def test_only_secrets_of_the_releases_own_namespace_are_read(rig: Rig) -> None:
    rig.secrets.data["slack"] = {"url": rig.server.url().encode()}
    problem = await rig.problem(SLACK, replace(NOTICE, namespace="other"))
    assert str(problem) == "there is no Secret 'slack'"
    assert rig.server.posts == []


@pytest.mark.parametrize(
    "url",
    [
        f"https://localhost:1/{MARKER}",
        f"https://{MARKER}@localhost/x",
        f"https://[{MARKER}",
        f"not a url {MARKER}",
        MARKER,
    ],
)
async def test_what_a_secret_holds_is_in_no_message_and_no_log(
    rig: Rig, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rig.secrets.data["slack"] = {"url": url.encode()}
    problem = await rig.problem(SLACK)
    assert MARKER not in str(problem)
    assert MARKER not in caplog.text
    rig.secrets.denied = True
    assert MARKER not in str(await rig.problem(SLACK))


@pytest.mark.parametrize("status", [200, 404, 503])
async def test_a_secret_shows_nowhere_on_its_way(rig: Rig, status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Through the courier and all below it, whether the channel takes the notice or not."""
    caplog.set_level(logging.DEBUG)
    rig.server.status, rig.server.body = status, MARKER.encode()
    rig.secrets.data["slack"] = {"url": rig.server.url(f"/{MARKER}").encode()}
    key, delivery = Key("CanaryRelease", "shop", "orders"), Delivery(notice=OLD, channel_key="slack-1", channel=SLACK)
    courier = Courier(rig.channels, SystemClock(), on_settled=lambda _: None)
    courier.post(key, [delivery])

    async def settled() -> bool:
        return bool(courier.settled(key))

    await poll(settled, 60, "the delivery is settled", every=0.01)
    assert rig.server.posts[0].path == f"/{MARKER}", "the marker was in play"
    logged = "\n".join(JsonFormatter().format(record) for record in caplog.records)
    assert status == 200 or f"localhost answered {status}" in logged
    for text in (logged, repr(courier.settled(key)), generate_latest().decode()):
        assert MARKER not in text


async def test_a_signing_key_that_is_none_does_not_show(rig: Rig) -> None:
    rig.secrets.data["hook"] = {"key": f"whsec_!{MARKER}".encode()}
    problem = await rig.problem({"webhook": {"url": rig.server.url(), "secretRef": {"name": "hook"}}})
    assert MARKER not in str(problem)


async def test_a_channel_of_a_newer_operator_is_given_up(rig: Rig) -> None:
    assert (await rig.problem({"pigeon": {"loft": "north"}})).permanent


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("arn:aws:sns:eu-central-1:123456789012:other", "sns"),
        ("arn:aws:sns:eu-central-1:999999999999:releases-shop", "sns"),
        ("arn:aws:sns:eu-central-1:123456789012:releases-shop", "events"),
        ("arn:aws:iam::123456789012:role/admin", "sns"),
        ("releases-shop", "sns"),
    ],
)
def test_only_arns_of_the_list_are_notified(text: str, service: str) -> None:
    allowed = AllowedArns(["arn:aws:sns:*:123456789012:releases-*", "arn:aws:events:*:123456789012:event-bus/*"])
    with pytest.raises(NotifierError) as caught:
        allowed.admit(text, service)
    assert caught.value.permanent
    assert allowed.admit("arn:aws:sns:eu-central-1:123456789012:releases-shop", "sns").region == "eu-central-1"


def test_without_a_list_no_arn_is_notified() -> None:
    with pytest.raises(NotifierError):
        AllowedArns().admit("arn:aws:sns:eu-central-1:123456789012:releases", "sns")
