"""From an answer of the API server to the errors of the port. The only place that knows the server's wordings."""

import json
from collections.abc import Mapping
from typing import Any

from trimtab.ports.cluster import (
    ClusterError,
    ConflictError,
    DeniedError,
    InvalidError,
    KindNotServedError,
    NotFoundError,
    TerminatingError,
    ThrottledError,
    UnavailableError,
)

MAX_MESSAGE = 512
DEFAULT_RETRY_AFTER = 1.0

UNTYPED = "failed to create typed patch object"
"""Server-side apply of a wrong type or an unknown field is a 500 (https://github.com/kubernetes/kubernetes/issues/139253)."""


def translate(code: int, body: bytes, headers: Mapping[str, str]) -> ClusterError:
    """The error for an answer with an HTTP status of 400 or more.

    `body` is a Status object (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/) unless
    something before the API server answered.
    """
    status = _status(body)
    message = str(status.get("message") or f"HTTP {code} without a reason")[:MAX_MESSAGE]
    details = status.get("details") or {}
    if code == 429:
        return ThrottledError(message, _retry_after(headers, details))
    if _by_admission(message):
        return DeniedError(message)
    if code == 404:
        return _not_found(details, message)
    if code == 409 or _uid_differs(details):
        return ConflictError(message)
    if code in (401, 403):
        return TerminatingError(message) if _terminating(details) else DeniedError(message)
    if code == 405:
        return KindNotServedError(message)
    if code < 500 or message.startswith(UNTYPED):
        return InvalidError(message)
    return UnavailableError(message)


def _status(body: bytes) -> Mapping[str, Any]:
    try:
        status = json.loads(body)
    except ValueError:
        return {}
    return status if isinstance(status, dict) and status.get("kind") == "Status" else {}


def _not_found(details: Mapping[str, Any], message: str) -> ClusterError:
    """404 has three meanings: no such object, no such namespace (any more), no such API."""
    if details.get("kind") == "namespaces":
        return TerminatingError(message)
    if not details.get("name"):
        return KindNotServedError(message)
    return NotFoundError(message)


def _terminating(details: Mapping[str, Any]) -> bool:
    return any(cause.get("reason") == "NamespaceTerminating" for cause in details.get("causes") or ())


def _uid_differs(details: Mapping[str, Any]) -> bool:
    """Server-side apply with the UID of an object that was replaced is a 422 about an immutable field, not a 409."""
    causes = details.get("causes") or ()
    return bool(causes) and all(cause.get("field") == "metadata.uid" for cause in causes)


def _by_admission(message: str) -> bool:
    """A webhook denies with a code of its author's choice, a ValidatingAdmissionPolicy with 422 unless told otherwise.

    A webhook that is down makes a 500. Users must know all of them, and whoever denies may change their mind.
    """
    webhook = message.startswith("admission webhook ") or "failed calling webhook" in message
    return webhook or "ValidatingAdmissionPolicy " in message


def _retry_after(headers: Mapping[str, str], details: Mapping[str, Any]) -> float:
    for value in (headers.get("Retry-After"), details.get("retryAfterSeconds")):
        try:
            if value:
                return max(0.0, float(value))
        except ValueError:
            continue  # an HTTP date, which no API server sends
    return DEFAULT_RETRY_AFTER
