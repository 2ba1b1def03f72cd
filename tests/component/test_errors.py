"""What the API server says, and what it means."""

import json

import pytest

from trimtab.adapters.kubernetes.errors import translate
from trimtab.ports.cluster import (
    ConflictError,
    DeniedError,
    InvalidError,
    KindNotServedError,
    NotFoundError,
    TerminatingError,
    ThrottledError,
    UnavailableError,
)


def status(message: str, **details: object) -> bytes:
    return json.dumps({"kind": "Status", "message": message, "details": details}).encode()


TERMINATING = [{"reason": "NamespaceTerminating", "message": "namespace shop is being terminated"}]
UID = [{"reason": "FieldValueInvalid", "field": "metadata.uid", "message": "field is immutable"}]
PORT = [{"reason": "FieldValueInvalid", "field": "spec.ports[0].port"}]


@pytest.mark.parametrize(
    ("code", "body", "expected"),
    [
        (400, status("bad"), InvalidError),
        (401, status("Unauthorized"), DeniedError),
        (403, status("forbidden: User cannot patch"), DeniedError),
        (403, status("exceeded quota: compute", name="orders", kind="services"), DeniedError),
        (403, status("unable to create new content", name="x", kind="services", causes=TERMINATING), TerminatingError),
        (404, status('configmaps "a" not found', name="a", kind="configmaps"), NotFoundError),
        (404, status('namespaces "shop" not found', name="shop", kind="namespaces"), TerminatingError),
        (404, status("the server could not find the requested resource"), KindNotServedError),
        (404, b"404 page not found\n", KindNotServedError),
        (405, status("not allowed"), KindNotServedError),
        (409, status("the object has been modified"), ConflictError),
        (413, b"too large", InvalidError),
        (422, status("invalid", name="a", kind="Service", causes=PORT), InvalidError),
        (422, status("invalid", name="a", kind="Service", causes=UID), ConflictError),
        (422, status('admission webhook "v.example" denied the request: no'), DeniedError),
        (429, status("too many"), ThrottledError),
        (500, status("etcdserver: leader changed"), UnavailableError),
        (500, status('Internal error occurred: failed calling webhook "v.example": refused'), DeniedError),
        (500, status("failed to create typed patch object (shop/orders): .spec.x: field not declared"), InvalidError),
        (503, b"<html>bad gateway</html>", UnavailableError),
        (504, status("timeout"), UnavailableError),
    ],
)
def test_each_answer_has_one_meaning(code: int, body: bytes, expected: type[Exception]) -> None:
    assert type(translate(code, body, {})) is expected


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        ({"Retry-After": "7"}, {}, 7.0),
        ({}, {"retryAfterSeconds": 3}, 3.0),
        ({}, {}, 1.0),
        ({"Retry-After": "soon"}, {}, 1.0),
    ],
)
def test_the_server_says_how_long_to_wait(headers: dict[str, str], details: dict[str, int], seconds: float) -> None:
    error = translate(429, status("too many", **details), headers)
    assert isinstance(error, ThrottledError)
    assert error.retry_after == seconds


def test_messages_are_capped_and_pages_of_proxies_are_not_quoted() -> None:
    assert len(str(translate(422, status("x" * 5000), {}))) == 512
    assert "html" not in str(translate(502, b"<html>secret</html>", {}))
