"""What `trimtab plan` says of IAM roles, as people and programs read it."""

from typing import Any, get_args

import click
from tests.component.identity_world import BOUNDARY, CLUSTER, ROLE_PATH, grant

from trimtab.adapters.memory.clock import MemoryClock
from trimtab.adapters.memory.iam import MemoryIam
from trimtab.adapters.memory.roles import MemoryRoles
from trimtab.cli.plan import rolelines, text
from trimtab.cli.plan.asking import Asking
from trimtab.cli.plan.roles import RoleForecast, foretold
from trimtab.domain.binding.identity import steps
from trimtab.domain.binding.identity.contribution import Contribution
from trimtab.domain.binding.identity.document import Right
from trimtab.domain.binding.service import Statement
from trimtab.ports.cloud import CloudDeniedError

SERVICE = {"metadata": {"name": "orders", "namespace": "shop", "uid": "u-1"}, "spec": {}}
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:shop-shop-orders-in-g5tme2hiyb"
RECEIVE = Statement(actions=("sqs:DeleteMessage", "sqs:ReceiveMessage"), resources=(QUEUE,))


def asking(**others: Any) -> Asking:
    contributions = {"orders-in": Contribution(workloads=("orders",), grant=grant(), statements=(RECEIVE,))}
    return Asking(namespace="shop", service=SERVICE, **{"contributions": contributions, **others})


async def told(asked: Asking, iam: MemoryIam | None = None, **refusal: Any) -> RoleForecast:
    roles = MemoryRoles(iam or MemoryIam(), MemoryClock())
    roles.refuse = refusal.get("refuse")
    assert asked.grant is not None
    found = await foretold(asked, asked.grant, CLUSTER, roles)
    assert roles.steps == []
    return found


async def made(asked: Asking) -> MemoryIam:
    """IAM once all of it is done."""
    iam = MemoryIam()
    roles = MemoryRoles(iam, MemoryClock())
    for step in (await told(asked, iam)).steps:
        await roles.carry_out(grant(), step)
    return iam


def plain(found: RoleForecast) -> list[str]:
    """Its lines without colours."""
    return [click.unstyle(each) for each in rolelines.lines(found)]


async def test_a_new_role() -> None:
    found = await told(asking())
    assert plain(found) == [
        f"IAM role of Microservice shop/orders  {found.name}  PodIdentity",
        f"  + create role {ROLE_PATH}{found.name}, within the boundary",
        f"      {BOUNDARY}",
        "  ~ write inline policy trimtab",
        "  + associate ServiceAccount orders with it (EKS Pod Identity)",
        "  + allow sqs:DeleteMessage, sqs:ReceiveMessage on",
        f"      {QUEUE}",
    ]
    assert (found.result, found.refused, found.unseen) == ("created", False, False)


async def test_what_is_as_it_should_be_stays() -> None:
    found = await told(asking(), await made(asking()))
    assert found.result == "unchanged"
    assert plain(found)[-1] == "  = stays as it is"


async def test_rights_that_go_are_told_action_by_action() -> None:
    less = Statement(actions=("sqs:ReceiveMessage",), resources=(QUEUE,))
    contributions = {"orders-in": Contribution(workloads=("orders",), grant=grant(), statements=(less,))}
    found = await told(asking(contributions=contributions), await made(asking()))
    assert rolelines.summary(found)["removed"] == [
        {"resource": QUEUE, "actions": ["sqs:DeleteMessage"], "conditions": {}}
    ]
    assert (found.result, found.added) == ("changed", frozenset())


async def test_the_role_goes_with_the_last_binding() -> None:
    found = await told(asking(contributions={}, before=grant()), await made(asking()))
    assert (found.result, found.added) == ("deleted", frozenset())
    assert [type(each) for each in found.steps] == [steps.Dissociate, steps.DeleteInline, steps.DeleteRole]


async def test_nothing_goes_while_it_is_not_known_what_a_binding_asks_for() -> None:
    found = await told(asking(contributions={}, before=grant(), unknown=frozenset({"dark"})), await made(asking()))
    assert (found.result, found.steps, found.unseen) == ("unchanged", (), True)
    assert "? not seen: what ServiceBinding dark asks for" in "\n".join(plain(found))


async def test_a_role_stays_while_its_only_binding_is_waited_for() -> None:
    names = frozenset({"orders-in"})
    found = await told(asking(contributions={}, before=grant(), unknown=names, waiting=names))
    assert (found.result, found.steps, found.unseen) == ("unchanged", (), False)
    assert "… waits: the rights of ServiceBinding orders-in" in "\n".join(plain(found))


async def test_rights_of_what_is_not_bound_yet_follow() -> None:
    found = await told(asking(waiting=frozenset({"orders-in"})))
    assert "… waits: the rights of ServiceBinding orders-in" in "\n".join(plain(found))
    assert not found.unseen


async def test_a_right_to_look_that_is_lacking_is_named() -> None:
    found = await told(asking(), refuse=CloudDeniedError("no", action="iam:GetRole"))
    assert (found.result, found.unseen, found.refused) == ("unseen", True, False)
    assert plain(found)[-1] == "  ? not seen: CloudDenied: no (missing: iam:GetRole)"


async def test_bindings_under_another_policys_role_are_refused() -> None:
    other = grant(role_arn="arn:aws:iam::210987654321:role/other")
    contributions = {
        "a": Contribution(workloads=("orders",), grant=grant(), statements=(RECEIVE,)),
        "b": Contribution(workloads=("orders",), grant=other, statements=(RECEIVE,)),
    }
    found = await told(asking(contributions=contributions))
    assert (found.result, found.refused, found.reason) == ("created", True, "PolicyDenied")
    assert "one role cannot hold both" in " ".join(" ".join(plain(found)).split())


def test_conditions_of_a_right_are_told() -> None:
    right = Right(resource="*", conditions='{"StringEquals":{"kms:ViaService":["sqs"]}}', actions=("kms:Decrypt",))
    found = RoleForecast(
        namespace="shop", microservice="orders", grant=grant(), result="changed", added=frozenset({right})
    )
    assert plain(found)[1:] == ['  + allow kms:Decrypt on * (only if {"StringEquals":{"kms:ViaService":["sqs"]}})']


def test_no_line_is_wider_than_a_terminal_unless_a_word_is() -> None:
    long = "x" * 100
    wrapped = [click.unstyle(each) for each in text.line("!", f"{'word ' * 60}{long} end")]
    assert [len(each) <= text.WIDTH or each.split() == [long] for each in wrapped] == [True] * len(wrapped)


def test_every_step_is_told_but_the_end_of_an_old_version() -> None:
    assert set(get_args(steps.Step)) - rolelines.STEPS.keys() == {steps.DeleteVersion}
