"""What the operator's roles may do: no more than a BindingPolicy says, and all that the adapter calls."""

import pytest

from trimtab.api.bindingpolicy import EXTERNAL
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.policy import IdentityPolicy
from trimtab.domain.binding.policies.administration import of_operator, of_role
from trimtab.domain.binding.service import Statement

ROLE = "arn:aws:iam::123456789012:role/trimtab-shop"
UNBOUNDED = {
    "iam:SimulatePrincipalPolicy",  # on the role itself
    "cloudwatch:PutMetricAlarm",  # on those of autoscaling, whose names are AWS's
    "cloudwatch:DeleteAlarms",
    "sns:GetSubscriptionAttributes",  # IAM knows no resource for subscriptions
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
}
BOUNDARY = "arn:aws:iam::123456789012:policy/workloads"


def grant(*services: str, adoptable: tuple[str, ...] = (), keys: tuple[str, ...] = (), mode: str = "None") -> Grant:
    return Grant(
        policy="shops",
        role_arn=ROLE,
        external_id="",
        region="eu-central-1",
        cluster="cluster-7",
        namespace="shop",
        services=frozenset(services),
        prefix="shop-",
        adoptable=adoptable,
        kms_keys=keys,
        identity=IdentityPolicy(mode=mode, boundary=BOUNDARY if mode != "None" else ""),  # type: ignore[arg-type]
    )


def named(statements: tuple[Statement, ...], action: str) -> set[str]:
    """All resources on which the action is allowed."""
    return {resource for each in statements if action in each.actions for resource in each.resources}


@pytest.mark.parametrize("service", EXTERNAL)
def test_every_right_on_a_service_is_bounded_by_the_prefix_or_a_condition(service: str) -> None:
    unbounded = [
        each
        for each in of_role(grant(service, keys=("alias/shop-*", "*")))
        if not each.conditions
        and not all("shop-" in resource for resource in each.resources)
        and not all(action.rpartition(":")[2].startswith(("Describe", "List", "Get")) for action in each.actions)
    ]
    assert {action for each in unbounded for action in each.actions} <= UNBOUNDED


@pytest.mark.parametrize("service", EXTERNAL)
def test_no_right_is_a_wildcard(service: str) -> None:
    for each in of_role(grant(service, mode="PodIdentity")):
        assert each.actions
        assert not [action for action in each.actions if "*" in action]


def test_services_that_the_policy_does_not_name_get_no_rights() -> None:
    services = {action.partition(":")[0] for each in of_role(grant("sqs")) for action in each.actions}
    assert services == {"sqs", "tag", "iam"}


def test_what_may_be_taken_over_may_be_changed_but_not_made() -> None:
    legacy = "arn:aws:sqs:eu-central-1:123456789012:legacy-*"
    statements = of_role(grant("sqs", "dynamodb", adoptable=(legacy, "arn:aws:dynamodb:*:*:table/old-*")))
    assert legacy in named(statements, "sqs:SetQueueAttributes")
    assert legacy not in named(statements, "sqs:CreateQueue")
    assert legacy not in named(statements, "dynamodb:UpdateTable")
    assert "arn:aws:dynamodb:*:*:table/old-*" in named(statements, "dynamodb:UpdateTable")


@pytest.mark.parametrize(
    ("pattern", "resource", "alias"),
    [
        ("alias/shop-*", "arn:aws:kms:*:123456789012:key/*", "alias/shop-*"),
        ("1234abcd-*", "arn:aws:kms:*:123456789012:key/1234abcd-*", ""),
        ("key/1234abcd-*", "arn:aws:kms:*:123456789012:key/1234abcd-*", ""),
        ("arn:aws:kms:eu-central-1:999999999999:key/12*", "arn:aws:kms:eu-central-1:999999999999:key/12*", ""),
        ("arn:aws:kms:*:999999999999:alias/a", "arn:aws:kms:*:999999999999:key/*", "alias/a"),
        ("arn:aws:kms:eu-central-1:*", "arn:aws:kms:eu-central-1:*:key/*", ""),
    ],
)
@pytest.mark.parametrize(
    ("service", "through", "least"),
    [
        ("dynamodb", "dynamodb.*.amazonaws.com*", {"kms:CreateGrant", "kms:DescribeKey", "kms:Decrypt"}),
        ("secretsManager", "secretsmanager.*.amazonaws.com*", {"kms:GenerateDataKey", "kms:Decrypt", "kms:Encrypt"}),
    ],
)
def test_keys_that_the_policy_names_are_used_through_the_service_alone(
    pattern: str, resource: str, alias: str, service: str, through: str, least: set[str]
) -> None:
    (use,) = (each for each in of_role(grant(service, keys=(pattern,))) if "kms:Decrypt" in each.actions)
    assert least <= set(use.actions)
    assert use.resources == (resource,)
    conditions = dict(use.conditions or {})
    assert conditions.pop("StringLike") == {"kms:ViaService": through}
    assert conditions == ({"ForAnyValue:StringLike": {"kms:ResourceAliases": alias}} if alias else {})


@pytest.mark.parametrize("service", ["sqs", "sns", "s3"])
def test_services_that_use_no_key_in_the_operators_name_need_no_right_on_it(service: str) -> None:
    statements = of_role(grant(service, keys=("*",)))
    assert not [action for each in statements for action in each.actions if action.startswith("kms:")]


def test_roles_of_workloads_are_made_below_the_path_and_inside_the_boundary_only() -> None:
    statements = of_role(grant("sqs", mode="IRSA"))
    (making,) = (each for each in statements if "iam:CreateRole" in each.actions)
    assert making.resources == ("arn:aws:iam::123456789012:role/trimtab/shop-*",)
    assert making.conditions == {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    assert {"iam:PutRolePolicy", "iam:AttachRolePolicy"} <= set(making.actions)
    assert named(statements, "iam:CreatePolicy") == {"arn:aws:iam::123456789012:policy/trimtab/shop-*"}
    assert not named(statements, "eks:CreatePodIdentityAssociation")
    assert not named(statements, "iam:PassRole")


def test_roles_are_passed_to_eks_alone() -> None:
    (passing,) = (each for each in of_role(grant("sqs", mode="PodIdentity")) if "iam:PassRole" in each.actions)
    assert passing.resources == ("arn:aws:iam::123456789012:role/trimtab/shop-*",)
    assert passing.conditions == {"StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}}


def test_the_operator_itself_may_only_assume_and_listen() -> None:
    assert {action for each in of_operator([ROLE]) for action in each.actions} == {"sts:AssumeRole", "sts:TagSession"}
    queue = "arn:aws:sqs:eu-central-1:123456789012:changes"
    statements = of_operator([ROLE], queue)
    assert named(statements, "sts:AssumeRole") == {ROLE}
    for action in ("sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:DeleteMessage"):
        assert named(statements, action) == {queue}
