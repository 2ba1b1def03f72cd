"""What AWS's error codes mean, over all services: one class of the port's errors for each.

The codes are those of botocore's service models, and for S3 those of
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; common ones:
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

import re
from collections.abc import Mapping

from trimtab.ports.cloud import (
    CloudBusyError,
    CloudDeniedError,
    CloudError,
    CloudExistsError,
    CloudInvalidError,
    CloudQuotaError,
    CloudThrottledError,
    CloudUnavailableError,
)

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId"})
"""Credentials that are over, or were taken back: new ones may do."""

CODES: Mapping[tuple[str, str], type[CloudError]] = {
    ("iam", "DeleteConflict"): CloudBusyError,
    ("iam", "InvalidInput"): CloudInvalidError,
    ("s3", "InvalidBucketState"): CloudBusyError,
    ("secretsmanager", "PreconditionNotMet"): CloudBusyError,
    ("sns", "ReplayLimitExceeded"): CloudThrottledError,
    ("sns", "StaleTag"): CloudBusyError,
    ("sqs", "QueueNameExists"): CloudExistsError,
    ("sts", "PackedPolicyTooLarge"): CloudInvalidError,
}
"""By service and code without its ending, where a code means something else than its name says elsewhere."""

_NOT_THERE = r"NotFound|^NoSuch|DoesNotExist|^NonExistent|^404$"
"""In an answer to a write, what was seen just now is not seen everywhere yet, or is gone: a look tells."""

_RULES: tuple[tuple[type[CloudError], str], ...] = (
    (
        CloudThrottledError,
        """Throttl | RequestLimitExceeded | TooManyRequests | SlowDown | ReducePriority | PriorRequestNotComplete
        | ProvisionedThroughputExceeded | BandwidthLimitExceeded | CallRateForCustomerExceeded""",
    ),
    (
        CloudDeniedError,
        """AccessDenied | Unauthorized | AuthorizationError | NotAuthorized | NoAuthorization | Forbidden
        | ^(KMS|Kms)?OptInRequired$ | ^SubscriptionRequired$ | ^NotSignedUp$ | ^AccountProblem$ | ^AllAccessDisabled$
        | ^UnrecognizedClient$ | ^InvalidAccessKeyId$ | ^MissingAuthenticationToken$ | ^InvalidSecurity$
        | ^SignatureDoesNotMatch$ | ^IncompleteSignature$ | ^RequestTimeTooSkewed$ | ^RegionDisabled$ | ^40[13]$""",
    ),
    (CloudInvalidError, "^TooManyTags$ | ^TagLimitExceeded$ | ^TooManyEntries"),
    (
        CloudQuotaError,
        """LimitExceeded | LimitsExceeded | QuotaExceeded | QuotaForCustomerExceeded | ^OverLimit$ | ^TooMany
        | ^Insufficient""",
    ),
    (CloudExistsError, "AlreadyExist | ^ResourceExists$ | AlreadyOwnedByYou | ^DuplicateItem$ | ^NameConflict$"),
    (CloudInvalidError, "^KMS | ^Kms | EncryptionFailure | DecryptionFailure"),
    (
        CloudBusyError,
        """InUse$ | InProgress$ | ^Pending | Deleting$ | DeletedRecently | NotEmpty$ | NotReady$ | PropagationDelay
        | Conflict$ | ^Concurrent | Modified$ | ^OperationAborted$ | ^Invalid.*State$ | ^InvalidState
        | DependencyViolation | TemporarilyUnmodifiable | TransactionCanceled | ^ContinuousBackupsUnavailable$""",
    ),
    (CloudBusyError, _NOT_THERE),
    (
        CloudUnavailableError,
        r"""^Internal | ^Server | ^ServiceUnavailable | ^ServiceFailure | ^Unavailable | ^RequestTimeout | ^5\d\d$
        | ^IDPCommunicationError$ | ^PolicyEvaluation$ | ^PaginationTokenExpired$""",
    ),
)
"""The first that fits a code without its ending."""

_COMPILED = tuple((re.compile(pattern, re.VERBOSE), meaning) for meaning, pattern in _RULES)

_ABSENT = re.compile(_NOT_THERE)

_SOON = re.compile(r"rate|too many requests|concurrent|simultaneous|in progress", re.IGNORECASE)
"""What the message of a LimitExceeded holds if waiting helps."""


def plain(code: str) -> str:
    """A code without namespace and ending: `AWS.SimpleQueueService.QueueDeletedRecently`, `ThrottlingException`."""
    last = code.rpartition("#")[2].rpartition(".")[2] or code
    return re.sub(r"(Exception|Fault)$", "", last) or last


def absent(code: str) -> bool:
    """Whether a code says that something does not exist."""
    return _ABSENT.search(plain(code)) is not None and not code.lower().startswith("kms")


def meaning(service: str, operation: str, code: str, status: int, message: str = "") -> type[CloudError]:
    """The class of an error that AWS answered; `status` is that of HTTP, `service` boto3's name."""
    name = plain(code)
    if (service, name) in CODES:
        return CODES[service, name]
    if code in EXPIRED or name in EXPIRED:
        return CloudUnavailableError
    if name == "ResourceInUse" and operation.startswith("Create"):
        return CloudExistsError
    found = next((meaning for pattern, meaning in _COMPILED if pattern.search(name)), None)
    if found is CloudQuotaError and name == "LimitExceeded" and _SOON.search(message):
        return CloudThrottledError
    return found or _by_status(status)


def _by_status(status: int) -> type[CloudError]:
    if status >= 500:
        return CloudUnavailableError
    return {401: CloudDeniedError, 403: CloudDeniedError, 429: CloudThrottledError}.get(status, CloudInvalidError)
