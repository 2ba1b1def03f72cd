"""How `trimtab binding` shows ServiceBindings, and which exit codes they lead to."""

from datetime import UTC, datetime
from typing import Any

import click
import pytest

from trimtab.api.reasons import Reason
from trimtab.cli.binding.drawing import table, tree
from trimtab.cli.binding.exits import Exit, outcome
from trimtab.cli.binding.picture import Picture

NOW = datetime(2026, 1, 2, 3, 14, 5, tzinfo=UTC)
THEN = "2026-01-02T03:04:05Z"
ARN = "arn:aws:sqs:eu-central-1:123456789012:shop-shop-orders-in-g5tme2hiyb"
Object = dict[str, Any]


def condition(type_: str, status: str, reason: str, message: str = "") -> Object:
    return {"type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": THEN}


def binding(*conditions: Object, generation: int = 2, spec: Object | None = None, **status: Any) -> Object:
    """A ServiceBinding of a queue."""
    return {
        "metadata": {"name": "orders-in", "namespace": "shop", "generation": generation},
        "spec": {"sqs": {}, **(spec or {})},
        "status": {"observedGeneration": 2, "service": "sqs", "conditions": list(conditions), **status},
    }


BOUND = condition("Ready", "True", "Bound", "Secret orders-in-binding holds what the workload needs")


def refused(reason: str, message: str = "") -> Object:
    return binding(condition("Ready", "False", reason, message), condition("Stalled", "True", reason, message))


def drawn(found: Object, **around: Any) -> list[str]:
    shown = Picture(binding=found, **{"workloads": (), "users": (), "hidden": (), **around})
    return [click.unstyle(line) for line in tree(shown, NOW)]


def test_everything_is_in_the_tree() -> None:
    found = binding(
        BOUND,
        condition("Drifted", "True", "Drifted", "visibilityTimeout"),
        binding={"name": "orders-in-binding"},
        policy="shops",
        region="eu-central-1",
        account="123456789012",
        deletionPolicy="DeleteIfEmpty",
        resources=[
            {
                "key": "queue",
                "kind": "sqs/queue",
                "name": "shop-x",
                "arn": ARN,
                "state": "Active",
                "intent": {"verb": "Create", "at": THEN},
            },
            {"key": "deadLetter", "kind": "sqs/queue", "name": "shop-y"},
        ],
        drift=[
            {"key": "queue", "setting": "visibilityTimeout", "wanted": "30", "found": "60", "count": 2, "last": THEN}
        ],
        waitingFor=[{"kind": "sqs/queue", "name": "shop-y", "reason": "Creating", "message": "AWS is making it"}],
    )
    lines = drawn(found, workloads=("orders",), users=("Deployment/orders", "Pod/orders-x"), hidden=("Job",))
    assert lines == [
        "shop/orders-in  ✔ Bound  sqs  Secret orders-in-binding  policy shops  eu-central-1 123456789012",
        "Conditions",
        "├─ ✔ Ready         Bound: Secret orders-in-binding holds what the workload needs  10m ago",
        "└─ … Drifted       Drifted: visibilityTimeout  10m ago",
        "Waiting for",
        "└─ sqs/queue/shop-y  Creating: AWS is making it",
        "Resources",
        f"├─ sqs/queue  shop-x  Active  {ARN}  last: Create  10m ago",
        "└─ sqs/queue  shop-y  not there",
        "Drift",
        "└─ queue: visibilityTimeout should be 30 and was 60, changed back 2 times  10m ago",
        "Used by",
        "├─ Microservice/orders",
        "├─ Deployment/orders",
        "├─ Pod/orders-x",
        "└─ (you may not list Job)",
        "When deleted",
        "└─ DeleteIfEmpty: it is deleted if it holds nothing, else kept",
    ]


def test_what_nobody_has_looked_at_says_so() -> None:
    fresh = {
        "metadata": {"name": "a", "namespace": "shop", "generation": 1},
        "spec": {"sqs": {}},
        "status": {"observedGeneration": -1},
    }
    assert drawn(fresh) == ["shop/a  … not looked at yet  the last change has not been looked at yet"]
    assert outcome(fresh) is Exit.UNFINISHED


def test_a_protected_binding_says_why_it_stays() -> None:
    assert "└─ refused: spec.deletionProtection is true" in drawn(binding(BOUND, spec={"deletionProtection": True}))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (binding(BOUND), Exit.BOUND),
        (binding(BOUND, generation=3), Exit.UNFINISHED),
        (binding(condition("Ready", "False", "Creating")), Exit.UNFINISHED),
        (refused("PolicyDenied"), Exit.REFUSED),
        (binding(), Exit.UNFINISHED),
    ],
    ids=["bound", "changed-again", "creating", "refused", "no-conditions"],
)
def test_the_exit_code_says_how_it_is(found: Object, expected: Exit) -> None:
    assert outcome(found) is expected


def test_the_next_step_can_be_copied() -> None:
    taken = "arn:aws:sqs:eu-central-1:123456789012:orders"
    lines = drawn(refused(Reason.NOT_OURS, f"{taken} exists and carries no tags of ours; to take it over, ..."))
    assert lines[-1] == f"└─ trimtab binding adopt orders-in {taken} -n shop"
    assert "`adoptable`" in lines[-2], "without it, the policy refuses what is advised"
    lines = drawn(refused(Reason.NOT_OURS, f"{taken} belongs to ServiceBinding shop/a of cluster 7"))
    assert "adopt" not in lines[-1], "what is somebody's is not taken over"
    lines = drawn(refused(Reason.DRIFT_CONFLICT))
    assert (
        lines[-1]
        == "└─ kubectl annotate servicebinding orders-in -n shop --overwrite trimtab.dev/reconcile=$(date +%s)"
    )


def test_what_is_to_be_taken_over_and_is_not_there_is_not_said_to_be_made_anew() -> None:
    lines = drawn(refused(Reason.RESOURCE_MISSING, f"sqs/queue orders: there is no {ARN} to take over; ..."))
    assert "correct spec.adopt" in lines[-1]
    lines = drawn(refused(Reason.RESOURCE_MISSING, f"{ARN} was deleted elsewhere; spec.drift Report leaves it so"))
    assert "spec.drift: Remediate" in lines[-1]


@pytest.mark.parametrize(
    ("workload", "expected"),
    [
        ({"name": "ordres"}, "(there is no Microservice ordres in this namespace yet)"),
        (
            {"selector": {"tier": "web", "app": "a"}},
            "(no Microservice in this namespace has the labels app=a,tier=web yet)",
        ),
    ],
    ids=["name", "selector"],
)
def test_a_workload_that_is_not_there_is_named(workload: Object, expected: str) -> None:
    found = binding(BOUND, spec={"sqs": {}, "workload": workload})
    assert f"└─ {expected}" in drawn(found)
    assert expected not in "".join(drawn(found, hidden=("Microservice",))), "who may not list them cannot know"
    assert expected not in "".join(drawn(found, workloads=("orders",)))


@pytest.mark.parametrize("reason", [Reason.THROTTLED, Reason.CREATING, Reason.UPDATING, Reason.CLOUD_UNAVAILABLE])
def test_what_goes_on_by_itself_asks_for_nothing(reason: Reason) -> None:
    assert "Next" not in drawn(binding(condition("Ready", "False", reason)))


def test_many_are_a_table() -> None:
    one = binding(BOUND, binding={"name": "orders-in-binding"}, deletionPolicy="Retain")
    other = binding(
        condition("Ready", "False", "InUse"), waitingFor=[{"kind": "Deployment", "name": "orders", "reason": "InUse"}]
    )
    assert list(table([one, other])) == [
        "NAME       READY  REASON  SERVICE  SECRET             DELETION  WAITING-FOR",
        "orders-in  True   Bound   sqs      orders-in-binding  Retain",
        "orders-in  False  InUse   sqs                                   Deployment/orders",
    ]
