"""Amazon S3: https://docs.aws.amazon.com/AmazonS3/latest/API/"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from trimtab.adapters.aws import buckets
from trimtab.adapters.aws.calls import Calls
from trimtab.adapters.aws.policydocument import merged, ours
from trimtab.domain.binding.resource import Change, Live, Resource
from trimtab.ports.cloud import CloudBusyError, CloudUnavailableError

_BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_CLASSIC = "us-east-1"
"""The region whose name a creation must not say."""


class Bucket:
    """A bucket. Its handle is its name. Whether it is empty is not known before it is deleted."""

    service = "s3"

    def look(self, client: Any, resource: Resource, arn: str, known: Live | None = None) -> Live | None:
        """Two calls, and one more for each setting that is declared; only these if it is known."""
        name = arn.rpartition(":")[2] or resource.name
        reads = self._reads(client, name)
        try:
            if not (known and resource.settings):
                client.head_bucket(Bucket=name)
            tags = known.tags if known else _tags(client, name)
            settings = {setting: reads[setting]() for setting in resource.settings}
        except client.exceptions.ClientError as error:
            if _code(error) in ("404", "NoSuchBucket"):
                return None
            raise
        partition = client.meta.partition
        return Live(handle=name, arn=f"arn:{partition}:s3:::{name}", settings=settings, tags=tags)

    def create(self, client: Any, resource: Resource, tags: Mapping[str, str]) -> None:
        """Three calls. S3 cannot tag in the first.

        In us-east-1, S3 is content if the account has the bucket already: it is left alone if it has tags. A bucket
        that is not seen everywhere yet gets its tags once a look finds it without any.
        """
        region = resource.creation["region"]
        place = {} if region == _CLASSIC else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self._make(client, Bucket=resource.name, ObjectOwnership="BucketOwnerEnforced", **place)
        try:
            if not _tags(client, resource.name):
                _tag(client, resource.name, tags)
        except client.exceptions.ClientError as error:
            if _code(error) != "NoSuchBucket":
                raise

    def change(self, client: Any, resource: Resource, live: Live, change: Change) -> None:
        """One call for a setting; for what stands beside that of others, a read before it."""
        for setting in sorted(change.differing):
            self._write(client, live.handle, setting, change.settings[setting])

    def tag(self, client: Any, live: Live, tags: Mapping[str, str]) -> None:
        """Two calls: S3 knows the set of tags as a whole only."""
        _tag(client, live.handle, {**_tags(client, live.handle), **tags})

    def untag(self, client: Any, live: Live, keys: Collection[str]) -> None:
        """Two calls: S3 knows the set of tags as a whole only."""
        left = {key: value for key, value in _tags(client, live.handle).items() if key not in keys}
        if left:
            _tag(client, live.handle, left)
        else:
            client.delete_bucket_tagging(Bucket=live.handle)

    def delete(self, client: Any, resource: Resource, live: Live) -> None:
        """One call, refused as long as there is an object or a version of one."""
        try:
            client.delete_bucket(Bucket=live.handle)
        except client.exceptions.ClientError as error:
            if _code(error) == "BucketNotEmpty":
                raise CloudBusyError(
                    f"the bucket {live.handle} is not empty: remove its objects with all their versions",
                    action="s3:DeleteBucket",
                ) from None
            if _code(error) != "NoSuchBucket":
                raise

    def _make(self, client: Any, **parameters: Any) -> None:
        """Makes it. That it is ours already says nothing if boto3 repeated the call: the first try may have made it."""
        try:
            client.create_bucket(**parameters)
        except client.exceptions.BucketAlreadyOwnedByYou as error:
            if not error.response.get("ResponseMetadata", {}).get("RetryAttempts"):
                raise
            message = f"whether the bucket {parameters['Bucket']} was made by us or before is not known"
            raise CloudUnavailableError(message, action="s3:CreateBucket") from None

    def _reads(self, client: Any, name: str) -> dict[str, Callable[[], Any]]:
        """How each setting is read. S3 answers what was never set with an error of its own."""

        def read(operation: str, field: str, missing: str = "") -> Any:
            try:
                return getattr(client, operation)(Bucket=name).get(field)
            except client.exceptions.ClientError as error:
                if missing and _code(error) == missing:
                    return None
                raise

        def encryption() -> str:
            missing = "ServerSideEncryptionConfigurationNotFoundError"
            return buckets.key_of(read("get_bucket_encryption", "ServerSideEncryptionConfiguration", missing) or {})

        def blocked() -> bool:
            missing = "NoSuchPublicAccessBlockConfiguration"
            found = read("get_public_access_block", "PublicAccessBlockConfiguration", missing) or {}
            return all(found.get(each) for each in _BLOCKED)

        def lifecycle() -> dict[str, Any]:
            found = read("get_bucket_lifecycle_configuration", "Rules", "NoSuchLifecycleConfiguration")
            return buckets.rules_of(found or ())

        def notifications() -> dict[str, Any]:
            return buckets.notifications_of(client.get_bucket_notification_configuration(Bucket=name))

        return {
            "publicAccessBlock": blocked,
            "kmsKeyID": encryption,
            "access": lambda: ours(read("get_bucket_policy", "Policy", "NoSuchBucketPolicy") or ""),
            "versioning": lambda: read("get_bucket_versioning", "Status") == "Enabled",
            "lifecycle": lifecycle,
            "notifications": lambda: buckets.notifications_of(
                client.get_bucket_notification_configuration(Bucket=name)
            ),
        }

    def _write(self, client: Any, name: str, setting: str, wanted: Any) -> None:
        match setting:
            case "publicAccessBlock":
                client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=_BLOCKED)
            case "kmsKeyID":
                client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=buckets.encryption(wanted))
            case "access":
                _let_in(client, name, wanted)
            case "versioning":
                status = {"Status": "Enabled" if wanted else "Suspended"}
                client.put_bucket_versioning(Bucket=name, VersioningConfiguration=status)
            case "lifecycle" if wanted:
                client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=buckets.lifecycle(wanted))
            case "lifecycle":
                client.delete_bucket_lifecycle(Bucket=name)
            case "notifications":
                _notify(client, name, wanted)


def _let_in(client: Any, name: str, statements: Any) -> None:
    try:
        policy = client.get_bucket_policy(Bucket=name)["Policy"]
    except client.exceptions.ClientError as error:
        if _code(error) != "NoSuchBucketPolicy":
            raise
        policy = ""
    client.put_bucket_policy(Bucket=name, Policy=merged(policy, statements))


def _notify(client: Any, name: str, wanted: Mapping[str, Mapping[str, Any]]) -> None:
    """S3 asks each target whether it may deliver; until its own binding has let it, this has to wait."""
    found = client.get_bucket_notification_configuration(Bucket=name)
    try:
        client.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration=buckets.notifications(found, wanted)
        )
    except client.exceptions.ClientError as error:
        if "Unable to validate" not in str(error):
            raise
        raise CloudBusyError(
            f"S3 may not deliver yet to every queue or topic that {name} names",
            action="s3:PutBucketNotification",
            retry_after=5,
        ) from None


def _tags(client: Any, name: str) -> dict[str, str]:
    try:
        found = client.get_bucket_tagging(Bucket=name)["TagSet"]
    except client.exceptions.ClientError as error:
        if _code(error) != "NoSuchTagSet":
            raise
        found = []
    return {tag["Key"]: tag["Value"] for tag in found}


def _tag(client: Any, name: str, tags: Mapping[str, str]) -> None:
    tag_set = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_set})


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


CALLS: dict[str, Calls] = {"s3/bucket": Bucket()}
