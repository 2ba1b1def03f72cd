"""HTTP/2 without TLS, frame by frame: what is sent, and how a stream ends, is up to the test."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events

Headers = list[tuple[str, str]]
_GOAWAY = 7


@dataclass(kw_only=True)
class Stream:
    """One request and its answer, as far as they have come."""

    number: int
    headers: dict[str, str] = field(default_factory=dict)
    trailers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    reset: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)


def _text(headers: Iterable[tuple[object, object]]) -> dict[str, str]:
    """They are text, as `header_encoding` says, though h2 declares them as bytes."""
    return {str(name): str(value) for name, value in headers}


class Connection(asyncio.Protocol):
    """One connection. As a server it calls `answer` for each request once its headers are there."""

    def __init__(self, answer: "Callable[[Connection, Stream], Awaitable[None]] | None" = None) -> None:
        self.answer = answer
        self.streams: dict[int, Stream] = {}
        self.farewells = 0
        self.received = b""
        self.closed = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()
        config = h2.config.H2Configuration(client_side=answer is None, header_encoding="utf-8")
        self.frames = h2.connection.H2Connection(config)

    @property
    def going_away(self) -> bool:
        """Whether the other side has asked for no further streams."""
        return self.farewells > 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.frames.initiate_connection()
        self.flush()

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed.set()
        for stream in self.streams.values():
            stream.reset = stream.reset or not stream.ended.is_set()
            stream.ended.set()

    def data_received(self, data: bytes) -> None:
        for event in self.frames.receive_data(self._without_farewell(data) if self.answer is None else data):
            self._take(event)
        self.flush()

    def _without_farewell(self, data: bytes) -> bytes:
        """Whole frames without GOAWAY, after which h2 takes no more, though streams that are open go on (RFC 9113)."""
        self.received += data
        kept = b""
        while len(self.received) >= 9 and len(self.received) >= (size := 9 + int.from_bytes(self.received[:3])):
            frame, self.received = self.received[:size], self.received[size:]
            if frame[3] == _GOAWAY:
                self.farewells += 1
            else:
                kept += frame
        return kept

    def flush(self) -> None:
        self.transport.write(self.frames.data_to_send())

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived():
                stream = self._stream(event.stream_id, _text(event.headers))
                assert self.answer is not None
                task = asyncio.ensure_future(self.answer(self, stream))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
            case h2.events.ResponseReceived():
                self.streams[event.stream_id].headers = _text(event.headers)
            case h2.events.TrailersReceived():
                self.streams[event.stream_id].trailers = _text(event.headers)
            case h2.events.DataReceived():
                self.streams[event.stream_id].body += event.data
                self.frames.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                self.streams[event.stream_id].ended.set()
            case h2.events.StreamReset():
                self.streams[event.stream_id].reset = True
                self.streams[event.stream_id].ended.set()

    def _stream(self, number: int, headers: dict[str, str]) -> Stream:
        stream = self.streams[number] = Stream(number=number, headers=headers)
        return stream

    # --- as a client

    def request(self, path: str, headers: Headers | None = None, body: bytes | None = None) -> Stream:
        """Sends a request; without a body a GET."""
        number = self.frames.get_next_available_stream_id()
        stream = self.streams[number] = Stream(number=number)
        start = [
            (":method", "GET" if body is None else "POST"),
            (":scheme", "http"),
            (":authority", "orders"),
            (":path", path),
        ]
        self.frames.send_headers(number, [*start, *(headers or [])], end_stream=body is None)
        if body is not None:
            self.frames.send_data(number, body, end_stream=True)
        self.flush()
        return stream

    def grpc(self, path: str) -> Stream:
        """Sends a unary call with an empty message."""
        return self.request(path, [("content-type", "application/grpc"), ("te", "trailers")], bytes(5))

    def reset(self, stream: Stream, code: h2.errors.ErrorCodes = h2.errors.ErrorCodes.CANCEL) -> None:
        """Cancels a stream, from either side."""
        self.frames.reset_stream(stream.number, code)
        self.flush()

    # --- as a server

    def send(self, stream: Stream, headers: Headers, *, end: bool = False) -> None:
        self.frames.send_headers(stream.number, headers, end_stream=end)
        self.flush()

    def data(self, stream: Stream, body: bytes, *, end: bool = False) -> None:
        self.frames.send_data(stream.number, body, end_stream=end)
        self.flush()


async def connect(port: int) -> Connection:
    """A client's connection."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection
