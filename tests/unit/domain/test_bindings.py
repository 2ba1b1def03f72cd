"""ServiceBindings in pods: what is projected, when a revision follows, and what it waits for."""

from typing import Any

import pytest
from tests.unit.domain.world import World

from trimtab.domain import labels, names
from trimtab.domain.objects import Object
from trimtab.domain.service import revision
from trimtab.domain.service.bindings import Bound, bound, of_shape, projected

IMAGE = "r.example/orders:1"
OTHER = "r.example/orders:2"
ENV = [{"name": "QUEUE_URL", "key": "queue-url"}]
FILES = "trimtab-binding-orders-in"


def binding(name: str = "orders-in", *, ready: bool = True, generation: int = 1, **spec: Any) -> dict[str, Any]:
    """A ServiceBinding as its own reconciler leaves it."""
    said = {"Ready": ("Bound", ""), "ResourceReady": ("Bound", ""), "Projected": ("Projected", "")}
    if not ready:
        said = {"Ready": ("Creating", "AWS creates queue orders-in"), "ResourceReady": ("Creating", "")}
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "ServiceBinding",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", "generation": generation},
        "spec": {"workload": {"name": "orders"}, "sqs": {}, **spec},
        "status": {
            "observedGeneration": 1,
            "conditions": [
                {"type": type_, "status": str(ready), "reason": reason, "message": message}
                for type_, (reason, message) in said.items()
            ],
        },
    }


def settled(*bindings: dict[str, Any], **spec: Any) -> World:
    world = World({"image": IMAGE, **spec})
    world.bindings = list(bindings)
    world.settle()
    return world


def template(world: World, kind: str = "Deployment") -> Any:
    found = world.find(kind)
    assert found is not None
    return found["spec"]["template"]["spec"]


def env(container: Object) -> dict[str, Any]:
    return {each["name"]: each.get("value") or each["valueFrom"] for each in container.get("env", ())}


def mounts(container: Object) -> dict[str, str]:
    return {each["name"]: each["mountPath"] for each in container.get("volumeMounts", ())}


def test_a_service_without_bindings_has_the_shape_that_it_had_before_there_were_any() -> None:
    world = settled()
    recorded = world.find("ControllerRevision")
    assert recorded is not None
    assert recorded["data"]["shape"] == '{"image":"r.example/orders:1"}'
    assert recorded["data"]["revision"] == names.digest('1\n{"image":"r.example/orders:1"}') == "amegblucx2"
    assert "volumes" not in template(world)


def test_files_are_mounted_whole_below_the_root() -> None:
    pod = template(settled(binding()))
    assert pod["volumes"] == [
        {
            "name": FILES,
            "projected": {"sources": [{"secret": {"name": "orders-in-binding"}}], "defaultMode": 420},
        }
    ]
    (app,) = pod["containers"]
    assert app["volumeMounts"] == [{"name": FILES, "mountPath": "/bindings/orders-in", "readOnly": True}]
    assert env(app) == {"SERVICE_BINDING_ROOT": "/bindings"}


def test_variables_are_read_from_the_secret_and_need_no_files() -> None:
    pod = template(settled(binding(inject={"env": ENV, "files": False})))
    assert "volumes" not in pod
    (app,) = pod["containers"]
    assert env(app) == {"QUEUE_URL": {"secretKeyRef": {"name": "orders-in-binding", "key": "queue-url"}}}


def test_what_a_container_chose_itself_stays() -> None:
    own = [{"name": "SERVICE_BINDING_ROOT", "value": "/srv/"}, {"name": "QUEUE_URL", "value": "mine"}]
    (app,) = template(settled(binding(inject={"env": ENV}), env=own))["containers"]
    assert app["env"] == own
    assert mounts(app) == {FILES: "/srv/orders-in"}


def test_all_containers_have_them_but_the_proxy() -> None:
    world = settled(
        binding(inject={"env": ENV}),
        initContainers=[{"name": "warm", "image": "i"}],
        sidecars=[{"name": "side", "image": "s"}],
        resilience={"timeout": "1s"},
    )
    pod = template(world)
    containers = {each["name"]: each for each in (*pod["initContainers"], *pod["containers"])}
    for name in ("warm", "side", "app"):
        assert mounts(containers[name])[FILES] == "/bindings/orders-in"
        assert "QUEUE_URL" in env(containers[name])
    assert FILES not in mounts(containers["trimtab-proxy"])
    assert "QUEUE_URL" not in env(containers["trimtab-proxy"])


def test_jobs_have_them_too() -> None:
    world = World({"image": IMAGE, "jobs": [{"name": "migrate", "run": "BeforeRollout"}]})
    world.bindings = [binding(inject={"env": ENV})]
    world.reconcile()
    (app,) = template(world, "Job")["containers"]
    assert mounts(app) == {FILES: "/bindings/orders-in"}
    assert "QUEUE_URL" in env(app)


def test_an_existing_secret_is_projected_by_its_own_name() -> None:
    given = binding(sqs=None, secret={"name": "legacy"})
    assert template(settled(given))["volumes"][0]["projected"]["sources"] == [{"secret": {"name": "legacy"}}]


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.bindings.append(binding("orders-out")),
        lambda world: world.bindings.clear(),
        lambda world: world.bindings[0]["metadata"].update(deletionTimestamp="2026-01-02T03:04:05Z"),
        lambda world: world.bindings[0]["spec"].update(inject={"env": ENV}),
        lambda world: world.bindings[0]["spec"].update(inject={"files": False}),
    ],
    ids=["added", "gone", "being deleted", "another variable", "no files"],
)
def test_adding_changing_or_removing_a_binding_is_a_new_revision(change: Any) -> None:
    world = settled(binding())
    before = world.status["revision"]
    change(world)
    world.settle()
    assert world.status["revision"] != before
    assert world.ready == ("True", "Available")


@pytest.mark.parametrize(
    "change",
    [
        {"drift": "Report"},
        {"deletionPolicy": "Delete"},
        {"sqs": {"visibilityTimeout": "60s"}},
        {"inject": {"env": [], "files": True}},
        {"access": "Read"},
    ],
)
def test_what_pods_do_not_see_makes_no_revision(change: dict[str, Any]) -> None:
    world = settled(binding())
    before = world.status["revision"]
    assert world.bindings is not None
    world.bindings[0]["spec"].update(change)
    world.settle()
    assert world.status["revision"] == before


def test_a_binding_that_does_not_parse_gives_nothing_yet() -> None:
    assert bound([binding(inject={"files": "maybe"})]) == ()


def test_the_first_pod_waits_for_each_binding_and_says_why() -> None:
    world = World({"image": IMAGE})
    world.bindings = [binding(ready=False), binding("table", ready=False), binding("done")]
    world.settle()
    assert world.find("Deployment") is None
    assert world.find("ServiceAccount") is not None
    assert world.ready == ("False", "BindingNotReady")
    assert world.condition("Reconciling") is not None
    waiting = world.status["waitingFor"]
    assert [(each["kind"], each["name"], each["reason"], each["message"]) for each in waiting] == [
        ("ServiceBinding", "orders-in", "Creating", "AWS creates queue orders-in"),
        ("ServiceBinding", "table", "Creating", "AWS creates queue orders-in"),
    ]
    ready = world.condition("Ready")
    assert ready is not None
    assert "ServiceBinding orders-in and 1 more: AWS creates queue orders-in" in ready["message"]
    world.bindings = [binding(), binding("table"), binding("done")]
    world.settle()
    assert world.ready == ("True", "Available")
    assert "waitingFor" not in world.status


def test_stable_goes_on_untouched_while_a_new_revision_waits() -> None:
    world = settled(binding())
    before, deployment = world.status["revision"], world.find("Deployment")
    assert world.bindings is not None
    world.bindings.append(binding("table", ready=False))
    world.update(image=OTHER)
    world.settle()
    assert world.find("Deployment") == deployment
    assert world.status["stableRevision"] == before != world.status["revision"]
    ready = world.condition("Ready")
    assert ready is not None
    assert f"revision {before} goes on serving" in ready["message"]


@pytest.mark.parametrize(
    "change",
    [
        lambda each: each["status"]["conditions"].clear(),
        lambda each: each["metadata"].update(generation=2),
        lambda each: each.update(status={}),
    ],
    ids=["not ready", "not looked at since it changed", "status lost"],
)
def test_what_runs_does_not_care_what_becomes_of_its_bindings(change: Any) -> None:
    world = settled(binding())
    assert world.bindings is not None
    change(world.bindings[0])
    written = world.writes
    world.settle()
    assert world.writes == written
    assert world.ready == ("True", "Available")


def test_a_service_scaled_to_zero_wakes_whatever_becomes_of_its_bindings() -> None:
    world = settled(binding())
    world.update(replicas=0)
    world.settle()
    world.bindings = [binding(ready=False)]
    world.update(replicas=2)
    world.settle()
    assert world.ready == ("True", "Available")


def test_a_binding_that_changed_is_waited_for_until_it_was_looked_at() -> None:
    world = World({"image": IMAGE})
    world.bindings = [binding(generation=2)]
    world.settle()
    assert world.status["waitingFor"][0]["reason"] == "BindingNotReady"
    assert world.find("Deployment") is None


def test_going_back_to_a_revision_waits_for_its_bindings_too() -> None:
    world = settled(binding())
    first = world.status["revision"]
    world.bindings = []
    world.settle()
    world.bindings = [binding(ready=False)]
    world.settle()
    assert world.status["revision"] == first != world.status["stableRevision"]
    assert world.ready == ("False", "BindingNotReady")
    world.bindings = [binding()]
    world.settle()
    assert world.status["stableRevision"] == first


def test_jobs_run_after_the_bindings_are_ready() -> None:
    world = World({"image": IMAGE, "jobs": [{"name": "migrate", "run": "BeforeRollout"}]})
    world.bindings = [binding(ready=False)]
    world.settle()
    assert world.find("Job") is None
    world.bindings = [binding()]
    world.settle()
    (job,) = world.names("Job")
    assert world.ready == ("False", "MigrationRunning")
    world.end_job(job, good=True)
    world.settle()
    assert world.ready == ("True", "Available")


def test_pods_keep_their_bindings_while_the_crd_is_gone() -> None:
    world = settled(binding())
    before = world.status["revision"]
    world.bindings = None
    world.settle()
    assert world.status["revision"] == before
    world.update(image=OTHER)
    world.settle()
    assert mounts(template(world)["containers"][0]) == {FILES: "/bindings/orders-in"}


def test_another_content_restarts_pods_with_a_variable_of_it_inside_their_revision() -> None:
    world = World({"image": IMAGE})
    world.bindings = [binding(inject={"env": ENV})]
    world.secret("orders-in-binding", "1")
    world.settle()
    before, revision_before = _mark(world), world.status["revision"]
    assert before
    world.secret("orders-in-binding", "2")
    world.settle()
    assert _mark(world) != before
    assert world.status["revision"] == revision_before


def test_another_content_of_files_restarts_nothing() -> None:
    world = World({"image": IMAGE})
    world.bindings = [binding()]
    world.secret("orders-in-binding", "1")
    world.settle()
    written = world.writes
    world.secret("orders-in-binding", "2")
    world.settle()
    assert world.writes == written
    assert not _mark(world)


def _mark(world: World) -> str:
    deployment = world.find("Deployment")
    assert deployment is not None
    return str(deployment["spec"]["template"]["metadata"].get("annotations", {}).get(labels.SECRETS, ""))


def test_a_shape_tells_its_bindings() -> None:
    given = (
        Bound(name="in", secret="in-binding", env=(("A", "a"), ("B", "b")), files=False),
        Bound(name="out", secret="s"),
    )
    world = settled()
    spec = world.observe().spec
    assert of_shape(revision.shape(spec, bound=given)) == given
    assert of_shape(revision.shape(spec)) == ()


def test_a_variable_of_two_bindings_is_that_of_the_first_by_name() -> None:
    given = [Bound(name=name, secret=name, env=(("URL", "url"),), files=False) for name in ("a", "b")]
    pod = projected({"containers": [{"name": "app"}]}, given, without="proxy")
    assert env(pod["containers"][0]) == {"URL": {"secretKeyRef": {"name": "a", "key": "url"}}}
