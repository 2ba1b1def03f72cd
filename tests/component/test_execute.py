"""Waves: what stops them, what is told to the user, and what is left to a repetition."""

import asyncio
from typing import Any

import pytest

from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.plan import Apply, Delete, Effect, Scale, Wave
from trimtab.ports.cluster import (
    ClusterError,
    ConflictError,
    DeniedError,
    InvalidError,
    KindNotServedError,
    LeaseLostError,
    TerminatingError,
    ThrottledError,
    UnavailableError,
)
from trimtab.reconcilers.execute import PARALLEL, execute
from trimtab.reconcilers.queue import Key
from trimtab.reconcilers.run import Run

OWNER = {
    "controller": True,
    "uid": "ms",
    "kind": "Microservice",
    "apiVersion": "trimtab.dev/v1alpha1",
    "name": "orders",
}


def config(name: str, owner: dict[str, Any] | None = OWNER, uid: str = "") -> Object:
    metadata: dict[str, Any] = {"name": name, "namespace": "shop", "ownerReferences": [owner] if owner else []}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, **({"uid": uid} if uid else {})}}


def ref(name: str) -> ObjectRef:
    return ObjectRef(api_version="v1", kind="ConfigMap", namespace="shop", name=name)


class Cluster:
    """Records calls in order and fails where it is told to."""

    def __init__(self, **errors: ClusterError) -> None:
        self.errors = errors
        self.live: dict[str, Object] = {}
        self.calls: list[str] = []
        self.uids: dict[str, str | None] = {}
        self.busy = self.most = 0

    async def get(self, ref: ObjectRef) -> Object | None:
        self.calls.append(f"get {ref.name}")
        return self.live.get(ref.name)

    async def apply(self, manifest: Object, *, uid: str | None = None) -> Object:
        name = manifest["metadata"]["name"]
        self.uids[name] = uid
        await self._act("apply", name)
        if uid is None and name in self.live:
            raise ConflictError("it exists")
        return manifest

    async def delete(self, ref: ObjectRef, *, uid: str) -> None:
        self.uids[ref.name] = uid
        await self._act("delete", ref.name)

    async def scale(self, ref: ObjectRef, replicas: int) -> None:
        await self._act("scale", ref.name)

    async def _act(self, what: str, name: str) -> None:
        self.busy += 1
        self.most = max(self.most, self.busy)
        await asyncio.sleep(0)
        self.calls.append(f"{what} {name}")
        self.busy -= 1
        if name in self.errors:
            raise self.errors[name]


async def carry_out(cluster: Cluster, *waves: tuple[Effect, ...]) -> tuple[list[tuple[str, str]], Run]:
    run = Run(Key("Microservice", "shop", "orders"))
    failures = await execute(cluster, [Wave(effects=effects) for effects in waves], run)  # type: ignore[arg-type]
    return [(failure.ref.name, failure.reason) for failure in failures], run


async def test_waves_run_in_order_and_writes_are_counted() -> None:
    cluster = Cluster()
    failures, run = await carry_out(
        cluster,
        (Apply(manifest=config("a"), uid="1"),),
        (Scale(ref=ref("b"), replicas=2),),
        (Delete(ref=ref("c"), owner_uid="ms", uid="3"),),
    )
    assert failures == []
    assert cluster.calls == ["apply a", "scale b", "delete c"]
    assert run.writes == 3


async def test_no_more_than_so_many_at_once() -> None:
    cluster = Cluster()
    await carry_out(cluster, tuple(Apply(manifest=config(f"c{n}"), uid="1") for n in range(40)))
    assert cluster.most == PARALLEL


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DeniedError("no"), "ChildDenied"),
        (InvalidError("no"), "ChildInvalid"),
        (KindNotServedError("no"), "APINotInstalled"),
    ],
)
async def test_a_refusal_is_told_and_stops_the_waves_after_it(error: ClusterError, reason: str) -> None:
    cluster = Cluster(a=error)
    failures, _ = await carry_out(
        cluster,
        (Apply(manifest=config("a"), uid="1"), Apply(manifest=config("b"), uid="1")),
        (Apply(manifest=config("c"), uid="1"),),
    )
    assert failures == [("a", reason)]
    assert sorted(cluster.calls) == ["apply a", "apply b"], "the rest of the wave is tried, the next one is not"


async def test_what_does_not_block_does_not_stop() -> None:
    cluster = Cluster(a=DeniedError("no"))
    failures, _ = await carry_out(
        cluster, (Apply(manifest=config("a"), uid="1", blocking=False),), (Apply(manifest=config("c"), uid="1"),)
    )
    assert failures == [("a", "ChildDenied")]
    assert cluster.calls == ["apply a", "apply c"]


@pytest.mark.parametrize(
    "error", [UnavailableError("503"), ThrottledError("429", 3.0), TerminatingError("end"), LeaseLostError("lost")]
)
async def test_what_a_repetition_may_cure_is_raised_once_the_wave_is_over(error: ClusterError) -> None:
    cluster = Cluster(a=error)
    with pytest.raises(type(error)):
        await carry_out(cluster, (Apply(manifest=config("a"), uid="1"), Apply(manifest=config("b"), uid="1")))
    assert sorted(cluster.calls) == ["apply a", "apply b"]


async def test_an_object_that_we_did_not_know_of_is_looked_at_if_there_is_one() -> None:
    cluster = Cluster()
    cluster.live = {"ours": config("ours", uid="7")}
    failures, _ = await carry_out(cluster, (Apply(manifest=config("new")),), (Apply(manifest=config("ours")),))
    assert failures == []
    assert cluster.calls == ["apply new", "apply ours", "get ours", "apply ours"]
    assert cluster.uids == {"new": None, "ours": "7"}


@pytest.mark.parametrize("uid", [None, "7"])
async def test_a_conflict_over_nothing_that_we_can_see_is_left_to_a_repetition(uid: str | None) -> None:
    """The object has gone meanwhile, or the conflict is about a quota."""
    cluster = Cluster(a=ConflictError("conflict"))
    with pytest.raises(ConflictError):
        await carry_out(cluster, (Apply(manifest=config("a"), uid=uid),))
    assert cluster.calls.count("apply a") == 1


@pytest.mark.parametrize("owner", [None, {**OWNER, "uid": "another"}])
async def test_an_object_of_another_is_not_touched(owner: dict[str, Any] | None) -> None:
    cluster = Cluster()
    cluster.live = {"theirs": config("theirs", owner, uid="7")}
    failures, run = await carry_out(cluster, (Apply(manifest=config("theirs")),))
    assert failures == [("theirs", "NameConflict")]
    assert cluster.calls == ["apply theirs", "get theirs"]
    assert cluster.uids == {"theirs": None}, "only as a new object, which the API server refuses"
    assert run.writes == 1


async def test_only_what_is_ours_is_deleted_blindly() -> None:
    cluster = Cluster()
    cluster.live = {"ours": config("ours", uid="7"), "theirs": config("theirs", None, uid="8")}
    names = ("ours", "theirs", "gone")
    await carry_out(cluster, tuple(Delete(ref=ref(name), owner_uid="ms") for name in names))
    assert [call for call in cluster.calls if call.startswith("delete")] == ["delete ours"]
    assert cluster.uids == {"ours": "7"}
