"""Errors of botocore as errors of the port: the same message, capped, and never a value that was sent."""

import re
from typing import Any

from trimtab.adapters.aws.actions import action, denied
from trimtab.adapters.aws.codes import meaning, plain
from trimtab.ports.cloud import (
    CloudBusyError,
    CloudDeniedError,
    CloudError,
    CloudInvalidError,
    CloudThrottledError,
    CloudUnavailableError,
)

LONGEST = 512
"""Characters of a message."""

_SILENT = frozenset({"secretsmanager"})
"""Services that are sent secrets: what they say of a request may quote it. A denial is about who asks for what."""

_PATIENCE = {"QueueDeletedRecently": 60.0}
"""Seconds until a call can succeed, where AWS documents them."""

_NO_IDENTITY = frozenset(
    {
        "CredentialRetrievalError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "TokenRetrievalError",
        "ProfileNotFound",
        "MetadataRetrievalError",
        "UnauthorizedSSOTokenError",
    }
)
_OURS = frozenset(
    {"ParamValidationError", "UnknownServiceError", "DataNotFoundError", "ValidationError", "NoRegionError"}
)


def translate(error: Exception, service: str) -> CloudError | None:
    """What an exception means that a call of `service` (boto3's name) raised; None if it is no error of AWS."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    if isinstance(error, CloudError):
        return error
    if isinstance(error, ClientError):
        return _answered(error, service)
    if isinstance(error, BotoCoreError):
        return _unanswered(error, service)
    if isinstance(error, ResponseParserError):
        return CloudUnavailableError(f"{service}: an answer that cannot be read")  # the message would quote it
    return None


def code_of(error: BaseException) -> str:
    """AWS's code of an error that it answered; else the name of its class."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def _answered(error: Any, service: str) -> CloudError:
    details, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    operation = str(error.operation_name)
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    if operation.startswith("AssumeRole"):
        service = "sts"
    kind = meaning(service, operation, code, int(metadata.get("HTTPStatusCode", 0)), message)
    name = action(service, operation)
    if kind is CloudDeniedError:
        name = denied(message) or name
    if service in _SILENT and kind is not CloudDeniedError:
        message = ""
    return kind(
        _short(f"{action(service, operation)}: {plain(code)}{': ' if message else ''}{message}"),
        action=name,
        request_id=str(metadata.get("RequestId", "")),
        retry_after=_after(kind, code, metadata),
    )


def _after(kind: type[CloudError], code: str, metadata: dict[str, Any]) -> float:
    if kind not in (CloudBusyError, CloudThrottledError, CloudUnavailableError):
        return 0.0
    given = str(metadata.get("HTTPHeaders", {}).get("retry-after", ""))
    return min(float(given), 300.0) if given.isdecimal() else _PATIENCE.get(plain(code), 0.0)


def _unanswered(error: Exception, service: str) -> CloudError:
    name = type(error).__name__
    if name in _NO_IDENTITY:
        message = f"no AWS credentials found ({name}): the operator needs an identity, a command yours (AWS_PROFILE)"
        return CloudDeniedError(message, action="sts:AssumeRole")
    if name in _OURS:
        fields = re.findall(r"parameter(?: in input)?:? \"?([A-Za-z0-9.\[\]]+)", str(error))
        return CloudInvalidError(_short(f"{service}: {name} {', '.join(fields)}".rstrip()))
    return CloudUnavailableError(_short(f"{service}: {name}: {error}"))


def _short(text: str) -> str:
    return " ".join(text.split())[:LONGEST]
