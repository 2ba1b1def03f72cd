"""An emulator of AWS (moto) in this process, and proxies in front of it that can do what networks and AWS do.

A `Proxy` is what one life of an operator calls: it names each call by a signature (`aws_wire.Signature`), keeps all of
them in order, and asks its faults (`aws_faults`) about each. Tests themselves call the emulator directly.
"""

import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from threading import Lock, Thread
from typing import Any
from unittest import mock
from urllib.parse import unquote_to_bytes

from tests.support.aws_wire import Answer, Call, call
from tests.support.markers import SEARCH, secret
from tests.support.moto_corrections import correct
from tests.support.moto_secrets import mark

ACCOUNT = "123456789012"
REGION = "eu-central-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": secret("of-aws"),
    "AWS_DEFAULT_REGION": REGION,
}

Proceed = Callable[[], Answer]
Fault = Callable[[Call, Proceed], Answer | None]
"""Looks at a call: None = not concerned. It may let the call proceed, answer itself, or raise Cut. Runs in a thread."""


class Cut(Exception):  # noqa: N818 - it is what happens, not an error of ours
    """The connection breaks without an answer."""


class Proxy:
    """One caller's way to AWS, as a WSGI application. `faults` are asked in turn; a `dead` one cuts everything."""

    def __init__(self, emulator: Any, host: str) -> None:
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.dead = False
        self.url = ""
        self._emulator = emulator
        self._host = host
        self._seen: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    @property
    def env(self) -> dict[str, str]:
        """What makes boto3 in another process (or this one) call the emulator through this proxy."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.url}

    @property
    def writes(self) -> list[Call]:
        """The calls that change something, whatever became of them."""
        return [each for each in self.calls if each.is_write]

    def count(self, operation: str) -> int:
        """How often an operation was called, such as `CreateQueue`."""
        return sum(each.operation == operation for each in self.calls)

    def forget(self) -> None:
        """Begins a new list of calls, and counts them from 1 again."""
        with self._lock:
            self.calls.clear()
            self._seen.clear()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        from werkzeug.datastructures import EnvironHeaders
        from werkzeug.wsgi import get_input_stream

        body = get_input_stream(environ).read()
        asked = call(environ["REQUEST_METHOD"], environ["REQUEST_URI"], body, EnvironHeaders(environ))
        with self._lock:
            self._seen[asked.service, asked.operation] += 1
            asked.nth = self._seen[asked.service, asked.operation]
            self.calls.append(asked)
        if asked.service != "secretsmanager":
            SEARCH.look("aws", f"{asked.service}:{asked.operation}", unquote_to_bytes(asked.path) + asked.body)
        try:
            answer = self._answer(asked, lambda: self._forward(environ, asked))
        except Cut:
            with suppress(OSError):
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError from None
        asked.code = answer.code
        start_response(f"{answer.code} -", list(answer.headers.items()))
        return [answer.body]

    def _answer(self, asked: Call, proceed: Proceed) -> Answer:
        if self.dead:
            raise Cut
        for fault in list(self.faults):
            answer = fault(asked, proceed)
            if answer is not None:
                return answer
        return proceed()

    def _forward(self, environ: dict[str, Any], asked: Call) -> Answer:
        from werkzeug.test import run_wsgi_app

        request = {**environ, "wsgi.input": BytesIO(asked.body), "CONTENT_LENGTH": str(len(asked.body))}
        request["HTTP_HOST"] = self._host  # URLs of queues are made of it, and outlive this proxy
        request.pop("wsgi.input_terminated", None)
        parts, status, headers = run_wsgi_app(self._emulator, request, buffered=True)
        return Answer(int(status.split()[0]), b"".join(parts), dict(headers))


class Aws:
    """The emulator. `url` is its own address, free of faults; `proxy()` gives a way to it with faults."""

    def __init__(self, emulator: Any, host: str, url: str) -> None:
        self.url = url
        self._emulator = emulator
        self._host = host
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str = REGION) -> Any:
        """A client of boto3 for the tests themselves, past all faults."""
        import boto3

        if (service, region) not in self._clients:
            self._clients[service, region] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id="test",
                aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            )
        return self._clients[service, region]

    @contextmanager
    def proxy(self) -> Iterator[Proxy]:
        """One life of an operator: a port of its own, so that no call of an earlier life is taken for one of this."""
        proxy = Proxy(self._emulator, self.url.partition("//")[2])
        with _serving(proxy, self._host) as url:
            proxy.url = url
            yield proxy

    def reset(self) -> None:
        """Forgets all resources, roles and sessions, of all accounts and regions."""
        from moto.core.base_backend import BackendDict
        from moto.core.model_instances import reset_model_data

        BackendDict.reset()
        reset_model_data()

    @contextmanager
    def pages_of(self, size: int) -> Iterator[None]:
        """Lists end after `size` items with a token for more (topics' subscriptions, tagged resources)."""
        from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend as Tagging

        whole = Tagging.get_resources

        def page(self: Any, pagination_token: Any = None, resources_per_page: int = 50, *rest: Any, **more: Any) -> Any:
            return whole(self, pagination_token, min(size, resources_per_page), *rest, **more)

        with mock.patch.object(Tagging, "get_resources", page), mock.patch("moto.sns.models.DEFAULT_PAGE_SIZE", size):
            yield


@contextmanager
def emulated(host: str = "127.0.0.1") -> Iterator[Aws]:
    """The emulator, served on `host` (0.0.0.0: for pods too)."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    correct()
    mark()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")
    emulator = DomainDispatcherApplication(create_backend_app)
    with _serving(emulator, host) as url:
        yield Aws(emulator, host, url)


@contextmanager
def _serving(app: Any, host: str) -> Iterator[str]:
    """Serves a WSGI application in a thread per connection."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    server = make_server(host, 0, app, threaded=True, request_handler=MotoRequestHandler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
