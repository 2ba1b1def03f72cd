"""The service behind the proxy: a path says how it behaves."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from h2.errors import ErrorCodes
from tests.integration.proxy.http2 import Connection, Headers, Stream

OK: Headers = [(":status", "200"), ("content-type", "application/grpc")]


class Upstream:
    """Listens on loopback and speaks HTTP/1.1, HTTP/2, gRPC, or as TCP gives back each byte.

    `/slow` answers after `release` is set; `running` counts requests that were begun and not ended, `most` their
    highest number; `seen` are the paths and headers that came.
    """

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol
        self.release = asyncio.Event()
        self.running = 0
        self.most = 0
        self.seen: list[dict[str, str]] = []

    async def __aenter__(self) -> "Upstream":
        loop = asyncio.get_running_loop()
        if self.protocol in ("HTTP2", "GRPC"):
            self.server: asyncio.Server = await loop.create_server(lambda: Connection(self._stream), "127.0.0.1", 0)
        else:
            talk = self._echo if self.protocol == "TCP" else self._http
            self.server = await asyncio.start_server(talk, "127.0.0.1", 0)
        self.port: int = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.release.set()
        self.server.close()

    async def _counted(self, headers: dict[str, str], answer: Callable[[], Awaitable[None]]) -> None:
        self.seen.append(headers)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            if headers[":path"].startswith("/slow"):
                await self.release.wait()
            await answer()
        finally:
            self.running -= 1

    # --- HTTP/2 and gRPC

    async def _stream(self, connection: Connection, stream: Stream) -> None:
        await self._counted(stream.headers, lambda: self._answer(connection, stream))

    async def _answer(self, connection: Connection, stream: Stream) -> None:
        if stream.reset or connection.closed.is_set():
            return
        kind, _, argument = stream.headers[":path"].lstrip("/").partition("/")
        match kind:
            case "status":  # a gRPC status in trailers, after a message
                connection.send(stream, OK)
                connection.data(stream, bytes(5))
                connection.send(stream, [("grpc-status", argument)], end=True)
            case "only":  # "trailers only": a gRPC status in the headers
                connection.send(stream, [*OK, ("grpc-status", argument)], end=True)
            case "cut":  # begun, and broken off
                connection.send(stream, OK)
                connection.data(stream, bytes(5))
                await asyncio.sleep(0)
                connection.reset(stream)
            case "refuse":
                connection.reset(stream, ErrorCodes.REFUSED_STREAM)
            case "http":
                connection.send(stream, [(":status", argument)], end=True)
            case _:
                connection.send(stream, OK)
                connection.data(stream, b"ok")
                connection.send(stream, [("grpc-status", "0")], end=True)

    # --- HTTP/1.1

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                headers[":path"] = lines[0].split(" ")[1]
                await reader.readexactly(int(headers.get("content-length", 0)))
                await self._counted(headers, partial(self._respond, headers[":path"], writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _respond(self, path: str, writer: asyncio.StreamWriter) -> None:
        kind, _, argument = path.lstrip("/").partition("/")
        match kind:
            case "http":
                writer.write(f"HTTP/1.1 {argument} X\r\ncontent-length: 0\r\n\r\n".encode())
            case "cut":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
                await writer.drain()
                writer.close()
            case "drop":
                writer.close()
            case _:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nserver: mine\r\n\r\nok")
        await writer.drain()

    async def _echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()
