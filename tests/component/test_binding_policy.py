"""The reconciler of BindingPolicies: what the role lacks, and what was left behind in AWS."""

from typing import Any

import pytest
from tests.component.binding_world import (
    ACCOUNT,
    BINDING,
    POLICY,
    QUEUE,
    REGION,
    BindingWorld,
    binding,
    binding_policy,
    bound,
)

from trimtab.adapters.memory.iam import MemoryIam
from trimtab.adapters.memory.roles import MemoryRoles
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.outcome import Done, Outcome, Waiting
from trimtab.ports.cloud import CloudDeniedError, CloudThrottledError, CloudUnavailableError
from trimtab.ports.cluster import UnavailableError
from trimtab.reconcilers.policy import FRESH, PolicyReconciler
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.run import Run

KEY = Key("BindingPolicy", "", "shops")
SECOND = Key("ServiceBinding", "shop", "second")


class Sweeper:
    """The reconciler of policies in a world of bindings."""

    def __init__(self, world: BindingWorld) -> None:
        self.world = world
        identity = ClusterIdentity(id=world.id)
        self.reconciler = PolicyReconciler(
            world.cluster,
            world.cloud,
            MemoryRoles(MemoryIam(), world.clock),
            world.recorder,
            world.clock,
            lambda: identity,
            draw=lambda: 0.5,
        )

    async def run(self) -> Outcome:
        return await self.reconciler.reconcile(Run(KEY))

    async def later(self, seconds: float = 600) -> None:
        self.world.clock.advance(seconds)
        await self.run()

    def status(self) -> dict[str, Any]:
        return self.world.status(POLICY)


def abandon(world: BindingWorld) -> None:
    """Somebody takes the finalizer away: the queue has no binding any more."""
    world.edit(lambda obj: obj["metadata"].pop("finalizers"))
    world.delete()
    assert world.server.get(BINDING) is None


async def test_a_policy_in_force_counts_its_bindings_and_rests() -> None:
    world = await bound()
    sweeper = Sweeper(world)
    assert await sweeper.run() == Done()
    assert world.condition("Ready", POLICY) == ("True", "InForce")
    assert sweeper.status()["bindings"] == 1
    assert "orphans" not in sweeper.status()
    before = len(world.server.history), world.cloud.looks
    await sweeper.run()
    assert (len(world.server.history), world.cloud.looks) == before
    await sweeper.later()
    assert len(world.server.history) == before[0], "a sweep that finds nothing new writes nothing"


async def test_bindings_that_come_and_go_are_counted_at_once_and_aws_is_not_asked() -> None:
    world = await bound()
    sweeper = Sweeper(world)
    await sweeper.run()
    asked = world.cloud.lists
    world.server.create(binding("second", **QUEUE))
    await world.settle(SECOND)
    await sweeper.run()
    assert sweeper.status()["bindings"] == 2
    assert world.condition("Ready", POLICY) == ("True", "InForce")
    abandon(world)
    await sweeper.run()
    assert sweeper.status()["bindings"] == 1
    assert world.cloud.lists == asked


async def test_bindings_that_come_and_go_do_not_put_off_the_next_survey() -> None:
    world = await bound()
    sweeper = Sweeper(world)
    await sweeper.run()
    world.clock.advance(FRESH - 10)
    outcome = await sweeper.run()
    assert isinstance(outcome, Waiting)
    assert outcome.after == pytest.approx(10)


async def test_a_policy_in_trouble_rests_whoever_wakes_it_and_counts_its_bindings_still() -> None:
    world = await bound()
    sweeper = Sweeper(world)
    world.cloud.failing = [CloudUnavailableError("503")]
    outcome = await sweeper.run()
    assert isinstance(outcome, Waiting)
    world.server.create(binding("second", **QUEUE))
    await world.settle(SECOND)
    lists, writes = world.cloud.lists, len(world.server.history)
    world.cloud.failing = [CloudUnavailableError("asked though it rests")]
    for _ in range(3):
        assert await sweeper.run() == outcome
    assert (world.cloud.lists, len(world.cloud.failing)) == (lists, 1)
    assert len(world.server.history) == writes + 1, "the number of bindings, once"
    assert sweeper.status()["bindings"] == 2
    assert world.condition("Ready", POLICY) == ("Unknown", "CloudUnavailable")
    world.cloud.failing.clear()
    await sweeper.later(outcome.after)
    assert world.condition("Ready", POLICY) == ("True", "InForce")


@pytest.mark.parametrize("change", ["spec", "nonce"])
async def test_a_policy_in_trouble_that_somebody_changes_is_looked_at_at_once(change: str) -> None:
    world = await bound()
    sweeper = Sweeper(world)
    world.cloud.failing = [CloudDeniedError("no", action="tag:GetResources")]
    await sweeper.run()
    if change == "spec":
        world.edit(lambda obj: obj["spec"].update(externalID="shop"), POLICY)
    else:
        world.edit(lambda obj: obj["metadata"].update(annotations={"trimtab.dev/reconcile": "1"}), POLICY)
    assert await sweeper.run() == Done()
    assert world.condition("Ready", POLICY) == ("True", "InForce")


def condemn(world: BindingWorld) -> str:
    """Its deletion was begun when the finalizer was taken away: the ARN of what is left."""
    abandon(world)
    only = world.queue()
    only.tags = {**(only.tags or {}), "trimtab.dev/deleting": "2026-01-01T00:00:00Z"}
    return only.arn


@pytest.mark.parametrize("policy", ["Report", "Delete"])
async def test_an_orphan_is_told_and_deleted_only_if_it_was_to_go_and_the_policy_says_so(policy: str) -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.edit(lambda obj: obj["spec"].update(orphans=policy), POLICY)
    arn = condemn(world)
    sweeper = Sweeper(world)
    await sweeper.run()
    assert [each["arn"] for each in sweeper.status()["orphans"]] == [arn]
    assert world.events().count("OrphansFound") == 1
    assert len(world.queues()) == 1, "what was found just now may have an owner that nobody has seen yet"
    await sweeper.later()
    assert len(world.queues()) == (1 if policy == "Report" else 0)
    assert ("orphans" in sweeper.status()) == (policy == "Report")
    assert world.events().count("OrphansFound") == 1


async def test_what_nobody_began_to_delete_is_deleted_by_no_sweep() -> None:
    """A finalizer that was taken away, a rebuilt cluster, a binding let go while AWS could not be told."""
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.edit(lambda obj: obj["spec"].update(orphans="Delete"), POLICY)
    abandon(world)
    sweeper = Sweeper(world)
    for _ in range(4):
        await sweeper.later()
    assert len(world.queues()) == 1
    assert sweeper.status()["orphans"]


@pytest.mark.parametrize(
    "other",
    [
        {"orphans": "Report"},
        {"orphans": "Report", "namePrefix": "shop-shop-"},
        {"roleARN": "not an ARN"},
    ],
    ids=["same prefix", "longer prefix", "not to be understood"],
)
async def test_a_policy_does_not_delete_what_another_one_only_reports(other: dict[str, Any]) -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.edit(lambda obj: obj["spec"].update(orphans="Delete"), POLICY)
    world.server.create(binding_policy("others", **other))
    condemn(world)
    sweeper = Sweeper(world)
    for _ in range(3):
        await sweeper.later()
    assert len(world.queues()) == 1


async def test_no_orphan_is_deleted_while_bindings_may_not_be_seen() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.edit(lambda obj: obj["spec"].update(orphans="Delete"), POLICY)
    condemn(world)
    world.server.ending["ServiceBinding"] = True
    sweeper = Sweeper(world)
    for _ in range(3):
        await sweeper.later()
    assert len(world.queues()) == 1


async def test_no_orphan_is_deleted_while_nobody_says_whether_the_crd_of_bindings_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.edit(lambda obj: obj["spec"].update(orphans="Delete"), POLICY)
    condemn(world)

    async def unknown(_kind: str) -> bool:
        raise UnavailableError("no answer")

    monkeypatch.setattr(world.cluster, "ending", unknown)
    sweeper = Sweeper(world)
    await sweeper.later()  # found just now: nothing is asked yet
    for _ in range(2):
        with pytest.raises(UnavailableError):
            await sweeper.later()
    assert len(world.queues()) == 1


@pytest.mark.parametrize("kept", ["Retain", None], ids=["Retain", "default of a queue"])
async def test_what_holds_data_is_never_deleted_by_a_sweep(kept: str | None) -> None:
    world = await bound(**QUEUE, **({"deletionPolicy": kept} if kept else {}))
    world.edit(lambda obj: obj["spec"].update(orphans="Delete"), POLICY)
    abandon(world)
    sweeper = Sweeper(world)
    for _ in range(3):
        await sweeper.later()
    assert len(world.queues()) == 1
    assert sweeper.status()["orphans"]


async def test_what_was_retained_is_no_orphan() -> None:
    world = await bound(**QUEUE, deletionPolicy="Retain")
    world.delete()
    await world.settle()
    sweeper = Sweeper(world)
    await sweeper.run()
    assert [each["binding"] for each in sweeper.status()["retained"]] == ["orders-in"]
    assert "orphans" not in sweeper.status()


async def test_a_list_that_cannot_be_read_whole_says_nothing() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.edit(lambda obj: obj["spec"].update(orphans="Delete"), POLICY)
    abandon(world)
    sweeper = Sweeper(world)
    await sweeper.run()
    before = sweeper.status()["orphans"]
    world.cloud.failing = [CloudThrottledError("slow down")]
    world.clock.advance(600)
    assert isinstance(await sweeper.run(), Waiting)
    assert sweeper.status()["orphans"] == before
    assert world.condition("Ready", POLICY) == ("Unknown", "Throttled")
    assert len(world.queues()) == 1


async def test_a_binding_that_no_watch_has_told_of_is_no_orphan() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.edit(lambda obj: obj["spec"].update(orphans="Delete"), POLICY)
    abandon(world)
    world.cluster.stale = True
    world.server.create(binding(**QUEUE, deletionPolicy="Delete"))
    sweeper = Sweeper(world)
    for _ in range(3):
        await sweeper.later()
    assert len(world.queues()) == 1
    assert "orphans" not in sweeper.status()


async def test_other_clusters_and_strangers_are_left_alone() -> None:
    world = BindingWorld()
    world.edit(lambda obj: obj["spec"].update(orphans="Delete"), POLICY)
    tags = {
        "trimtab.dev/cluster": "another",
        "trimtab.dev/namespace": "shop",
        "trimtab.dev/binding": "gone",
        "trimtab.dev/uid": "1",
        "trimtab.dev/kind": "sqs/queue",
        "trimtab.dev/deletion-policy": "Delete",
    }
    ours = {**tags, "trimtab.dev/cluster": world.id}
    world.aws.place((ACCOUNT, REGION, "sqs/queue", "shop-a"), tags=tags)
    world.aws.place((ACCOUNT, REGION, "sqs/queue", "another-prefix-b"), tags=ours)
    world.aws.place((ACCOUNT, REGION, "sqs/queue", "shop-given"), tags={**ours, "trimtab.dev/transfer-to": "x"})
    world.aws.place((ACCOUNT, REGION, "sqs/queue", "shop-c"), tags={"team": "other"})
    sweeper = Sweeper(world)
    for _ in range(3):
        await sweeper.later()
    assert len(world.queues()) == 4
    assert world.aws.history == []


async def test_missing_rights_are_named_until_they_are_there() -> None:
    world = BindingWorld()
    world.aws.lacks = {"sqs:TagQueue", "sqs:DeleteQueue"}
    sweeper = Sweeper(world)
    await sweeper.run()
    assert world.condition("PermissionsMissing", POLICY) == ("True", "PermissionsMissing")
    assert sweeper.status()["missingActions"] == ["sqs:DeleteQueue", "sqs:TagQueue"]
    world.aws.lacks.clear()
    await sweeper.later()
    assert world.condition("PermissionsMissing", POLICY) == ("", "")


async def test_a_role_that_may_not_ask_says_so() -> None:
    world = BindingWorld()
    world.aws.blind = True
    await Sweeper(world).run()
    assert world.condition("PermissionsMissing", POLICY) == ("Unknown", "PermissionsUnknown")
    assert world.condition("Ready", POLICY) == ("True", "InForce")


async def test_a_policy_that_cannot_be_understood_says_so_and_permits_nothing() -> None:
    world = BindingWorld()
    world.edit(lambda obj: obj["spec"].pop("roleARN"), POLICY)
    await Sweeper(world).run()
    assert world.condition("Ready", POLICY) == ("False", "InvalidSpec")
    world.server.create(binding())
    await world.settle()
    assert world.condition("Ready") == ("False", "PolicyDenied")


async def test_an_outage_has_its_pace() -> None:
    world = BindingWorld()
    world.cloud.failing = [CloudUnavailableError("503")]
    sweeper = Sweeper(world)
    outcome = await sweeper.run()
    assert isinstance(outcome, Waiting)
    assert world.condition("Ready", POLICY) == ("Unknown", "CloudUnavailable")
    world.clock.advance(outcome.after)
    assert await sweeper.run() == Done()
    assert world.condition("Ready", POLICY) == ("True", "InForce")


async def test_an_outage_takes_nothing_back_that_was_told() -> None:
    world = BindingWorld()
    world.aws.lacks = {"sqs:TagQueue"}
    sweeper = Sweeper(world)
    await sweeper.run()
    assert sweeper.status()["missingActions"] == ["sqs:TagQueue"]
    world.cloud.failing = [CloudUnavailableError("503")]
    await sweeper.later()
    assert world.condition("Ready", POLICY) == ("Unknown", "CloudUnavailable")
    assert sweeper.status()["missingActions"] == ["sqs:TagQueue"]
    await sweeper.later()
    assert world.events().count("PermissionsMissing") == 1


async def test_what_cannot_be_deleted_or_looked_at_stops_nothing_else() -> None:
    world = await bound(**QUEUE, deletionPolicy="Delete")
    world.edit(lambda obj: obj["spec"].update(orphans="Delete"), POLICY)
    world.aws.lacks = {"sqs:TagQueue"}
    arn = condemn(world)
    denied = CloudDeniedError("an explicit deny", action="sqs:DeleteQueue")
    world.cloud.refusing = lambda verb, resource: denied if verb == "delete" else None
    sweeper = Sweeper(world)
    for _ in range(3):
        await sweeper.later()
    assert world.condition("Ready", POLICY) == ("True", "InForce")
    assert [each["arn"] for each in sweeper.status()["orphans"]] == [arn]
    assert world.condition("PermissionsMissing", POLICY)[0] == "True"
