"""Calls as IAM names them.

Service Authorization Reference: https://docs.aws.amazon.com/service-authorization/latest/reference/; the names of S3
differ from its operations: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

import re

_PREFIXES = {"resourcegroupstaggingapi": "tag", "stepfunctions": "states"}
"""Services whose name in boto3 is not the one in IAM."""

_S3 = {
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteObjects": "DeleteObject",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}

_DENIED = re.compile(r"(?:not authorized to perform|no permission to perform):? ?([a-z0-9-]+:[A-Za-z0-9*]+)")

_READS = re.compile(r"(Assume|BatchGet|Describe|Get|Head|List|Query|Scan|Simulate)(?=[A-Z]|$)")


def action(service: str, operation: str) -> str:
    """The IAM action of a call; `service` is boto3's name, such as `sqs`. Empty without an operation."""
    if not operation:
        return ""
    return f"{_PREFIXES.get(service, service)}:{_S3.get(operation, operation) if service == 's3' else operation}"


def denied(message: str) -> str:
    """The action that AWS itself says is missing; it can be of another service, such as kms:Decrypt. Empty: unsaid."""
    found = _DENIED.search(message)
    return found[1] if found else ""


def is_read(operation: str) -> bool:
    """Whether a call changes nothing."""
    return _READS.match(operation) is not None
