"""What every implementation of the port to AWS must do: the memory fake, and the real one against an emulator."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Protocol

import pytest

from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.resource import Change, Live, Resource, State
from trimtab.domain.binding.service import Statement
from trimtab.ports.cloud import (
    Cloud,
    CloudBusyError,
    CloudDeniedError,
    CloudExistsError,
    CloudLeaseLostError,
    CloudThrottledError,
    CloudUnavailableError,
)

ACCOUNT, REGION = "123456789012", "eu-central-1"
TAGS = {"trimtab.dev/cluster": "c1", "trimtab.dev/uid": "u1"}
FOREIGN = {"team": "shop"}


class World(Protocol):
    """The rest of AWS."""

    def place(self, name: str, tags: Mapping[str, str]) -> str:
        """Makes a queue as somebody else would: its ARN."""

    def throttle(self) -> None:
        """Answers the next call by saying that there were too many."""

    def lose(self) -> None:
        """Carries the next write out and loses the answer."""

    def pages_of(self, size: int) -> AbstractContextManager[None]:
        """Gives lists in pages."""

    def lack(self, actions: Iterable[str]) -> None:
        """Takes these rights from the role."""

    def blind(self) -> None:
        """Takes the right from the role to know what it lacks."""

    def end_lease(self) -> None:
        """Takes the leadership away."""

    @property
    def sent(self) -> int:
        """How many calls reached AWS, if that is known; else 0."""


def grant(**fields: Any) -> Grant:
    """Leave to keep queues whose names begin with `acme-`."""
    known: dict[str, Any] = {
        "policy": "shop",
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/trimtab-shop",
        "external_id": "",
        "region": REGION,
        "cluster": "c1",
        "namespace": "shop",
        "services": frozenset({"sqs"}),
        "prefix": "acme-",
    }
    return Grant(**known | fields)


def queue(name: str = "acme-orders", **settings: Any) -> Resource:
    """A queue with a setting or two."""
    return Resource(kind="sqs/queue", key="queue", name=name, settings={"visibilityTimeout": 45, **settings})


async def found(cloud: Cloud, resource: Resource, **fields: Any) -> Live:
    """The live resource, which must be there."""
    live = await cloud.look(grant(**fields), resource)
    assert live is not None
    return live


class CloudContract:
    """A subclass gives the fixtures `cloud` and `world`."""

    async def test_there_is_nothing_until_it_is_made(self, cloud: Cloud) -> None:
        assert await cloud.look(grant(), queue()) is None

    async def test_what_is_made_is_found_as_it_was_asked_for(self, cloud: Cloud) -> None:
        await cloud.create(grant(), queue(), TAGS)
        live = await found(cloud, queue())
        assert (live.state, live.settings["visibilityTimeout"], live.tags) == (State.ACTIVE, 45, TAGS)
        assert live.arn == f"arn:aws:sqs:{REGION}:{ACCOUNT}:acme-orders"

    async def test_a_name_that_is_taken_stays_as_it_is(self, cloud: Cloud, world: World) -> None:
        world.place("acme-orders", FOREIGN)
        with pytest.raises(CloudExistsError):
            await cloud.create(grant(), queue(), TAGS)
        assert (await found(cloud, queue())).tags == FOREIGN

    async def test_a_change_is_of_what_it_names(self, cloud: Cloud) -> None:
        await cloud.create(grant(), queue(delay=7), TAGS)
        change = Change(group="", settings={"visibilityTimeout": 60}, differing=frozenset({"visibilityTimeout"}))
        await cloud.change(grant(), queue(), await found(cloud, queue()), change)
        live = await found(cloud, queue())
        assert (live.settings["visibilityTimeout"], live.settings["delay"]) == (60, 7)

    async def test_tags_of_others_stay(self, cloud: Cloud, world: World) -> None:
        world.place("acme-orders", FOREIGN)
        await cloud.tag(grant(), queue(), await found(cloud, queue()), TAGS)
        assert (await found(cloud, queue())).tags == {**FOREIGN, **TAGS}
        await cloud.tag(grant(), queue(), await found(cloud, queue()), {"trimtab.dev/uid": "u2"})
        await cloud.untag(grant(), queue(), await found(cloud, queue()), ["trimtab.dev/cluster", "not-there"])
        assert (await found(cloud, queue())).tags == {**FOREIGN, "trimtab.dev/uid": "u2"}

    async def test_what_is_deleted_is_gone_and_may_be_deleted_again(self, cloud: Cloud) -> None:
        await cloud.create(grant(), queue(), TAGS)
        live = await found(cloud, queue())
        await cloud.delete(grant(), queue(), live)
        assert await cloud.look(grant(), queue()) is None
        await cloud.delete(grant(), queue(), live)

    async def test_what_is_gone_meanwhile_cannot_be_changed(self, cloud: Cloud) -> None:
        await cloud.create(grant(), queue(), TAGS)
        live = await found(cloud, queue())
        await cloud.delete(grant(), queue(), live)
        change = Change(group="", settings={"visibilityTimeout": 60}, differing=frozenset({"visibilityTimeout"}))
        with pytest.raises((CloudBusyError, CloudUnavailableError)):
            await cloud.change(grant(), queue(), live, change)
        with pytest.raises((CloudBusyError, CloudUnavailableError)):
            await cloud.tag(grant(), queue(), live, TAGS)

    async def test_a_look_that_fails_does_not_find_nothing(self, cloud: Cloud, world: World) -> None:
        await cloud.create(grant(), queue(), TAGS)
        world.throttle()
        with pytest.raises(CloudThrottledError):
            await cloud.look(grant(), queue())

    async def test_what_is_known_is_not_asked_again_and_the_rest_is(self, cloud: Cloud) -> None:
        await cloud.create(grant(), queue(), TAGS)
        known = replace(await found(cloud, queue()), settings={}, tags=FOREIGN)
        live = await cloud.look(grant(), queue(), known=known)
        assert live is not None
        assert (live.tags, live.settings["visibilityTimeout"]) == (FOREIGN, 45)
        await cloud.delete(grant(), queue(), live)
        assert await cloud.look(grant(), queue(), known=known) is None

    async def test_a_look_at_what_is_known_that_fails_does_not_find_nothing(self, cloud: Cloud, world: World) -> None:
        await cloud.create(grant(), queue(), TAGS)
        known = await found(cloud, queue())
        world.throttle()
        with pytest.raises(CloudThrottledError):
            await cloud.look(grant(), queue(), known=known)

    async def test_a_write_whose_answer_is_lost_may_be_repeated(self, cloud: Cloud, world: World) -> None:
        world.lose()
        with pytest.raises(CloudUnavailableError):
            await cloud.create(grant(), queue(), TAGS)
        assert (await found(cloud, queue())).tags == TAGS

    async def test_what_is_tagged_is_found_whole(self, cloud: Cloud, world: World) -> None:
        names = [f"acme-{number}" for number in range(5)]
        for name in names:
            await cloud.create(grant(), queue(name), {**TAGS, "trimtab.dev/binding": name})
        world.place("acme-foreign", FOREIGN)
        world.place("acme-other", {**TAGS, "trimtab.dev/cluster": "c2"})
        with world.pages_of(2):
            tagged = await cloud.tagged(grant(), {"trimtab.dev/cluster": "c1"})
        assert {arn.rpartition(":")[2]: tags["trimtab.dev/binding"] for arn, tags in tagged.items()} == {
            name: name for name in names
        }

    async def test_a_list_that_fails_is_not_empty(self, cloud: Cloud, world: World) -> None:
        await cloud.create(grant(), queue(), TAGS)
        world.throttle()
        with pytest.raises(CloudThrottledError):
            await cloud.tagged(grant(), {"trimtab.dev/cluster": "c1"})

    @pytest.mark.parametrize(
        ("resource", "fields"),
        [
            (queue("orders"), {}),
            (queue("acmeorders"), {}),
            (queue(), {"services": frozenset({"sns"})}),
            (queue("orders"), {"adoptable": ("*",)}),
        ],
    )
    async def test_what_the_policy_does_not_cover_is_not_even_looked_at(
        self, cloud: Cloud, world: World, resource: Resource, fields: Mapping[str, Any]
    ) -> None:
        before = world.sent
        live = Live(handle=resource.name, arn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{resource.name}")
        change = Change(group="", settings=resource.settings, differing=frozenset(resource.settings))
        for refused in (
            cloud.look(grant(**fields), resource),
            cloud.look(grant(**fields), resource, known=live),
            cloud.create(grant(**fields), resource, TAGS),
            cloud.change(grant(**fields), resource, live, change),
            cloud.tag(grant(**fields), resource, live, TAGS),
            cloud.untag(grant(**fields), resource, live, TAGS),
            cloud.delete(grant(**fields), resource, live),
        ):
            with pytest.raises(CloudDeniedError):
                await refused
        assert world.sent == before

    @pytest.mark.parametrize(
        "arn",
        [
            f"arn:aws:sqs:{REGION}:{ACCOUNT}:billing-orders",
            f"arn:aws:sqs:{REGION}:999999999999:acme-orders",
            f"arn:aws:sqs:us-east-1:{ACCOUNT}:acme-orders",
        ],
    )
    async def test_another_resource_cannot_be_named_by_its_arn(self, cloud: Cloud, arn: str) -> None:
        with pytest.raises(CloudDeniedError):
            await cloud.look(grant(), queue(), arn=arn)
        with pytest.raises(CloudDeniedError):
            await cloud.look(grant(), queue(), known=Live(handle="billing-orders", arn=arn))
        with pytest.raises(CloudDeniedError):
            await cloud.delete(grant(), queue(), Live(handle="billing-orders", arn=arn))

    async def test_what_may_be_taken_over_is_found_by_its_arn(self, cloud: Cloud, world: World) -> None:
        arn = world.place("legacy", FOREIGN)
        leave = grant(adoptable=("arn:aws:sqs:*:*:leg*",), adopted=arn)
        live = await cloud.look(leave, queue(), arn=arn)
        assert live is not None
        assert (live.arn, live.tags) == (arn, FOREIGN)
        await cloud.tag(leave, queue("legacy"), live, TAGS)
        assert (await found(cloud, queue("legacy"), adoptable=leave.adoptable, adopted=arn)).tags == FOREIGN | TAGS

    async def test_nothing_is_written_once_the_lease_is_gone(self, cloud: Cloud, world: World) -> None:
        await cloud.create(grant(), queue(), TAGS)
        live = await found(cloud, queue())
        world.end_lease()
        with pytest.raises(CloudLeaseLostError):
            await cloud.create(grant(), queue("acme-other"), TAGS)
        with pytest.raises(CloudLeaseLostError):
            await cloud.delete(grant(), queue(), live)
        assert await cloud.look(grant(), queue()) == live

    async def test_a_role_is_told_what_it_lacks(self, cloud: Cloud, world: World) -> None:
        wanted = Statement(
            actions=("sqs:CreateQueue", "sqs:DeleteQueue"),
            resources=(f"arn:aws:sqs:*:{ACCOUNT}:acme-*",),
            conditions={"Null": {"aws:RequestTag/trimtab.dev/cluster": "false"}},
        )
        assert await cloud.lacking(grant(), [wanted]) == frozenset()
        world.lack(["sqs:DeleteQueue"])
        assert await cloud.lacking(grant(), [wanted]) == frozenset({"sqs:DeleteQueue"})

    async def test_a_role_that_may_not_know_what_it_lacks(self, cloud: Cloud, world: World) -> None:
        world.blind()
        assert await cloud.lacking(grant(), [Statement(actions=("sqs:CreateQueue",), resources=("*",))]) is None
