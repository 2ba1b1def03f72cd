"""What the operator calls on behalf of users, and what it never calls."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.support.https import Receiver, receiver

from trimtab.adapters.egress.addresses import refusal
from trimtab.adapters.egress.allowlist import AllowedHost, AllowList, RefusedError
from trimtab.adapters.egress.client import SECONDS, EgressClient, UnreachableError
from trimtab.adapters.gates.webhook import WebhookGates

LOOPBACK = "127.0.0.0/8"
MARKER = "s3cr3t-m4rk3r"


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Receiver]:
    async with receiver(tmp_path) as running:
        yield running


@pytest_asyncio.fixture
async def open_client(server: Receiver) -> AsyncIterator[EgressClient]:
    async with client_for(server, f"localhost:{server.port}={LOOPBACK}") as made:
        yield made


class client_for:  # noqa: N801 - reads as a context
    """A client that trusts the server's CA and may call what `entries` allow."""

    def __init__(self, server: Receiver, *entries: str) -> None:
        hosts = AllowList(AllowedHost.parse(entry) for entry in entries)
        self.client = EgressClient(hosts, tls=server.trust)

    async def __aenter__(self) -> EgressClient:
        return self.client

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()


def resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Lets every name lead to these addresses; returns the names that were asked for."""
    asked: list[str] = []

    def answer(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in each], socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


async def test_an_allowed_host_is_called(server: Receiver, open_client: EgressClient) -> None:
    reply = await open_client.post(server.url("/gate"), b"{}", {"X-Own": "1"})
    assert reply.accepted
    assert [(post.path, post.body, post.headers["X-Own"]) for post in server.posts] == [("/gate", b"{}", "1")]


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("other.example", "https://localhost:{port}/"),
        ("localhost", "https://localhost:{port}/"),
        ("localhost:{port}=127.0.0.0/8", "http://localhost:{port}/"),
        ("localhost:{port}=127.0.0.0/8", "https://localhost.evil.example:{port}/"),
        ("localhost:{port}=127.0.0.0/8", "https://evil.example:{port}@127.0.0.1:{port}/"),
        ("localhost:{port}=127.0.0.0/8", "https://user:pass@localhost:{port}/"),
        ("localhost:{port}=127.0.0.0/8", "https://127.0.0.1:{port}/"),
        ("localhost:{port}=127.0.0.0/8", "https://2130706433:{port}/"),
        ("localhost:{port}=127.0.0.0/8", "ftp://localhost:{port}/"),
        ("localhost:{port}=127.0.0.0/8", "file:///etc/passwd"),
        ("localhost:{port}=127.0.0.0/8", "https://[::1/"),
        ("localhost:{port}=127.0.0.0/8", "https://localhost:{port}/" + "a" * 2048),
    ],
)
async def test_what_the_list_does_not_name_is_not_called(server: Receiver, entry: str, url: str) -> None:
    async with client_for(server, entry.format(port=server.port)) as client:
        with pytest.raises(RefusedError):
            await client.post(url.format(port=server.port), b"{}", {})
    assert server.posts == []


async def test_an_empty_list_allows_nothing(server: Receiver) -> None:
    async with client_for(server) as client:
        with pytest.raises(RefusedError, match="not among the hosts"):
            await client.post(server.url(), b"{}", {})


async def test_a_listed_host_that_leads_to_loopback_is_refused_unless_the_entry_opens_it(server: Receiver) -> None:
    async with client_for(server, f"localhost:{server.port}") as client:
        with pytest.raises(RefusedError, match="localhost leads to a loopback address"):
            await client.post(server.url(), b"{}", {})
    assert server.posts == []


async def test_an_address_in_the_url_is_judged_like_a_resolved_one(server: Receiver) -> None:
    async with client_for(server, f"127.0.0.1:{server.port}") as client:
        with pytest.raises(RefusedError, match=r"127\.0\.0\.1 is a loopback address"):
            await client.post(server.url(host="127.0.0.1"), b"{}", {})
    async with client_for(server, f"127.0.0.1:{server.port}={LOOPBACK}") as client:
        assert (await client.post(server.url(host="127.0.0.1"), b"{}", {})).accepted


async def test_the_checked_address_is_the_one_that_is_connected_to(
    server: Receiver, open_client: EgressClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look-up could be answered differently (DNS rebinding): there is none."""
    asked = resolving_to(monkeypatch, "127.0.0.1")
    assert (await open_client.post(server.url(), b"{}", {})).accepted
    assert asked == ["localhost"]


async def test_one_forbidden_address_condemns_the_host(server: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving_to(monkeypatch, "127.0.0.1", "169.254.169.254")
    async with client_for(server, f"localhost:{server.port}={LOOPBACK}") as client:
        with pytest.raises(RefusedError, match="link-local"):
            await client.post(server.url(), b"{}", {})
    assert server.posts == []


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("169.254.170.23", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("::ffff:169.254.169.254", "link-local"),
        ("64:ff9b::a9fe:a9fe", "link-local"),
        ("2002:a9fe:a9fe::1", "link-local"),
        ("fd00:ec2::254", "link-local"),
        ("fd00:ec2::23", "link-local"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("0.0.0.0", "unspecified"),
        ("::", "unspecified"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "private"),
        ("198.18.0.1", "private"),
        ("255.255.255.255", "private"),
        ("fc00::1", "private"),
        ("64:ff9b::a00:1", "private"),
    ],
)
def test_each_class_of_addresses_is_refused(address: str, reason: str) -> None:
    assert refusal(address) == reason


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34"])
def test_public_addresses_are_connected_to(address: str) -> None:
    assert refusal(address) == ""


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "224.0.0.1", "0.0.0.0", "::"])
def test_no_entry_opens_metadata_and_credential_endpoints(address: str) -> None:
    hosts = AllowList([AllowedHost.parse("any.example=0.0.0.0/0+::/0")])
    assert refusal(address, hosts.networks("any.example", 443))


def test_an_entry_opens_the_networks_that_it_names_and_no_other() -> None:
    opened = AllowList([AllowedHost.parse("gate.infra.svc=10.96.0.0/12")]).networks("gate.infra.svc", 443)
    assert refusal("10.97.3.4", opened) == ""
    assert refusal("10.1.3.4", opened) == "private"
    assert refusal("192.168.1.1", opened) == "private"


async def test_a_redirect_is_an_answer_and_is_not_followed(server: Receiver, open_client: EgressClient) -> None:
    server.status, server.headers = 307, {"Location": server.url("/elsewhere")}
    reply = await open_client.post(server.url(), b"{}", {})
    assert (reply.status, reply.accepted) == (307, False)
    assert [post.path for post in server.posts] == ["/hook"]


async def test_a_server_that_is_silent_costs_no_more_than_the_time_given(
    server: Receiver, open_client: EgressClient
) -> None:
    server.silent = True
    passed: list[float] = []
    clock = asyncio.create_task(_tick(passed, 0.1))
    with pytest.raises(UnreachableError, match=r"localhost did not answer within 0\.3 s"):
        await open_client.post(server.url(), b"{}", {}, seconds=0.3)
    clock.cancel()
    assert sum(passed) < SECONDS - 1, "what is given counts, not what is usual"


async def _tick(passed: list[float], every: float) -> None:
    """Counts the seconds in which the machine ran, and not those in which it stood still."""
    while True:
        await asyncio.sleep(every)
        passed.append(every)


async def test_a_body_without_end_is_not_read(server: Receiver, open_client: EgressClient) -> None:
    server.body = b"x" * (8 << 20)
    assert (await open_client.post(server.url(), b"{}", {})).accepted


async def test_a_certificate_of_nobody_known_is_no_answer(server: Receiver) -> None:
    client = EgressClient(AllowList([AllowedHost.parse(f"localhost:{server.port}={LOOPBACK}")]))
    with pytest.raises(UnreachableError, match="no certificate that the operator trusts"):
        await client.post(server.url(), b"{}", {})
    await client.close()
    assert server.posts == []


async def test_cookies_are_not_kept(server: Receiver, open_client: EgressClient) -> None:
    server.headers = {"Set-Cookie": "session=1"}
    await open_client.post(server.url(), b"{}", {})
    await open_client.post(server.url(), b"{}", {})
    assert all("Cookie" not in post.headers for post in server.posts)


async def test_proxies_of_the_environment_are_not_used(
    server: Receiver, open_client: EgressClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert (await open_client.post(server.url(), b"{}", {})).accepted


@pytest.mark.parametrize("status", [301, 404, 503])
async def test_no_error_tells_more_than_the_host(server: Receiver, open_client: EgressClient, status: int) -> None:
    server.status, server.body = status, MARKER.encode()
    answer = await WebhookGates(open_client).ask(server.url(f"/{MARKER}?token={MARKER}"), {})
    assert not answer.open
    assert answer.message == f"localhost answered {status}"


@pytest.mark.parametrize(
    "url", ["https://localhost:1/{marker}", "https://elsewhere.example/{marker}", "https://[{marker}"]
)
async def test_a_failure_does_not_quote_the_url(server: Receiver, url: str) -> None:
    async with client_for(server, f"localhost:1={LOOPBACK}") as client:
        answer = await WebhookGates(client).ask(url.format(marker=MARKER), {})
    assert not answer.open
    assert answer.message
    assert MARKER not in answer.message


async def test_a_gate_is_open_on_any_2xx_and_gets_the_question(server: Receiver, open_client: EgressClient) -> None:
    server.status = 204
    answer = await WebhookGates(open_client).ask(server.url(), {"release": "orders", "step": 1})
    assert answer.open
    assert server.posts[0].body == b'{"release":"orders","step":1}'
    assert server.posts[0].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "entry",
    ["", "*", "*.example", "https://", "a b", "h.example:0", "h.example:99999", "h.example=10.0.0.0/99", "h/path"],
)
def test_an_entry_that_is_none_is_refused_with_the_remedy(entry: str) -> None:
    with pytest.raises(ValueError, match=r"hooks\.example"):
        AllowedHost.parse(entry)
