"""Gates, channels and verbs of a release, with the operator as a process and an HTTPS server that it may call."""

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.support.cli import start, trimtab
from tests.support.https import Receiver, receiver
from tests.support.kube import Kube, Object, namespace, poll
from tests.support.markers import secret
from tests.support.operator import ANSWERS, Operator, running

from trimtab.adapters.notify.webhook import signature

API = "trimtab.dev/v1alpha1"
KEY = secret("key-of-a-webhook")
EVENTS = ["Started", "AwaitingApproval", "Promoted", "Aborted", "Superseded", "Reverted"]


class Release:
    """A worker `orders` and its CanaryRelease, one step of an hour behind a gate."""

    def __init__(self, kube: Kube, space: str, server: Receiver, operator: Operator) -> None:
        self.kube = kube
        self.space = space
        self.server = server
        self.operator = operator

    async def apply(self, image: str) -> None:
        shutdown = {"drain": "2s", "grace": "7s"}
        spec = {"image": f"registry.example/orders:{image}", "replicas": 2, "ports": [], "shutdown": shutdown}
        await self.kube.apply(self.manifest("Microservice", spec))

    async def apply_policy(self) -> None:
        hook = {"url": self.server.url("/hook"), "secretRef": {"name": "hook"}}
        spec = {
            "targets": [{"name": "orders"}],
            "strategy": {"canary": {"steps": [{"weight": "50%", "bake": "1h"}]}},
            "kpis": [{"name": "pods", "pods": {}}],
            "gates": [{"name": "smoke", "webhook": {"url": self.server.url("/gate"), "phase": "BeforeRelease"}}],
            "analysis": {"interval": "5s"},
            "notify": [
                {"webhook": hook, "events": EVENTS},
                {"slack": {"secretRef": {"name": "slack"}}, "events": EVENTS},
                {"webhook": {"url": "https://elsewhere.example/never"}, "events": EVENTS},
            ],
        }
        await self.kube.apply(self.manifest("CanaryRelease", spec))

    async def secret(self, name: str, **data: str) -> None:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        metadata = {"name": name, "namespace": self.space}
        await self.kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded})

    def manifest(self, kind: str, spec: Any) -> Object:
        return {"apiVersion": API, "kind": kind, "metadata": {"name": "orders", "namespace": self.space}, "spec": spec}

    async def status(self) -> Object:
        found: Object = ((await self.kube.get("CanaryRelease", self.space, "orders")) or {}).get("status", {})
        return found

    async def reason(self, reason: str, seconds: float = 240) -> Object:
        async def reached() -> Object | None:
            status = await self.status()
            ready: Object = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), {})
            return status if ready.get("reason") == reason else None

        return await poll(reached, seconds, f"the release is {reason}")

    async def told(self, path: str, event: str) -> Any:
        """The notice of that event, as it arrived at `path`."""

        async def arrived() -> Any:
            return next((post for post in self.server.posts if post.path == path and event in post.body.decode()), None)

        return await poll(arrived, 300, f"{path} is told of {event}")


@pytest_asyncio.fixture(scope="module")
async def release(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Release]:
    directory: Path = tmp_path_factory.mktemp("outbound")
    async with receiver(directory) as server, namespace(kube, f"out-{uuid.uuid4().hex[:8]}") as space:
        env = {
            "TRIMTAB_NAMESPACES": space,
            "TRIMTAB_LEASE_NAMESPACE": space,
            "TRIMTAB_LOG_LEVEL": "debug",
            "TRIMTAB_WEBHOOK_HOSTS": f"localhost:{server.port}=127.0.0.0/8",
            "SSL_CERT_FILE": str(server.authority),
        }
        async with running(directory / "log", env=env) as operator:
            made = Release(kube, space, server, operator)
            await made.secret("hook", key=f"whsec_{base64.b64encode(KEY.encode()).decode()}")
            await made.apply("1")
            await made.apply_policy()
            await made.reason("Idle")
            yield made


async def test_a_release_asks_tells_obeys_and_comes_back(release: Release) -> None:
    """One story: a closed gate, the people's verbs, an abort; each told to a channel, while others fail."""
    server = release.server
    server.answers["/gate"] = 409
    await release.apply("2")
    await release.reason("GateClosed")
    question = json.loads((await release.told("/gate", "BeforeRelease")).body)
    assert (question["release"], question["gate"], question["phase"]) == ("orders", "smoke", "BeforeRelease")
    assert question["targets"][0]["name"] == "orders"

    server.answers["/gate"] = 204
    await release.reason("Progressing")
    await check_signed(await release.told("/hook", "Started"))

    watching = await start("release", "watch", "orders", "-n", release.space)
    await verbs(release)
    code, output = await trimtab("release", "abort", "orders", "-n", release.space)
    assert (code, output) == (0, "traffic returns to stable\n")
    assert await asyncio.wait_for(watching.wait(), 180) == 3
    await release.told("/hook", "Aborted")

    address = f"/{secret('address-of-slack')}"
    await release.secret("slack", url=server.url(address))
    await release.told(address, "Aborted")
    code, output = await trimtab("release", "history", "orders", "-n", release.space)
    assert output.startswith("Aborted"), output
    await all_are_told_or_given_up(release)


async def check_signed(post: Any) -> None:
    expected = signature(KEY.encode(), post.headers["webhook-id"], int(post.headers["webhook-timestamp"]), post.body)
    assert post.headers["webhook-signature"] == expected["webhook-signature"]
    assert post.headers["Idempotency-Key"] == json.loads(post.body)["id"]


async def verbs(release: Release) -> None:
    """What people may say, and what they are told."""
    for command, words, status in (
        (("promote",), "NothingToPromote", 4),
        (("resume",), "not paused", 4),
        (("pause",), "paused", 0),
        (("resume",), "goes on", 0),
    ):
        code, output = await trimtab("release", *command, "orders", "-n", release.space)
        assert code == status, output
        assert words in output
    stale = {"metadata": {"annotations": {"trimtab.dev/release": "abort/anotherone/1"}}}
    await release.kube.patch("CanaryRelease", release.space, "orders", stale)

    async def refused() -> bool:
        verb = (await release.status()).get("verb", {})
        return bool(verb.get("value") == "abort/anotherone/1" and verb["result"] == "Refused")

    await poll(refused, 120, "a verb about another release is refused")


async def all_are_told_or_given_up(release: Release) -> None:
    """A channel that cannot be told is given up with an Event."""

    async def given_up() -> Object | None:
        events = (await release.kube.list("Event", release.space))["items"]
        return next((each for each in events if each["reason"] == "NotificationFailed"), None)

    event = await poll(given_up, 300, "an Event names the channel that cannot be told")
    assert "elsewhere.example" in event["note"]

    async def nothing_is_pending() -> bool:
        return not (await release.status()).get("notices")

    await poll(nothing_is_pending, 300, "all notices have been taken out of the status")
    metrics = (await release.operator.get("/metrics", ANSWERS))[1]
    assert 'trimtab_notifications_total{channel="slack",result="failed"}' in metrics
