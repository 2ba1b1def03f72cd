"""Whatever happens in whatever order: faults, new specs, meddlers, restarts, deletions (faults.md S7, S8, L1)."""

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.component.binding_world import BINDING, KEY, BindingWorld, binding

from trimtab.adapters.memory.cloud import Written
from trimtab.adapters.memory.cluster import Crash, Fault
from trimtab.domain.binding.ownership import BINDING as NAME
from trimtab.domain.binding.ownership import CLUSTER, NAMESPACE, UID, owner_in
from trimtab.ports.cloud import (
    CloudBusyError,
    CloudDeniedError,
    CloudError,
    CloudThrottledError,
    CloudUnavailableError,
)
from trimtab.ports.cluster import ClusterError
from trimtab.reconcilers.binding.reconciler import BindingReconciler
from trimtab.reconcilers.run import Run

ERRORS = [CloudThrottledError("slow"), CloudUnavailableError("503"), CloudBusyError("busy"), CloudDeniedError("no")]
SPECS: list[dict[str, Any]] = [
    {"visibilityTimeout": "30s"},
    {"visibilityTimeout": "60s", "retention": "24h"},
    {"visibilityTimeout": "30s", "deadLetter": {"maxReceives": 5}},
    {"deadLetter": {"maxReceives": 3, "retention": "48h"}},
]
FOREIGN = {"team": "other"}

AT = st.tuples(st.sampled_from(["before", "after", "lost"]), st.integers(1, 5))
STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 1, 5, 61, 600, 4000])),
    st.tuples(st.just("kill_at_the_cluster"), AT),
    st.tuples(st.just("rival"), st.booleans()),
    st.tuples(st.just("kill_at_aws"), AT),
    st.tuples(st.just("fail"), st.lists(st.sampled_from(ERRORS), min_size=1, max_size=4)),
    st.tuples(st.just("apply"), st.sampled_from(SPECS)),
    st.tuples(st.just("policy"), st.sampled_from(["Retain", "Delete", None])),
    st.tuples(st.just("mode"), st.sampled_from(["Remediate", "Report", "Ignore"])),
    st.tuples(st.just("meddle"), st.integers(1, 999)),
    st.tuples(st.just("lose_status"), st.none()),
    st.tuples(st.just("delete"), st.none()),
    st.tuples(st.just("fill"), st.booleans()),
    st.tuples(st.just("misread"), st.sampled_from(["late", "nothing", "true"])),
)


class Story:
    """A world to which things happen."""

    def __init__(self, behaviour: dict[str, float]) -> None:
        self.world = BindingWorld()
        for name, seconds in behaviour.items():
            setattr(self.world.aws, name, seconds)
        self.world.aws.place(("123456789012", "eu-central-1", "sqs/queue", "shop-of-others"), tags=FOREIGN)
        self.world.server.create(binding(sqs=SPECS[0]))
        self.checked = 0
        self.rivals: list[BindingReconciler] = []

    async def tell(self, steps: list[tuple[str, Any]]) -> None:
        for what, value in steps:
            if getattr(self, what)(value):
                await self.attempt()
            self.check()

    # What may happen; each says whether a run comes of it.

    def wait(self, seconds: int) -> bool:
        self.world.clock.advance(seconds)
        return True

    def kill_at_the_cluster(self, fault: tuple[str, int]) -> bool:
        self.world.start(fault=Fault(kind=fault[0], at=fault[1]))
        return True

    def kill_at_aws(self, fault: tuple[str, int]) -> bool:
        self.world.start(away=Fault(kind=fault[0], at=fault[1]))
        return True

    def rival(self, lagging: bool) -> bool:
        """A second process, while the first one runs on; with a view of the cluster that may have stopped."""
        former, self.world.cluster.stale = self.world.reconciler, lagging
        self.world.start()
        self.rivals = [*self.rivals, former][-2:]
        return True

    def fail(self, errors: list[CloudError]) -> bool:
        self.world.cloud.failing = list(errors)
        return True

    def meddle(self, seconds: int) -> bool:
        for each in self.world.queues().values():
            if owner_in(each.tags or {}) is not None:
                each.settings["visibilityTimeout"] = seconds
        return False

    def fill(self, full: bool) -> bool:
        self.world.aws.holding = set(self.world.queues()) if full else set()
        return False

    def misread(self, how: str) -> bool:
        """The list of all tags stays as it is now, or shows nothing any more."""
        known = self.world.queues().values() if how != "true" else ()
        self.world.aws.misread = {each.arn: dict(each.tags or {}) if how == "late" else None for each in known}
        return False

    def apply(self, spec: dict[str, Any]) -> bool:
        if self.exists:
            self.world.edit(lambda obj: obj["spec"].update(sqs=spec))
        else:
            self.world.server.create(binding(sqs=spec))
        return False

    def policy(self, policy: str | None) -> bool:
        return self._edit(lambda obj: _put(obj["spec"], "deletionPolicy", policy))

    def mode(self, mode: str) -> bool:
        return self._edit(lambda obj: _put(obj["spec"], "drift", mode))

    def lose_status(self, _: None) -> bool:
        return self._edit(lambda obj: obj.pop("status", None))

    def delete(self, _: None) -> bool:
        if self.exists:
            self.world.delete()
        return False

    @property
    def exists(self) -> bool:
        return self.world.server.get(BINDING) is not None

    def _edit(self, change: Callable[[dict[str, Any]], Any]) -> bool:
        if self.exists:
            self.world.edit(change)
        return False

    async def attempt(self) -> None:
        for reconciler in (self.world.reconciler, *self.rivals):
            try:
                await reconciler.reconcile(Run(KEY))
            except Crash:
                if reconciler is self.world.reconciler:
                    self.world.start()
            except (ClusterError, CloudError):
                pass

    def check(self) -> None:
        """S7: one of each name; S8: what is written to carried our tags, or carries them since."""
        history = self.world.aws.history
        for each in history[self.checked :]:
            assert each.name != "shop-of-others"
            assert each.before is None or _is_ours(each, self.world), f"{each} was not ours"
        self.checked = len(history)
        kinds = [where[2] for where in self.world.aws.stored if where[3] != "shop-of-others"]
        assert kinds.count("sqs/queue") <= 2, "a queue and its dead-letter queue"
        for name, queue in self.world.queues().items():
            assert name == "shop-of-others" or owner_in(queue.tags or {}) is not None


def _is_ours(written: Written, world: BindingWorld) -> bool:
    before = written.before or {}
    ours = (before.get(CLUSTER), before.get(NAMESPACE), before.get(NAME)) == (world.id, "shop", "orders-in")
    return ours and bool(before.get(UID))


def _put(spec: dict[str, Any], name: str, value: str | None) -> None:
    spec.pop(name, None)
    if value is not None:
        spec[name] = value


BEHAVIOUR = st.fixed_dictionaries(
    {
        "unseen": st.sampled_from([0.0, 4.0]),
        "creating": st.sampled_from([0.0, 9.0]),
        "deleting": st.sampled_from([0.0, 61.0]),
        "stale": st.sampled_from([0.0, 6.0]),
    }
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=1, max_size=14), behaviour=BEHAVIOUR)
def test_whatever_happens_nothing_is_doubled_stolen_or_stuck(
    steps: list[tuple[str, Any]], behaviour: dict[str, float]
) -> None:
    asyncio.run(_tell(steps, behaviour))


async def _tell(steps: list[tuple[str, Any]], behaviour: dict[str, float]) -> None:
    story = Story(behaviour)
    await story.tell(steps)
    world = story.world
    world.start()
    await world.settle()
    story.check()
    before = len(world.server.history), len(world.aws.history)
    world.clock.advance(600)
    await world.settle()
    assert (len(world.server.history), len(world.aws.history)) == before, "it does not come to rest"
    if world.server.get(BINDING) is not None:
        await _ends(world)


async def _ends(world: BindingWorld) -> None:
    """In the end it can be had as declared, and deleted without a trace."""
    world.aws.holding = set()
    world.edit(lambda obj: obj["spec"].update(drift="Remediate", deletionPolicy="Delete"))
    world.annotate(reconcile="last")
    await world.settle()
    assert world.condition("Ready") == ("True", "Bound"), world.status()
    uid = world.server.get(BINDING)["metadata"]["uid"]  # type: ignore[index]
    world.delete()
    await world.settle()
    assert world.server.get(BINDING) is None
    left = [each.tags for each in world.aws.stored.values() if (each.tags or {}).get(UID) == uid]
    assert all("trimtab.dev/retained" in (tags or {}) for tags in left), left
