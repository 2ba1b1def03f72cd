"""Amazon S3: a bucket."""

from collections.abc import Mapping
from typing import Any

from trimtab.api.backing.s3 import S3, LifecycleRule, Notification
from trimtab.api.servicebinding import Access
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.policies.rights import key_use
from trimtab.domain.binding.protocol.delivery import SID
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.binding.service import Statement, Target

NAME_LIMIT = 63

_OTHERWISE: Mapping[str, Any] = {"kmsKeyID": "SSE-S3", "versioning": False, "lifecycle": {}, "notifications": {}}

_READ = ("s3:GetObject", "s3:GetObjectTagging")
_WRITE = (
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
_ADMIN = ("s3:GetObjectVersion", "s3:DeleteObjectVersion", "s3:RestoreObject")


class S3Service:
    """See the protocol. Names of buckets are those of all accounts, so the digest in ours holds the account."""

    member = "s3"
    type = "s3"
    key_actions = ()

    def resources(self, spec: S3, place: Place) -> tuple[Resource, ...]:
        """The bucket. Each setting is a call of its own; AWS cannot tag in the call that creates.

        AWS encrypts every bucket by itself. ACLs are switched off in what is made; what is taken over keeps them.
        """
        name = place.external("bucket", limit=NAME_LIMIT, scope=place.account)
        settings = place.declared("bucket", _asked(spec, place, name), _OTHERWISE)
        return (
            Resource(
                kind="s3/bucket",
                key="bucket",
                name=name,
                arn=place.arn("s3", name, region=False, account=False),
                settings=settings,
                creation={"region": place.region},
                groups={setting: setting for setting in settings},
                data=True,
                late_tags=True,
            ),
        )

    def problem(self, spec: S3, targets: Mapping[str, Target]) -> str:
        """A notification of what S3 does not deliver to."""
        for number, each in enumerate(spec.notifications or ()):
            target = targets.get(each.binding)
            if target is not None and (target.member not in ("sqs", "sns") or target.fifo):
                what = f"{each.binding} is {'FIFO' if target.fifo else f'of {target.member}'}"
                remedy = "name the ServiceBinding of a queue or topic that is not FIFO"
                return f"spec.s3.notifications[{number}].binding: {what}; {remedy}"
        return ""

    def projection(self, spec: S3, place: Place, live: Mapping[str, Live]) -> Mapping[str, str]:
        """`arn`, `bucket` and `uri`."""
        bucket = live["bucket"]
        return {"arn": bucket.arn, "bucket": bucket.handle, "uri": f"s3://{bucket.handle}"}

    def statements(self, spec: S3, place: Place, live: Mapping[str, Live], access: Access) -> tuple[Statement, ...]:
        """Read is of objects and their list, Write of objects; Admin also of former versions."""
        read, write, admin = access != "Write", access != "Read", access == "Admin"
        arn = live["bucket"].arn
        objects = (*(_READ if read else ()), *(_WRITE if write else ()), *(_ADMIN if admin else ()))
        bucket = (
            "s3:GetBucketLocation",
            *(("s3:ListBucket",) if read else ()),
            *(("s3:ListBucketMultipartUploads",) if write else ()),
            *(("s3:ListBucketVersions",) if admin else ()),
        )
        uses = ("kms:Decrypt", *(("kms:GenerateDataKey",) if write else ()))
        return (
            Statement(actions=objects, resources=(f"{arn}/*",)),
            Statement(actions=bucket, resources=(arn,)),
            *key_use(place, "s3", spec.kms_key_id or "", *uses),
        )

    def administration(self, prefix: str, partition: str) -> tuple[Statement, ...]:
        """To keep buckets; nothing that reads, writes or removes an object. IAM knows no tags of buckets here."""
        both = (
            "BucketTagging",
            "EncryptionConfiguration",
            "BucketPublicAccessBlock",
            "BucketVersioning",
            "LifecycleConfiguration",
            "BucketPolicy",
            "BucketNotification",
        )
        actions = [f"s3:{verb}{what}" for what in both for verb in ("Get", "Put")]
        whole = (
            "s3:CreateBucket",
            "s3:DeleteBucket",
            "s3:ListBucket",
            *actions,
            "s3:DeleteBucketPolicy",
            "s3:PutBucketOwnershipControls",
        )
        return (Statement(actions=whole, resources=(f"arn:{partition}:s3:::{prefix}*",)),)


def _asked(spec: S3, place: Place, name: str) -> dict[str, Any]:
    lifecycle, notifications = spec.lifecycle, spec.notifications
    return {
        "publicAccessBlock": True,
        "kmsKeyID": spec.kms_key_id,
        "access": [_tls_only(place.arn("s3", name, region=False, account=False))],
        "versioning": spec.versioning,
        "lifecycle": None if lifecycle is None else {each.name: _rule(each) for each in lifecycle},
        "notifications": None
        if notifications is None
        else {each.name: _notification(each, place.targets[each.binding]) for each in notifications},
    }


def _tls_only(arn: str) -> dict[str, Any]:
    return {
        "Sid": f"{SID}TLS",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _rule(rule: LifecycleRule) -> dict[str, Any]:
    transitions = [{"days": each.days, "storageClass": each.storage_class} for each in rule.transitions or ()]
    asked = {
        "prefix": rule.prefix,
        "expirationDays": rule.expiration_days,
        "noncurrentExpirationDays": rule.noncurrent_expiration_days,
        "abortIncompleteMultipartUploadDays": rule.abort_incomplete_multipart_upload_days,
        "transitions": sorted(transitions, key=lambda each: str(each["storageClass"])) or None,
    }
    return {name: value for name, value in asked.items() if value is not None}


def _notification(notification: Notification, target: str) -> dict[str, Any]:
    return {
        "target": target,
        "events": sorted(notification.events),
        "prefix": notification.prefix,
        "suffix": notification.suffix,
    }


SERVICE = S3Service()
