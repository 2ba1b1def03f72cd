"""What AWS's errors mean: every error of the services' own models has the class that its name says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from botocore.session import get_session

from trimtab.adapters.aws.actions import action, is_read
from trimtab.adapters.aws.codes import absent, meaning, plain
from trimtab.adapters.aws.errors import LONGEST, translate
from trimtab.ports.cloud import (
    CloudBusyError,
    CloudDeniedError,
    CloudError,
    CloudExistsError,
    CloudInvalidError,
    CloudLeaseLostError,
    CloudQuotaError,
    CloudThrottledError,
    CloudUnavailableError,
)

SERVICES = (
    "application-autoscaling",
    "dynamodb",
    "eks",
    "iam",
    "resourcegroupstaggingapi",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "sts",
)
EXPECTED = (
    (r"Throttl|RequestLimitExceeded|TooManyRequests", CloudThrottledError),
    (r"AlreadyExist|AlreadyOwned|^ResourceExists|QueueNameExists", CloudExistsError),
    (r"AccessDenied|AuthorizationError", CloudDeniedError),
    (
        r"^Internal(Server|Service)?(Error|Exception)|ServiceFailure|ServiceUnavailable|ServerException",
        CloudUnavailableError,
    ),
    (r"InUse|DeletedRecently|InProgress|^Concurrent|ConflictException$", CloudBusyError),
    (r"^InvalidParameter|^InvalidAttribute|Malformed|^InvalidInput|^ValidationException", CloudInvalidError),
    (r"QuotaExceeded|(Topic|Subscription|Resource)LimitExceeded|^OverLimit", CloudQuotaError),
)


def modelled() -> Iterator[tuple[str, str, int]]:
    """(service, code, status of HTTP) of every error that the models of these services know."""
    session = get_session()
    for service in SERVICES:
        for shape in session.get_service_model(service).error_shapes:
            error = shape.metadata.get("error", {})
            yield service, error.get("code") or shape.name, error.get("httpStatusCode") or 400


@pytest.mark.parametrize(("pattern", "expected"), EXPECTED)
def test_modelled_errors_mean_what_they_are_called(pattern: str, expected: type[CloudError]) -> None:
    named = [each for each in modelled() if re.search(pattern, each[1])]
    assert named
    wrong = {each for each in named if meaning(each[0], "Describe", each[1], each[2]) is not expected}
    assert not wrong


def test_modelled_failures_of_the_server_are_safe_to_repeat() -> None:
    failures = [each for each in modelled() if each[2] >= 500]
    assert failures
    assert {meaning(service, "X", code, status) for service, code, status in failures} == {CloudUnavailableError}


@pytest.mark.parametrize(
    ("service", "operation", "code", "message", "expected"),
    [
        ("sqs", "CreateQueue", "QueueAlreadyExists", "", CloudExistsError),
        ("sqs", "CreateQueue", "AWS.SimpleQueueService.QueueDeletedRecently", "", CloudBusyError),
        ("sqs", "SetQueueAttributes", "AWS.SimpleQueueService.NonExistentQueue", "", CloudBusyError),
        ("sqs", "CreateQueue", "KmsNotFound", "", CloudInvalidError),
        ("dynamodb", "CreateTable", "ResourceInUseException", "Table already exists: a", CloudExistsError),
        ("dynamodb", "UpdateTable", "ResourceInUseException", "being updated", CloudBusyError),
        ("dynamodb", "CreateTable", "LimitExceededException", "500 simultaneous operations", CloudThrottledError),
        ("dynamodb", "CreateTable", "LimitExceededException", "Cannot exceed 2500 tables", CloudQuotaError),
        ("iam", "CreateRole", "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000", CloudQuotaError),
        ("iam", "DeleteRole", "DeleteConflict", "", CloudBusyError),
        ("s3", "DeleteBucket", "BucketNotEmpty", "", CloudBusyError),
        ("s3", "PutBucketPolicy", "OperationAborted", "", CloudBusyError),
        ("s3", "CreateBucket", "SlowDown", "", CloudThrottledError),
        ("s3", "CreateBucket", "TooManyBuckets", "", CloudQuotaError),
        ("s3", "HeadBucket", "403", "", CloudDeniedError),
        ("route53", "ChangeResourceRecordSets", "PriorRequestNotComplete", "", CloudThrottledError),
        ("dynamodb", "UpdateItem", "ProvisionedThroughputExceededException", "", CloudThrottledError),
        ("sts", "AssumeRole", "ExpiredToken", "", CloudUnavailableError),
        ("new", "CreateThing", "NobodyKnowsThisException", "", CloudInvalidError),
    ],
)
def test_a_code_in_its_place(service: str, operation: str, code: str, message: str, expected: type[CloudError]) -> None:
    assert meaning(service, operation, code, 400, message) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [(500, CloudUnavailableError), (503, CloudUnavailableError), (429, CloudThrottledError), (403, CloudDeniedError)],
)
def test_what_nobody_knows_is_judged_by_its_status(status: int, expected: type[CloudError]) -> None:
    assert meaning("sqs", "CreateQueue", "Strange", status) is expected


def test_absence_is_told_from_a_missing_key() -> None:
    assert all(absent(code) for code in ("NoSuchBucket", "404", "ResourceNotFoundException", "QueueDoesNotExist"))
    assert not any(absent(code) for code in ("KMSNotFound", "KmsNotFound", "AccessDenied", "Throttling"))


@pytest.mark.parametrize("code", ["ThrottlingException", "a.b#ThrottlingException", "AWS.Thing.Throttling"])
def test_codes_are_compared_without_namespace_and_ending(code: str) -> None:
    assert plain(code) == "Throttling"


def answered(operation: str, code: str, message: str = "", status: int = 400, **headers: str) -> ClientError:
    metadata: Any = {"HTTPStatusCode": status, "RequestId": "r-1", "HTTPHeaders": headers}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, operation)


@pytest.mark.parametrize(
    ("service", "operation", "message", "expected"),
    [
        ("sqs", "CreateQueue", "", "sqs:CreateQueue"),
        ("s3", "GetBucketEncryption", "Access Denied", "s3:GetEncryptionConfiguration"),
        ("s3", "HeadBucket", "Forbidden", "s3:ListBucket"),
        ("resourcegroupstaggingapi", "GetResources", "", "tag:GetResources"),
        (
            "sqs",
            "CreateQueue",
            "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: sqs:TagQueue on resource: c",
            "sqs:TagQueue",
        ),
        ("sns", "Publish", "... is not authorized to perform: kms:Decrypt because ...", "kms:Decrypt"),
        ("sqs", "AssumeRole", "User: x is not authorized to perform: sts:TagSession on", "sts:TagSession"),
        ("sqs", "AssumeRole", "", "sts:AssumeRole"),
    ],
)
def test_a_missing_right_is_named_as_iam_names_it(service: str, operation: str, message: str, expected: str) -> None:
    error = translate(answered(operation, "AccessDenied", message, 403), service)
    assert isinstance(error, CloudDeniedError)
    assert (error.action, error.request_id) == (expected, "r-1")


def test_actions_of_s3_are_none_of_its_operations_by_chance() -> None:
    """Every operation on buckets that has another name in IAM is in the table, as far as we call it."""
    operations = set(get_session().get_service_model("s3").operation_names)
    renamed = {name for name in operations if action("s3", name) != f"s3:{name}"}
    assert {"HeadBucket", "PutBucketEncryption", "GetPublicAccessBlock", "ListObjectsV2", "PutBucketCors"} <= renamed
    assert "CreateBucket" not in renamed


@pytest.mark.parametrize("service", SERVICES)
def test_no_operation_that_changes_something_is_taken_for_a_read(service: str) -> None:
    changing = re.compile(r"Create|Put|Update|Delete|Set|Tag|Untag|Add|Remove|Attach|Detach|Start|Send|Publish|Restore")
    operations = get_session().get_service_model(service).operation_names
    assert not [name for name in operations if changing.match(name) and is_read(name)]
    assert [name for name in operations if is_read(name)]


def test_the_time_that_aws_asks_for_is_passed_on() -> None:
    after = translate(answered("CreateQueue", "AWS.SimpleQueueService.QueueDeletedRecently"), "sqs")
    assert after is not None
    assert after.retry_after == 60.0
    throttled = translate(answered("ListQueues", "Throttling", "", 400, **{"retry-after": "7"}), "sqs")
    assert throttled is not None
    assert throttled.retry_after == 7.0


def test_messages_are_one_short_line() -> None:
    error = translate(answered("CreateQueue", "InvalidParameterValue", "a\n" * 1000), "sqs")
    assert len(str(error)) == LONGEST
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (exceptions.ReadTimeoutError(endpoint_url="https://sqs"), CloudUnavailableError),
        (exceptions.EndpointConnectionError(endpoint_url="https://sqs"), CloudUnavailableError),
        (exceptions.ConnectionClosedError(endpoint_url="https://sqs"), CloudUnavailableError),
        (exceptions.SSLError(endpoint_url="https://sqs", error="bad"), CloudUnavailableError),
        (exceptions.NoCredentialsError(), CloudDeniedError),
        (exceptions.ParamValidationError(report="x"), CloudInvalidError),
        (ResponseParserError("Unable to parse response: b'secret'"), CloudUnavailableError),
        (CloudLeaseLostError("not sent"), CloudLeaseLostError),
    ],
)
def test_failures_without_an_answer(error: Exception, expected: type[CloudError]) -> None:
    assert type(translate(error, "sqs")) is expected
    assert "secret" not in str(translate(error, "sqs"))


def test_bugs_of_ours_are_no_errors_of_aws() -> None:
    assert translate(KeyError("x"), "sqs") is None


@pytest.mark.parametrize(
    "error",
    [
        answered("PutSecretValue", "InvalidParameterException", "The value hunter2 is too long"),
        answered("CreateSecret", "InternalServiceError", "cannot store hunter2", status=500),
        answered("CreateSecret", "ThrottlingException", "too many like hunter2"),
        answered("CreateSecret", "LimitExceededException", "no room for hunter2"),
        answered("CreateSecret", "SomethingNewException", "hunter2"),
        exceptions.ParamValidationError(
            report="Invalid type for parameter SecretString, value: {'a': 'hunter2'}, type: <class 'dict'>"
        ),
    ],
)
def test_a_refused_secret_is_not_quoted(error: Exception) -> None:
    made = translate(error, "secretsmanager")
    assert isinstance(made, CloudError)
    assert "hunter2" not in repr(made)
    named = getattr(error, "response", {}).get("Error", {}).get("Code", "SecretString")
    assert named.removesuffix("Exception") in str(made)
