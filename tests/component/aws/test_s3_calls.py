"""The calls of S3 against the emulator: what they make, a second look finds so."""

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.support.aws import REGION, Proxy
from tests.support.aws_faults import every_answer_lost_once

from trimtab.adapters.aws import clients
from trimtab.api.backing.s3 import S3, LifecycleRule, Notification, Transition
from trimtab.domain.binding.resource import Change, Resource
from trimtab.ports.cloud import CloudBusyError, CloudUnavailableError

from .account import TAGS, Account, place

OLD = LifecycleRule(
    name="old",
    prefix="uploads/",
    expiration_days=365,
    noncurrent_expiration_days=30,
    abort_incomplete_multipart_upload_days=7,
    transitions=(Transition(days=30, storage_class="StandardIA"), Transition(days=90, storage_class="GlacierIR")),
)
UPLOADS = LifecycleRule(name="uploads", abort_incomplete_multipart_upload_days=1)
PLAIN = S3()
FULL = S3(versioning=True, kms_key_id="alias/uploads", lifecycle=(OLD, UPLOADS))
TOLD = S3(
    notifications=(
        Notification(name="made", binding="queue", prefix="in/", suffix=".jpg"),
        Notification(name="gone", binding="topic", events=("s3:ObjectRemoved:*",)),
    )
)


def name(account: Account) -> str:
    return account.resources(PLAIN)["bucket"].name


def change(account: Account, resource: Resource, setting: str, value: Any) -> None:
    """Changes one setting to a value that is not the declared one."""
    from trimtab.adapters.aws.services import KINDS

    wanted = Change(group=setting, settings={setting: value}, differing=frozenset({setting}))
    KINDS["s3/bucket"].change(account.client("s3"), resource, account.found(resource), wanted)


@pytest.fixture
def told(account: Account) -> Account:
    """An account whose binding has a queue and a topic to deliver to."""
    queue = account.client("sqs").create_queue(QueueName="in")["QueueUrl"]
    arn = account.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    topic = account.client("sns").create_topic(Name="gone")["TopicArn"]
    account.place = replace(account.place, targets={"queue": arn["Attributes"]["QueueArn"], "topic": topic})
    return account


@pytest.mark.parametrize("spec", [PLAIN, FULL], ids=["plain", "full"])
def test_what_is_made_is_what_is_asked_for(account: Account, spec: S3) -> None:
    live = account.create(spec)["bucket"]
    account.assert_settled(spec)
    assert live.tags == TAGS
    assert live.empty is None
    assert live.arn == f"arn:aws:s3:::{live.handle}"


def test_every_bucket_is_closed_encrypted_and_reached_over_tls_only(account: Account) -> None:
    live = account.create(PLAIN)["bucket"]
    assert live.settings["publicAccessBlock"] is True
    client = account.client("s3")
    controls = client.get_bucket_ownership_controls(Bucket=live.handle)["OwnershipControls"]
    assert controls == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (statement,) = json.loads(client.get_bucket_policy(Bucket=live.handle)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_a_bucket_is_not_there_before_it_is_made_and_after_it_is_deleted(account: Account) -> None:
    bucket = account.resources(PLAIN)["bucket"]
    assert account.look(bucket) is None
    live = account.create(PLAIN)["bucket"]
    account.delete(bucket)
    assert account.look(bucket) is None
    account.delete(bucket, live)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("versioning", False),
        ("kmsKeyID", "SSE-S3"),
        ("kmsKeyID", "alias/other"),
        ("access", []),
        ("lifecycle", {}),
        ("lifecycle", {"other": {"prefix": "", "expirationDays": 1}}),
    ],
)
def test_a_change_made_elsewhere_is_found_and_undone(account: Account, setting: str, value: Any) -> None:
    account.create(FULL)
    bucket = account.resources(FULL)["bucket"]
    if setting == "access":
        account.client("s3").delete_bucket_policy(Bucket=bucket.name)
    else:
        change(account, bucket, setting, value)
    assert account.change(bucket) == [frozenset({setting})]
    account.assert_settled(FULL)


def test_what_is_taken_over_keeps_its_key_and_its_acls_and_is_closed(account: Account) -> None:
    client = account.client("s3")
    client.create_bucket(
        Bucket="legacy", CreateBucketConfiguration={"LocationConstraint": REGION}, ObjectOwnership="ObjectWriter"
    )
    theirs = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/theirs"}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": theirs}]}
    client.put_bucket_encryption(Bucket="legacy", ServerSideEncryptionConfiguration=rules)
    account.place = place(recorded={"bucket": "legacy"})
    changed = frozenset[str]().union(*account.change(account.resources(PLAIN)["bucket"]))
    assert changed == {"publicAccessBlock", "access"}
    account.assert_settled(PLAIN)
    controls = client.get_bucket_ownership_controls(Bucket="legacy")["OwnershipControls"]
    assert controls == {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    (rule,) = client.get_bucket_encryption(Bucket="legacy")["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == theirs


def test_a_bucket_that_was_opened_is_closed(account: Account) -> None:
    live = account.create(PLAIN)["bucket"]
    account.client("s3").delete_public_access_block(Bucket=live.handle)
    assert account.change(account.resources(PLAIN)["bucket"]) == [frozenset({"publicAccessBlock"})]
    account.assert_settled(PLAIN)


@pytest.mark.parametrize(
    "other",
    [
        {"Status": "Disabled"},
        {"Filter": {"Tag": {"Key": "a", "Value": "b"}}},
        {"Expiration": {"Date": "2030-01-01T00:00:00Z"}},
        {"NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3}},
    ],
    ids=["disabled", "by tag", "by date", "versions kept"],
)
def test_a_rule_that_says_more_than_ours_is_another(account: Account, other: dict[str, Any]) -> None:
    spec = S3(lifecycle=(UPLOADS,))
    live = account.create(spec)["bucket"]
    ours = {"ID": "uploads", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    account.client("s3").put_bucket_lifecycle_configuration(
        Bucket=live.handle, LifecycleConfiguration={"Rules": [{**ours, **other}]}
    )
    assert account.change(account.resources(spec)["bucket"]) == [frozenset({"lifecycle"})]
    account.assert_settled(spec)


def test_what_left_the_spec_is_as_aws_has_it_by_itself(account: Account) -> None:
    account.create(FULL)
    live = account.create(PLAIN)["bucket"]
    account.assert_settled(PLAIN)
    assert (live.settings["versioning"], live.settings["lifecycle"]) == (False, {})


def test_the_policy_of_others_stays(account: Account) -> None:
    live = account.create(PLAIN)["bucket"]
    client = account.client("s3")
    theirs = {
        "Sid": "Theirs",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{live.arn}/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [theirs]})
    client.put_bucket_policy(Bucket=live.handle, Policy=document)
    account.change(account.resources(PLAIN)["bucket"])
    account.assert_settled(PLAIN)
    assert theirs in json.loads(client.get_bucket_policy(Bucket=live.handle)["Policy"])["Statement"]


def test_foreign_tags_stay(account: Account) -> None:
    live = account.create(PLAIN)["bucket"]
    bucket, client = account.resources(PLAIN)["bucket"], account.client("s3")
    theirs = [{"Key": "team", "Value": "shop"}]
    client.put_bucket_tagging(Bucket=live.handle, Tagging={"TagSet": theirs})
    account.tag(bucket, **TAGS)
    assert account.found(bucket).tags == {**TAGS, "team": "shop"}
    account.untag(bucket, *TAGS)
    assert account.found(bucket).tags == {"team": "shop"}
    account.untag(bucket, "team")
    assert account.found(bucket).tags == {}


def test_a_bucket_that_the_account_has_already_keeps_its_tags(account: Account) -> None:
    """us-east-1 is content with a second creation, and could have it between our look and our creation."""
    client, bucket = account.client("s3"), account.resources(PLAIN)["bucket"]
    theirs = [{"Key": "team", "Value": "shop"}]
    where = {"LocationConstraint": account.place.region}
    client.create_bucket(Bucket=bucket.name, CreateBucketConfiguration=where)
    client.put_bucket_tagging(Bucket=bucket.name, Tagging={"TagSet": theirs})
    with pytest.raises(client.exceptions.BucketAlreadyOwnedByYou):
        account.create_only(bucket)
    assert client.get_bucket_tagging(Bucket=bucket.name)["TagSet"] == theirs


def test_a_lost_answer_leaves_open_who_made_the_bucket(account: Account, aws_proxy: Proxy) -> None:
    """boto3 repeats the call, and S3 then says that the account has it already: as it would of somebody else's."""
    aws_proxy.faults.append(every_answer_lost_once())
    bucket = account.resources(PLAIN)["bucket"]
    with pytest.raises(CloudUnavailableError):
        account.create_only(bucket, client=clients.make("s3", REGION))
    assert account.found(bucket).tags == {}


def test_a_bucket_that_is_not_seen_at_once_is_made_all_the_same(account: Account, monkeypatch: Any) -> None:
    client, bucket = account.client("s3"), account.resources(PLAIN)["bucket"]
    unseen = client.exceptions.NoSuchBucket({"Error": {"Code": "NoSuchBucket"}}, "GetBucketTagging")

    def refuse(**_: Any) -> None:
        raise unseen

    with monkeypatch.context() as patch:
        patch.setattr(client, "get_bucket_tagging", refuse)
        account.create_only(bucket)
    assert account.found(bucket).tags == {}


def test_us_east_1_is_not_named_in_a_creation(account: Account) -> None:
    account.place = replace(account.place, region="us-east-1")
    bucket = account.resources(PLAIN)["bucket"]
    account.create_only(bucket, client=account.client("s3", "us-east-1"))
    assert account.found(bucket).tags == TAGS


@pytest.mark.parametrize("versions", [False, True])
def test_a_bucket_that_holds_something_is_not_deleted(account: Account, versions: bool) -> None:
    live = account.create(S3(versioning=versions))["bucket"]
    client = account.client("s3")
    client.put_object(Bucket=live.handle, Key="one", Body=b"1")
    if versions:
        client.delete_object(Bucket=live.handle, Key="one")
    with pytest.raises(CloudBusyError, match="not empty"):
        account.delete(account.resources(PLAIN)["bucket"])


def test_queues_and_topics_are_told_beside_those_of_others(told: Account) -> None:
    bucket = told.resources(TOLD)["bucket"]
    told.create(PLAIN)
    theirs = {"Id": "theirs", "QueueArn": told.place.targets["queue"], "Events": ["s3:ObjectRestore:*"]}
    client = told.client("s3")
    client.put_bucket_notification_configuration(
        Bucket=bucket.name, NotificationConfiguration={"QueueConfigurations": [theirs]}
    )
    assert told.change(bucket) == [frozenset({"notifications"})]
    told.assert_settled(TOLD)
    found = client.get_bucket_notification_configuration(Bucket=bucket.name)
    assert {each["Id"] for each in found["QueueConfigurations"]} == {"theirs", "trimtab-made"}
    told.place = replace(told.place, applied={"bucket": {"notifications"}})
    told.change(told.resources(PLAIN)["bucket"])
    found = client.get_bucket_notification_configuration(Bucket=bucket.name)
    assert ([each["Id"] for each in found["QueueConfigurations"]], "TopicConfigurations" in found) == (
        ["theirs"],
        False,
    )


def test_a_target_that_does_not_let_the_bucket_yet_is_waited_for(told: Account, monkeypatch: Any) -> None:
    told.create(PLAIN)
    client = told.client("s3")
    error = {"Code": "InvalidArgument", "Message": "Unable to validate the following destination configurations"}

    def refuse(**_: Any) -> None:
        raise client.exceptions.ClientError({"Error": error}, "PutBucketNotificationConfiguration")

    monkeypatch.setattr(client, "put_bucket_notification_configuration", refuse)
    with pytest.raises(CloudBusyError):
        told.change(told.resources(TOLD)["bucket"])


def test_a_bucket_to_take_over_is_found_by_its_arn(account: Account) -> None:
    where = {"LocationConstraint": account.place.region}
    account.client("s3").create_bucket(Bucket="made-by-hand", CreateBucketConfiguration=where)
    live = account.look(account.resources(PLAIN)["bucket"], arn="arn:aws:s3:::made-by-hand")
    assert live is not None
    assert (live.handle, live.tags) == ("made-by-hand", {})
