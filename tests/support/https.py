"""An HTTPS server on loopback that tests look into, with a CA of its own."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.support.markers import SEARCH


@dataclass(frozen=True, slots=True)
class Post:
    """One request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """Answers with `status`, `headers` and `body`, or never while `silent`; remembers what came in.

    `answers` are statuses by path, which go before. `authority` is a file for SSL_CERT_FILE.
    """

    port: int
    trust: ssl.SSLContext
    authority: Path
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    silent: bool = False
    answers: dict[str, int] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/hook", host: str = "localhost") -> str:
        return f"https://{host}:{self.port}{path}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        SEARCH.look("notification", "of a webhook", body)  # its address and headers may well be secret
        self.posts.append(Post(request.path, dict(request.headers), body))
        if self.silent:
            await self.over.wait()
        status = self.answers.get(request.path, self.status)
        return web.Response(status=status, headers=self.headers, body=self.body)


@asynccontextmanager
async def receiver(directory: Path, *, mutual: bool = False) -> AsyncIterator[Receiver]:
    """A server for `localhost` and 127.0.0.1 on a free port; with `mutual`, clients must show its own certificate."""
    serving, trust = _contexts(directory)
    if mutual:
        serving.verify_mode = ssl.CERT_REQUIRED
        serving.load_verify_locations(directory / "server.pem")
    holder: list[Receiver] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        return await holder[0].answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=serving)
    await site.start()
    holder.append(Receiver(runner.addresses[0][1], trust, directory / "server.pem"))
    try:
        yield holder[0]
    finally:
        holder[0].over.set()
        await runner.cleanup()


def _contexts(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    identities = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(identities), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = directory / "server.pem"
    file.write_bytes(private + pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    return serving, ssl.create_default_context(cadata=pem.decode())
