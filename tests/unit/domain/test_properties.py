"""What holds for every spec: the world comes to rest, hand-made changes are undone, what is not wanted goes."""

import copy
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.unit.domain.specs import specs
from tests.unit.domain.world import World, applied, effects

from trimtab.domain import labels
from trimtab.domain.objects import ref_of
from trimtab.domain.plan import Apply
from trimtab.domain.service.report import report
from trimtab.domain.status import same

_SETTINGS = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],
)


def settled(spec: dict[str, Any]) -> World:
    """A world at rest with all BeforeRollout jobs done."""
    world = World(spec)
    finish(world)
    return world


def finish(world: World) -> None:
    """Lets every job end well until nothing is left to do."""
    for _ in range(8):
        world.settle()
        running = [obj for ref, obj in world.objects.items() if ref.kind == "Job" and "status" not in obj]
        if not running:
            return
        for job in running:
            world.end_job(job["metadata"]["name"], good=True)
    raise AssertionError("jobs without end")


@_SETTINGS
@given(specs())
def test_an_unchanged_world_needs_no_write(spec: dict[str, Any]) -> None:
    world = settled(spec)
    plan = world.decide()
    assert plan.intent is None
    assert plan.waves == ()
    assert same(report(world.observe(), plan, (), world.now).status, world.status)
    assert world.ready == ("True", "ScaledToZero" if spec.get("replicas") == 0 else "Available")


@_SETTINGS
@given(specs(), st.data())
def test_a_changed_field_of_ours_is_set_back_and_nothing_else_is_written(
    spec: dict[str, Any], data: st.DataObject
) -> None:
    world = settled(spec)
    refs = sorted(ref for ref in world.applied if ref.kind not in ("ControllerRevision", "Job"))
    ref = data.draw(st.sampled_from(refs))
    before = copy.deepcopy(world.objects[ref])
    path = data.draw(st.sampled_from(sorted(leaves(world.applied[ref]), key=str)))
    spoil(world.objects[ref], path)
    plan = world.decide()
    assert [ref_of(effect.manifest) for effect in effects(plan) if isinstance(effect, Apply)] == [ref]
    assert len(effects(plan)) == 1
    world.settle()
    assert world.objects[ref]["metadata"]["labels"] == before["metadata"]["labels"]
    assert {**world.objects[ref], "metadata": {}, "status": {}} == {**before, "metadata": {}, "status": {}}


@_SETTINGS
@given(specs(), st.data())
def test_a_field_of_somebody_else_is_left_alone(spec: dict[str, Any], data: st.DataObject) -> None:
    world = settled(spec)
    ref = data.draw(st.sampled_from(sorted(world.objects)))
    live = world.objects[ref]
    live["metadata"].setdefault("annotations", {})["argocd.argoproj.io/tracking-id"] = "shop:x"
    live["metadata"]["labels"]["somebody.example/else"] = "x"
    live.setdefault("status", {})["foreign"] = "x"
    if ref.kind in ("Deployment", "Service", "HorizontalPodAutoscaler"):
        live["spec"]["foreign"] = {"x": 1}
    assert effects(world.decide()) == []


@_SETTINGS
@given(specs(), specs())
def test_a_changed_spec_leaves_exactly_the_children_of_the_new_one(one: dict[str, Any], other: dict[str, Any]) -> None:
    world = settled(one)
    revision = world.status["revision"]
    world.change(other)
    finish(world)
    alone = settled(other)
    kept = {"ControllerRevision", "Job"}
    assert {ref for ref in world.objects if ref.kind not in kept} == {
        ref for ref in alone.objects if ref.kind not in kept
    }
    assert set(world.names("ControllerRevision")) == {f"orders-{revision}", f"orders-{world.status['revision']}"}
    recorded = {(item["kind"], item["name"]) for item in world.status["inventory"]}
    assert recorded == {(ref.kind, ref.name) for ref in world.objects}


@_SETTINGS
@given(specs(), st.integers(min_value=0, max_value=12))
def test_a_crash_after_any_effect_ends_in_the_same_world(spec: dict[str, Any], survived: int) -> None:
    world = World(spec)
    plan = world.decide()
    if plan.intent is not None:
        world.resource["status"] = dict(plan.intent)
    for effect in effects(plan)[:survived]:
        world._carry_out(effect)
    finish(world)
    undisturbed = settled(spec)
    assert sorted(world.objects) == sorted(undisturbed.objects)
    deployment, other = world.find("Deployment"), undisturbed.find("Deployment")
    assert deployment is not None
    assert other is not None
    assert deployment["spec"] == other["spec"]


@_SETTINGS
@given(specs())
def test_nothing_of_the_microservices_own_metadata_reaches_a_child(spec: dict[str, Any]) -> None:
    world = World(spec)
    world.resource["metadata"]["labels"] = {
        "app.kubernetes.io/instance": "argo",
        "kustomize.toolkit.fluxcd.io/name": "x",
    }
    world.annotate("argocd.argoproj.io/tracking-id", "shop:orders")
    finish(world)
    for obj in world.objects.values():
        assert set(obj["metadata"]["labels"]) == set(labels.of_object("orders"))
        assert "argo" not in str(obj)
        assert "kustomize" not in str(obj)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all scalars below spec, data and the labels."""
    if path and path[0] in ("apiVersion", "kind"):
        return []
    if path[:1] == ("metadata",) and len(path) > 1 and path[1] in ("name", "namespace"):
        return []
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for i, item in enumerate(value) for leaf in leaves(item, (*path, i))]
    return [] if value == "" else [path]


def spoil(live: Any, path: tuple[Any, ...]) -> None:
    """Changes one scalar by hand."""
    for step in path[:-1]:
        live = live[step]
    old = live[path[-1]]
    live[path[-1]] = (not old) if isinstance(old, bool) else old + 1 if isinstance(old, int) else f"{old}x"


def test_applied_lists_each_kind_once_for_the_smallest_service() -> None:
    assert sorted(applied(World({"image": "r.example/orders:1"}).decide())) == [
        "ControllerRevision",
        "Deployment",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
    ]
