"""What moto does otherwise than AWS, as far as the operator's calls meet it: corrected here, on moto's own classes.

Run as a program, it is moto's server with these corrections, with the arguments of `moto_server`.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def correct() -> None:
    """Corrects moto in this process. A second call changes nothing."""
    _correct_queues()
    _correct_secrets()
    _correct_tables()
    _correct_tags_of_tables()
    _correct_scaling()
    _correct_buckets()
    _correct_topics()
    _correct_tagging()
    _correct_simulation()


def _correct_queues() -> None:
    """RedriveAllowPolicy is unknown to moto; and any change of an attribute drops the policy."""
    from moto.sqs.models import Queue

    Queue.BASE_ATTRIBUTES.append("RedriveAllowPolicy")
    Queue.redrive_allow_policy = None  # type: ignore[attr-defined]
    read: Callable[[Queue], dict[str, Any]] = Queue.attributes.fget  # type: ignore[attr-defined]
    write = Queue._set_attributes

    def attributes(self: Queue) -> dict[str, Any]:
        return {name: value for name, value in read(self).items() if value not in (None, "")}

    def set_attributes(self: Queue, attributes: dict[str, Any], now: float | None = None) -> None:
        kept = getattr(self, "policy", None)
        write(self, {"Policy": kept, **attributes}, now)

    Queue.attributes = property(attributes)  # type: ignore[method-assign,assignment]
    Queue._set_attributes = set_attributes  # type: ignore[method-assign]


def _correct_secrets() -> None:
    """A description cannot be taken away."""
    from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

    write = SecretsManagerBackend.update_secret

    def update_secret_truly(self: SecretsManagerBackend, secret_id: str, *rest: Any, **changes: Any) -> str:
        answer = write(self, secret_id, *rest, **changes)
        secret = self.secrets[secret_id]
        if changes.get("description") == "" and isinstance(secret, FakeSecret):
            secret.description = None
        return answer

    SecretsManagerBackend.update_secret = update_secret_truly  # type: ignore[method-assign]


def _correct_tags_of_tables() -> None:
    """A tag is added once more, and not replaced, if its key is there already."""
    from moto.dynamodb.models import DynamoDBBackend

    add = DynamoDBBackend.tag_resource

    def tag_resource(self: DynamoDBBackend, arn: str, tags: dict[str, str]) -> None:
        self.untag_resource(arn, list(tags))
        add(self, arn, tags)

    DynamoDBBackend.tag_resource = tag_resource  # type: ignore[method-assign]


def _correct_tables() -> None:
    """A change of encryption is ignored; a stream that was disabled cannot be enabled again."""
    from moto.dynamodb.models.table import Table
    from moto.dynamodb.responses import DynamoHandler

    update, stream = DynamoHandler.update_table, Table.set_stream_specification

    def update_table_truly(self: DynamoHandler) -> Any:
        if "SSESpecification" in self.body:
            self.dynamodb_backend.get_table(self.body["TableName"]).sse_specification = self.body["SSESpecification"]
        return update(self)

    def set_stream_specification(self: Table, streams: dict[str, Any] | None) -> None:
        if not (streams or {}).get("StreamEnabled"):
            self.latest_stream_label = None
        stream(self, streams)

    DynamoHandler.update_table = update_table_truly  # type: ignore[method-assign]
    Table.set_stream_specification = set_stream_specification  # type: ignore[method-assign]


def _correct_scaling() -> None:
    """What is not there cannot be taken away, but under another code."""
    from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
    from moto.core.exceptions import JsonRESTError

    remove = ApplicationAutoscalingBackend.deregister_scalable_target

    def deregister(self: ApplicationAutoscalingBackend, namespace: str, r_id: str, dimension: str) -> None:
        if not self._scalable_target_exists(r_id, dimension):
            raise JsonRESTError("ObjectNotFoundException", f"No scalable target {r_id}")
        remove(self, namespace, r_id, dimension)

    ApplicationAutoscalingBackend.deregister_scalable_target = deregister  # type: ignore[method-assign]


def _correct_buckets() -> None:
    """Conditions of a bucket's policy are ignored, so that a refusal of what is not TLS is one of everything."""
    from moto.s3.models import FakeBucket

    judge = FakeBucket.get_permission

    def get_permission(self: FakeBucket, action: str, resource: str) -> Any:
        whole = self.policy
        if whole is None:
            return judge(self, action, resource)
        policy = json.loads(whole)
        policy["Statement"] = [each for each in policy["Statement"] if "Condition" not in each]
        self.policy = json.dumps(policy).encode()
        try:
            return judge(self, action, resource)
        finally:
            self.policy = whole

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]


def _correct_topics() -> None:
    """A topic that exists with other tags is given to whoever creates it."""
    from moto.sns.exceptions import SNSInvalidParameter
    from moto.sns.models import SNSBackend, Topic

    create = SNSBackend.create_topic

    def create_topic(
        self: SNSBackend, name: str, attributes: dict[str, str] | None = None, tags: dict[str, str] | None = None
    ) -> Topic:
        there = next((topic for arn, topic in self.topics.items() if arn.endswith(f":{name}")), None)
        if there is not None and tags and there._tags != tags:
            raise SNSInvalidParameter("Invalid parameter: Tags Reason: Topic already exists with different tags")
        return create(self, name, attributes, tags)

    SNSBackend.create_topic = create_topic  # type: ignore[method-assign]


def _correct_tagging() -> None:
    """A page of tagged resources ends after 100 tags in moto; in AWS only if TagsPerPage asks for that."""
    from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend as Tagging

    whole = Tagging.get_resources

    def get_resources(self: Tagging, *rest: Any, **asked: Any) -> Any:
        return whole(self, *rest, **asked | {"tags_per_page": 1_000_000})

    Tagging.get_resources = get_resources  # type: ignore[method-assign]


def _correct_simulation() -> None:
    """SimulatePrincipalPolicy is unknown. moto lets every role do everything, and so it says."""
    from moto.core.responses import ActionResult
    from moto.iam.responses import IamResponse

    def simulate_principal_policy(self: IamResponse) -> ActionResult:
        asked = self._get_param("ActionNames", [])
        allowed = [{"EvalActionName": name, "EvalDecision": "allowed"} for name in asked]
        return ActionResult({"EvaluationResults": allowed, "IsTruncated": False})

    IamResponse.simulate_principal_policy = simulate_principal_policy  # type: ignore[attr-defined]


if __name__ == "__main__":
    from moto.server import main

    correct()
    main()
