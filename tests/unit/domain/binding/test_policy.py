"""Default deny, and no field of a tenant's reaches beyond the policy."""

from typing import Any

import pytest

from trimtab.api.bindingpolicy import BindingPolicySpec
from trimtab.api.servicebinding import ServiceBindingSpec
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.policies.policy import Denial, Policy, permit

ROLE = "arn:aws:iam::123456789012:role/shop"
NAMESPACE = {"metadata": {"name": "shop", "labels": {"team": "shop"}}}
LEGACY = {"adoptable": ["arn:aws:sqs:*:*:legacy-*"]}
ARN = "arn:aws:sqs:eu-central-1:123456789012:legacy-orders"


def policy(name: str = "shops", **fields: Any) -> Policy:
    body = {
        "namespaceSelector": {"matchLabels": {"team": "shop"}},
        "services": ["sqs"],
        "regions": ["eu-central-1", "us-east-1"],
        "roleARN": ROLE,
        "namePrefix": "shop-",
        **fields,
    }
    return Policy(name=name, spec=BindingPolicySpec.model_validate(body))


def binding(name: str = "orders-in", at: str = "2026-01-01T00:00:00Z", **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": at}
    return {"metadata": metadata, "spec": {"sqs": {}, **spec}}


def asked(
    *policies: Policy, namespace: Any = NAMESPACE, others: Any = (), obj: Any = None, **spec: Any
) -> Grant | Denial:
    found = obj or binding(**spec)
    parsed = ServiceBindingSpec.model_validate(found["spec"])
    return permit(found, parsed, namespace, policies, others, "cluster-1")


def granted(*policies: Policy, **more: Any) -> Grant:
    found = asked(*policies, **more)
    assert isinstance(found, Grant), found
    return found


def denied(*policies: Policy, **more: Any) -> str:
    found = asked(*policies, **more)
    assert isinstance(found, Denial), found
    return found.message


def test_without_a_policy_nothing_is_permitted() -> None:
    assert "no BindingPolicy selects namespace shop" in denied()


@pytest.mark.parametrize("namespace", [None, {"metadata": {"name": "shop"}}, {"metadata": {"labels": {"team": "x"}}}])
def test_a_namespace_that_nobody_chose_has_nothing(namespace: Any) -> None:
    assert "no BindingPolicy selects" in denied(policy(), namespace=namespace)


def test_a_grant_is_the_policys_and_nothing_of_the_tenants() -> None:
    grant = granted(policy(externalID="ext"))
    assert (grant.role_arn, grant.external_id, grant.region) == (ROLE, "ext", "eu-central-1")
    assert (grant.prefix, grant.services, grant.cluster, grant.namespace) == (
        "shop-",
        frozenset({"sqs"}),
        "cluster-1",
        "shop",
    )
    assert grant.adopted == ""


@pytest.mark.parametrize(
    ("limits", "spec", "says"),
    [
        ({"services": ["secretsManager"]}, {}, "not sqs"),
        ({}, {"region": "eu-west-1"}, "not eu-west-1"),
        ({"deletionPolicies": ["Retain"]}, {"deletionPolicy": "Delete"}, "not Delete"),
        ({}, {"adopt": ARN}, f"lets nobody take over {ARN}"),
        (LEGACY, {"adopt": ARN.replace("123456789012", "999999999999")}, "lets nobody"),
        (LEGACY, {"adopt": ARN.replace("eu-central-1", "us-east-1")}, "lets nobody"),
        (LEGACY, {"adopt": "arn:aws:sqs:eu-central-1:123456789012:legacy-x:123456789012:payments"}, "lets nobody"),
        (LEGACY, {"adopt": "arn:aws:sqs:eu-central-1:123456789012:legacy-x/payments"}, "lets nobody"),
        (LEGACY, {"adopt": "arn:aws:sqs:eu-central-1:123456789012:legacy-*"}, "lets nobody"),
        ({"maxBindings": 0}, {}, "permits 0 bindings"),
        ({"limits": {"sqs": 0}}, {}, "permits 0 bindings of sqs"),
        ({}, {"sqs": {"kmsKeyID": "alias/payroll"}}, "KMS key alias/payroll"),
        ({"kmsKeys": ["alias/shop-*"]}, {"sqs": {"kmsKeyID": "alias/payroll"}}, "KMS key alias/payroll"),
    ],
)
def test_a_denial_says_what_is_missing(limits: dict[str, Any], spec: dict[str, Any], says: str) -> None:
    message = denied(policy(**limits), **spec)
    assert says in message
    assert "BindingPolicy shops" in message


@pytest.mark.parametrize(
    ("limits", "spec"),
    [
        ({}, {"region": "us-east-1"}),
        ({"adoptable": ["arn:aws:sqs:*:*:legacy-*"]}, {"adopt": ARN}),
        ({"kmsKeys": ["alias/shop-*"]}, {"sqs": {"kmsKeyID": "alias/shop-queues"}}),
        ({}, {"sqs": {"kmsKeyID": "alias/aws/sqs"}}),
        ({"deletionPolicies": ["Retain"]}, {}),
    ],
)
def test_what_a_policy_has_is_permitted(limits: dict[str, Any], spec: dict[str, Any]) -> None:
    granted(policy(**limits), **spec)


def test_the_first_by_name_that_permits_holds() -> None:
    narrow, wide = policy("a", services=["secretsManager"]), policy("b", namePrefix="other-")
    assert granted(wide, narrow).policy == "b"
    assert granted(policy("c"), policy("b", namePrefix="b-")).prefix == "b-"


def test_all_that_fail_are_told() -> None:
    message = denied(
        policy("a", services=["secretsManager"]), policy("b", regions=["us-east-1"]), region="eu-central-1"
    )
    assert "BindingPolicy a" in message
    assert "BindingPolicy b" in message


def test_the_oldest_count_first() -> None:
    old, new = binding("old", "2026-01-01T00:00:00Z"), binding("new", "2026-01-02T00:00:00Z")
    limited = policy(maxBindings=1)
    granted(limited, obj=old, others=[new])
    assert "1 are older" in denied(limited, obj=new, others=[old])


def test_a_secret_that_exists_counts_against_no_limit() -> None:
    old = {**binding("old"), "spec": {"secret": {"name": "legacy"}}}
    granted(policy(maxBindings=1), obj=binding("new", "2026-01-02T00:00:00Z"), others=[old])


def test_who_is_being_deleted_needs_no_place_any_more() -> None:
    obj = binding()
    obj["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    granted(policy(maxBindings=0), obj=obj)


def test_the_region_in_which_it_was_made_stays() -> None:
    obj = {**binding(), "status": {"region": "us-east-1"}}
    assert granted(policy(), obj=obj).region == "us-east-1"
    obj["status"] = {"region": "ap-south-1"}
    assert "not ap-south-1" in denied(policy(), obj=obj)
