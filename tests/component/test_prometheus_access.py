"""How the operator gets into a Prometheus that does not let everybody in, and that nothing it knows gets out."""

import base64
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as AwsCredentials
from prometheus_client import generate_latest
from tests.support.https import Receiver, receiver

from trimtab.adapters.aws.signing import Signer
from trimtab.adapters.prometheus.access import Basic, Bearer, Certificates, Credentials
from trimtab.adapters.prometheus.answers import QueryError
from trimtab.adapters.prometheus.client import PrometheusClient
from trimtab.shell.prometheus import Signed

MARKER = "s3cr3t-m4rk3r"
BODY = b'{"status":"success","data":{"resultType":"matrix","result":[]}}'


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Receiver]:
    async with receiver(tmp_path) as made:
        made.body = BODY
        yield made


@asynccontextmanager
async def client(
    server: Receiver, credentials: Credentials | None = None, *, certificate: Path | None = None
) -> AsyncIterator[PrometheusClient]:
    certificates = Certificates(authority=server.authority, certificate=certificate, key=certificate)
    made = PrometheusClient(server.url("/prom"), certificates=certificates, credentials=credentials)
    try:
        yield made
    finally:
        await made.close()


def authorization(server: Receiver) -> str | None:
    return server.posts[-1].headers.get("Authorization")


async def test_nobody_is_told_anything_unless_it_is_set(server: Receiver) -> None:
    async with client(server) as asking:
        await asking.matrix("up[1s]")
    assert server.posts[-1].path == "/prom/api/v1/query"
    assert authorization(server) is None


async def test_a_server_that_nobody_vouches_for_is_not_asked(server: Receiver) -> None:
    asking = PrometheusClient(server.url("/prom"))
    with pytest.raises(QueryError, match="cannot be reached"):
        await asking.matrix("up[1s]")
    await asking.close()
    assert not server.posts


async def test_a_token_is_read_again_when_it_was_renewed(server: Receiver, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    async with client(server, Bearer(token)) as asking:
        await asking.matrix("up[1s]")
        assert authorization(server) == "Bearer first"
        renewed = tmp_path / "renewed"
        renewed.write_text("second\n")
        renewed.replace(token)
        await asking.matrix("up[1s]")
        assert authorization(server) == "Bearer second"


async def test_a_password(server: Receiver, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("pass:word\n")
    async with client(server, Basic("trimtab", tmp_path / "password")) as asking:
        await asking.matrix("up[1s]")
    assert authorization(server) == "Basic " + base64.b64encode(b"trimtab:pass:word").decode()


@pytest.mark.parametrize("content", [None, "", "two\nlines", "\x00"])
async def test_without_its_secret_nothing_is_asked(server: Receiver, tmp_path: Path, content: str | None) -> None:
    token = tmp_path / "token"
    if content is not None:
        token.write_text(content)
    async with client(server, Bearer(token)) as asking:
        with pytest.raises(QueryError, match=str(token)) as raised:
            await asking.matrix("up[1s]")
    assert raised.value.result == "credentials"
    assert not server.posts


async def test_a_certificate_of_our_own_is_shown(tmp_path: Path) -> None:
    async with receiver(tmp_path, mutual=True) as server:
        server.body = BODY
        async with client(server) as asking:
            with pytest.raises(QueryError, match="cannot be reached"):
                await asking.matrix("up[1s]")
        async with client(server, certificate=server.authority) as asking:
            await asking.matrix("up[1s]")
    assert len(server.posts) == 1


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_certificates_that_are_none_are_named(server: Receiver, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "tls.crt"
    if content is not None:
        file.write_text(content)
    async with client(server, certificate=file) as asking:
        with pytest.raises(QueryError, match=str(file)):
            await asking.matrix("up[1s]")


async def test_certificates_are_read_again_when_they_were_renewed(server: Receiver, tmp_path: Path) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text("not yet")
    asking = PrometheusClient(server.url(), certificates=Certificates(authority=authority))
    with pytest.raises(QueryError, match=str(authority)):
        await asking.matrix("up[1s]")
    authority.write_bytes(server.authority.read_bytes())
    await asking.matrix("up[1s]")
    await asking.close()


async def test_amazon_checks_the_signature(server: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature is made anew from what arrived, as AWS does."""
    for name, value in (("ACCESS_KEY_ID", "AKIDEXAMPLE"), ("SECRET_ACCESS_KEY", MARKER), ("SESSION_TOKEN", "session")):
        monkeypatch.setenv(f"AWS_{name}", value)
    async with client(server, Signed(Signer("aps", "eu-central-1"))) as asking:
        await asking.matrix('up{job="a b"}[1s]')
    post = server.posts[-1]
    signed = SigV4Auth(AwsCredentials("AKIDEXAMPLE", MARKER, "session"), "aps", "eu-central-1")
    request = AWSRequest(method="POST", url=f"https://{post.headers['Host']}{post.path}", data=post.body)
    request.headers["X-Amz-Date"] = request.context["timestamp"] = post.headers["X-Amz-Date"]
    request.headers["X-Amz-Security-Token"] = post.headers["X-Amz-Security-Token"]
    canonical = signed.canonical_request(request)
    wanted = signed.signature(signed.string_to_sign(request, canonical), request)
    assert f"Signature={wanted}" in str(authorization(server))
    assert "/eu-central-1/aps/aws4_request" in str(authorization(server))


async def test_without_an_identity_of_aws_nothing_is_asked(
    server: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    async with client(server, Signed(Signer("aps", "eu-central-1"))) as asking:
        with pytest.raises(QueryError, match="NoCredentials"):
            await asking.matrix("up[1s]")
    assert not server.posts


@pytest.mark.parametrize("status", [200, 302, 401, 500])
async def test_no_secret_is_told_to_anybody_else(
    server: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "password").write_text(MARKER)
    server.status, server.body = status, b"{}"
    server.headers = {"Location": server.url("/elsewhere")} if status == 302 else {}
    async with client(server, Basic("trimtab", tmp_path / "password")) as asking:
        with pytest.raises(QueryError) as raised:
            await asking.matrix("up[1s]")
    encoded = base64.b64encode(f"trimtab:{MARKER}".encode()).decode()
    for told in (str(raised.value), caplog.text, generate_latest().decode()):
        assert MARKER not in told
        assert encoded not in told
    assert [post.path for post in server.posts] == ["/prom/api/v1/query"]
