"""The real port keeps its contract against an emulator, and its lists are whole."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import pytest
from tests.component.contracts.cloud import TAGS, CloudContract, World, grant, queue
from tests.support.aws import Aws, Proxy
from tests.support.aws_faults import any_call, calls, every_answer_lost_once, times
from tests.support.aws_wire import Answer, Call, denied, throttled

from trimtab.adapters.aws import clients, simulation, tagging
from trimtab.adapters.aws.access import AwsAccess
from trimtab.adapters.aws.cloud import AwsCloud
from trimtab.adapters.memory.lease import MemoryLease
from trimtab.domain.binding.policies.rights import key_upkeep
from trimtab.domain.binding.service import Statement
from trimtab.ports.cloud import CloudError, CloudThrottledError, CloudUnavailableError


class EmulatedWorld:
    """See World. moto cannot simulate policies, so that one answer is ours."""

    def __init__(self, aws: Aws, proxy: Proxy) -> None:
        self.lease = MemoryLease(time.monotonic)
        self.lacks: set[str] = set()
        self._aws, self._proxy = aws, proxy
        proxy.faults.append(self._simulate)

    def place(self, name: str, tags: Mapping[str, str]) -> str:
        client = self._aws.client("sqs")
        url = client.create_queue(QueueName=name, tags=dict(tags))["QueueUrl"]
        return str(client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])

    def throttle(self) -> None:
        self._proxy.faults.append(_but_sts(times(1, any_call, throttled)))

    def lose(self) -> None:
        self._proxy.faults.append(every_answer_lost_once())

    def pages_of(self, size: int) -> AbstractContextManager[None]:
        return self._aws.pages_of(size)

    def lack(self, actions: Iterable[str]) -> None:
        self.lacks |= set(actions)

    def blind(self) -> None:
        self._proxy.faults.insert(0, times(1, calls("SimulatePrincipalPolicy"), denied))

    def end_lease(self) -> None:
        self.lease.until = 0.0

    @property
    def sent(self) -> int:
        return len(self._proxy.calls)

    def _simulate(self, call: Call, proceed: Any) -> Answer | None:
        """One result a page."""
        if call.operation != "SimulatePrincipalPolicy":
            return None
        asked = parse_qs(call.body.decode())
        actions = [asked[f"ActionNames.member.{at}"][0] for at in range(1, 20) if f"ActionNames.member.{at}" in asked]
        at = int(asked.get("Marker", ["0"])[0])
        decision = "implicitDeny" if actions[at] in self.lacks else "allowed"
        member = f"<EvalActionName>{actions[at]}</EvalActionName><EvalDecision>{decision}</EvalDecision>"
        more = f"<IsTruncated>true</IsTruncated><Marker>{at + 1}</Marker>" if at + 1 < len(actions) else ""
        inner = f"<EvaluationResults><member>{member}</member></EvaluationResults>{more}"
        result = f"<SimulatePrincipalPolicyResult>{inner}</SimulatePrincipalPolicyResult>"
        text = f"<SimulatePrincipalPolicyResponse>{result}</SimulatePrincipalPolicyResponse>"
        return Answer(200, text.encode(), {"Content-Type": "text/xml"})


def _but_sts(fault: Any) -> Any:
    return lambda call, proceed: None if call.service == "sts" else fault(call, proceed)


@pytest.fixture
def world(aws: Aws, aws_proxy: Proxy) -> EmulatedWorld:
    return EmulatedWorld(aws, aws_proxy)


@pytest.fixture
def cloud(world: EmulatedWorld) -> Iterator[AwsCloud]:
    access = AwsAccess(world.lease, make=partial(clients.make, attempts=1))
    yield AwsCloud(access)
    access.close()


class TestAwsCloud(CloudContract):
    """The contract, over HTTP."""


@pytest.mark.parametrize("page", [1, 2, 3])
async def test_a_list_of_which_one_page_is_missing_is_none(
    cloud: AwsCloud, world: World, aws: Aws, aws_proxy: Proxy, page: int
) -> None:
    for number in range(3):
        await cloud.create(grant(), queue(f"acme-{number}"), TAGS)
    aws_proxy.forget()
    aws_proxy.faults.append(
        lambda call, _: throttled(call) if call.operation == "GetResources" and call.nth == page else None
    )
    with aws.pages_of(1), pytest.raises(CloudThrottledError):
        await cloud.tagged(grant(), {"trimtab.dev/cluster": "c1"})


class Pages:
    """A client of the tagging API that gives these pages."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self._pages = iter(pages)

    def get_resources(self, **_: Any) -> dict[str, Any]:
        return next(self._pages, {"ResourceTagMappingList": [], "PaginationToken": "for ever"})


@pytest.mark.parametrize(
    "pages",
    [
        ({},),
        ({"ResourceTagMappingList": [], "PaginationToken": "next"}, {}),
        ({"ResourceTagMappingList": [], "PaginationToken": "next"},),
    ],
    ids=["no list", "no list on the second page", "no end"],
)
def test_a_list_that_is_not_whole_is_none(pages: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(CloudUnavailableError):
        tagging.tagged(Pages(*pages), TAGS)


class Simulator:
    """A client of IAM that keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, _: str) -> "Simulator":
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        self.asked.append(request)
        return [{"EvaluationResults": [{"EvalActionName": "sqs:CreateQueue", "EvalDecision": "explicitDeny"}]}]


def test_a_simulated_call_is_of_a_resource_with_our_tags() -> None:
    iam = Simulator()
    statement = Statement(
        actions=("sqs:CreateQueue",),
        resources=("arn:aws:sqs:*:123456789012:acme-*", "arn:aws:s3:::acme-*", "*"),
        conditions={
            "Null": {"aws:RequestTag/trimtab.dev/cluster": "false"},
            "StringEquals": {"iam:PassedToService": "sns.amazonaws.com"},
        },
    )
    assert simulation.lacking(iam, grant(), [statement]) == {"sqs:CreateQueue"}
    (asked,) = iam.asked
    assert asked["ResourceArns"] == [
        "arn:aws:sqs:eu-central-1:123456789012:acme-trimtab",
        "arn:aws:s3:::acme-trimtab",
        "*",
    ]
    context = {each["ContextKeyName"]: each["ContextKeyValues"] for each in asked["ContextEntries"]}
    assert context["aws:RequestTag/trimtab.dev/cluster"]
    assert context["aws:ResourceTag/trimtab.dev/cluster"]
    assert context["aws:PrincipalTag/kubernetes-namespace"] == ["shop"]
    assert context["iam:PassedToService"] == ["sns.amazonaws.com"]


def test_the_right_on_a_key_is_simulated_as_a_use_through_the_service_by_an_alias() -> None:
    iam = Simulator()
    (use,) = key_upkeep(("alias/shop-*",), "arn:aws:kms:*:123456789012", "dynamodb", "kms:CreateGrant")
    simulation.lacking(iam, grant(), [use])
    (asked,) = iam.asked
    assert asked["ResourceArns"] == ["arn:aws:kms:eu-central-1:123456789012:key/trimtab"]
    context = {each["ContextKeyName"]: each for each in asked["ContextEntries"]}
    assert context["kms:ResourceAliases"]["ContextKeyType"] == "stringList"
    assert context["kms:ResourceAliases"]["ContextKeyValues"] == ["alias/shop-*"]
    assert context["kms:ViaService"]["ContextKeyType"] == "string"


async def test_a_failed_simulation_is_no_verdict(cloud: AwsCloud, aws_proxy: Proxy) -> None:
    aws_proxy.faults.insert(0, times(1, calls("SimulatePrincipalPolicy"), throttled))
    with pytest.raises(CloudError):
        await cloud.lacking(grant(), [Statement(actions=("sqs:CreateQueue",), resources=("*",))])
