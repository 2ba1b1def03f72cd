"""How requests to AWS are spelled: which call a request is, and how an error is told in its protocol."""

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, unquote

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

READS = ("Get", "List", "Describe", "Head", "Query", "Scan", "Simulate", "BatchGet", "AssumeRole", "Decode", "Receive")
_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")

THROTTLED = {"sqs": "RequestThrottled", "s3": "SlowDown", "sns": "Throttling", "iam": "Throttling", "sts": "Throttling"}
ABSENT = {
    "sqs": "AWS.SimpleQueueService.NonExistentQueue",
    "sns": "NotFound",
    "s3": "NoSuchBucket",
    "iam": "NoSuchEntity",
    "kms": "NotFoundException",
}
"""By service; all others say ResourceNotFoundException."""


@dataclass(frozen=True, slots=True, order=True)
class Signature:
    """Names one call of a scenario: the `nth` time (from 1) that this operation of this service is called."""

    service: str
    operation: str
    nth: int

    def __str__(self) -> str:
        return f"{self.service}:{self.operation} #{self.nth}"


@dataclass(slots=True)
class Call:
    """One request. `service` is the name that signatures use, such as `secretsmanager`; `code` is the answer's."""

    service: str
    operation: str
    region: str
    method: str
    path: str
    body: bytes
    headers: "Headers"
    nth: int = 0
    code: int = 0

    @property
    def signature(self) -> Signature:
        """Its name, the same in every run of a scenario."""
        return Signature(self.service, self.operation, self.nth)

    @property
    def is_write(self) -> bool:
        """Whether it changes what AWS keeps."""
        return not self.operation.startswith(READS)

    @property
    def protocol(self) -> str:
        """`cbor`, `json`, `query` or `rest`."""
        if self.headers.get("Smithy-Protocol") == "rpc-v2-cbor":
            return "cbor"
        if "X-Amz-Target" in self.headers:
            return "json"
        return "query" if b"Action=" in self.body else "rest"

    def mentions(self, name: str) -> bool:
        """Whether a resource of this name is anywhere in the request."""
        return name in unquote(self.path) or name in unquote(self.body.decode(errors="replace"))

    def parameter(self, name: str) -> Any:
        """A parameter of the JSON and query protocols; None if absent."""
        if self.protocol == "query":
            return parse_qs(self.body.decode()).get(name, [None])[0]
        return json.loads(self.body or b"{}").get(name)

    def __str__(self) -> str:
        return f"{self.signature} -> {self.code or 'no answer'}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller gets to read."""

    code: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def call(method: str, path: str, body: bytes, headers: "Headers") -> Call:
    """The call that a request is; `path` includes the query."""
    scope = _SCOPE.search(headers.get("Authorization", ""))
    service, region = (scope["service"], scope["region"]) if scope else ("unsigned", "")
    return Call(service, _operation(service, method, path, body, headers), region, method, path, body, headers)


def _operation(service: str, method: str, path: str, body: bytes, headers: "Headers") -> str:
    if target := headers.get("X-Amz-Target"):
        return target.rpartition(".")[2]
    if "/operation/" in path:
        return path.rpartition("/")[2]
    if action := parse_qs(body.decode(errors="replace")).get("Action"):
        return action[0]
    bare, _, query = path.partition("?")
    asked = {key for key, _ in parse_qsl(query, keep_blank_values=True)}
    for verb, pattern, needed, name in _rest_operations(service):
        if verb == method and needed <= asked and pattern.fullmatch(bare.rstrip("/") or "/"):
            return name
    return f"{method} {bare}"


@cache
def _rest_operations(service: str) -> list[tuple[str, re.Pattern[str], frozenset[str], str]]:
    """(method, path, keys of the query, operation), the most particular first."""
    from botocore.exceptions import UnknownServiceError
    from botocore.session import get_session

    try:
        model = get_session().get_service_model(service)
    except UnknownServiceError:
        return []
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        bare, _, query = http["requestUri"].partition("?")
        path = re.sub(r"\\{[^}]*?\\}", "[^/]+", re.sub(r"\\{[^}/]*\\\+\\}", ".+", re.escape(bare)))
        keys = frozenset(key for key, _ in parse_qsl(query, keep_blank_values=True))
        found.append((http["method"], re.compile(path), keys, name))
    return sorted(found, key=lambda each: (-len(each[2]), each[3].startswith(("List", "Copy")), each[3]))


def error(call: Call, status: int, code: str, message: str = "injected") -> Answer:
    """An error as the call's protocol tells it. A HEAD has no body, so that only its status arrives."""
    if call.protocol == "cbor":
        return Answer(status, _cbor({"__type": code, "message": message}), {"smithy-protocol": "rpc-v2-cbor"})
    if call.protocol == "query":
        inner = f"<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
        text = f"<ErrorResponse><Error>{inner}</Error><RequestId>0</RequestId></ErrorResponse>"
        return Answer(status, text.encode(), {"Content-Type": "text/xml"})
    if call.protocol == "rest" and call.service == "s3":
        text = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>0</RequestId></Error>"
        return Answer(status, b"" if call.method == "HEAD" else text.encode(), {"Content-Type": "application/xml"})
    shape = "QueueDoesNotExist" if code == ABSENT["sqs"] else code
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": shape}
    if call.service == "sqs":  # the codes of its former protocol are told beside those of the present
        headers["x-amzn-query-error"] = f"{code};Sender"
    return Answer(status, json.dumps({"__type": shape, "message": message}).encode(), headers)


def throttled(call: Call) -> Answer:
    """Too many calls, in the service's own words."""
    code = THROTTLED.get(call.service, "ThrottlingException")
    return error(call, 503 if code == "SlowDown" else 400, code, "Rate exceeded")


def absent(call: Call) -> Answer:
    """No such resource, in the service's own words."""
    code = ABSENT.get(call.service, "ResourceNotFoundException")
    return error(call, 404 if call.service in ("sns", "s3", "iam") else 400, code, "does not exist")


def denied(call: Call) -> Answer:
    """The caller lacks a right, in the words of IAM."""
    code = "AccessDenied" if call.protocol in ("query", "rest") else "AccessDeniedException"
    who = "arn:aws:sts::123456789012:assumed-role/trimtab/session"
    return error(call, 403, code, f"User: {who} is not authorized to perform: {call.service}:{call.operation}")


def _cbor(texts: Mapping[str, str]) -> bytes:
    """A map of short texts (RFC 8949)."""
    encoded = (item.encode() for pair in texts.items() for item in pair)
    return bytes([0xA0 + len(texts)]) + b"".join(struct.pack(">BH", 0x79, len(item)) + item for item in encoded)
