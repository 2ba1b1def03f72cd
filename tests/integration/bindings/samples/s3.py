"""Amazon S3."""

from collections.abc import Mapping

from tests.integration.bindings.sample import Elsewhere, Sample
from tests.support.aws import REGION, Aws

from trimtab.domain.binding.resource import Live


def _inventory(aws: Aws) -> list[str]:
    return [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]


def _make(aws: Aws, name: str) -> str:
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return f"arn:aws:s3:::{name}"


def _call(operation: str, **parameters: object) -> Elsewhere:
    def elsewhere(aws: Aws, lives: Mapping[str, Live]) -> None:
        getattr(aws.client("s3"), operation)(Bucket=lives["bucket"].handle, **parameters)

    return elsewhere


def _take_away(aws: Aws, lives: Mapping[str, Live]) -> None:
    aws.client("s3").delete_bucket(Bucket=lives["bucket"].handle)


def _fill(aws: Aws, lives: Mapping[str, Live]) -> None:
    aws.client("s3").put_object(Bucket=lives["bucket"].handle, Key="keep", Body=b"me")


SPEC = {
    "versioning": True,
    "kmsKeyID": "alias/uploads",
    "lifecycle": [{"name": "old", "prefix": "uploads/", "expirationDays": 365}],
    "notifications": [{"name": "made", "binding": "uploads-in", "prefix": "uploads/"}],
}

SAMPLE = Sample(
    member="s3",
    spec=SPEC,
    update=SPEC | {"lifecycle": [{"name": "old", "prefix": "uploads/", "expirationDays": 30}]},
    beside={"uploads-in": {"sqs": {}}},
    drifts={
        "versioning": _call("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
        "kmsKeyID": _call(
            "put_bucket_encryption",
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        ),
        "lifecycle": _call("delete_bucket_lifecycle"),
        "notifications": _call("put_bucket_notification_configuration", NotificationConfiguration={}),
        "publicAccessBlock": _call("delete_public_access_block"),
        "access": _call("delete_bucket_policy"),
    },
    inventory=_inventory,
    make=_make,
    take_away=_take_away,
    fill=_fill,
)
