"""BeforeRollout jobs gate a revision's rollout; OnDemand jobs run once when asked for."""

from typing import Any

import pytest
from tests.unit.domain.world import World, pod

from trimtab.api.jobs import Job
from trimtab.domain.objects import ref_of
from trimtab.domain.plan import Apply, Delete
from trimtab.domain.service import runs

MIGRATE = {"name": "migrate", "run": "BeforeRollout", "command": ["/migrate"]}
SEED = {"name": "seed", "run": "BeforeRollout"}
REINDEX = {"name": "reindex", "run": "OnDemand", "command": ["/reindex"]}
ONE, TWO, THREE = "r.example/orders:1", "r.example/orders:2", "r.example/orders:3"


def world_with(*jobs: dict[str, Any], image: str = ONE) -> World:
    world = World({"image": image, "jobs": list(jobs)})
    world.settle()
    return world


def running(world: World) -> str:
    """The one Job that has not ended."""
    [name] = [name for name in world.names("Job") if "status" not in (world.find("Job", name) or {})]
    return name


def serving(world: World) -> str | None:
    deployment = world.find("Deployment")
    return deployment["spec"]["template"]["spec"]["containers"][0]["image"] if deployment else None


def start_pod(world: World) -> None:
    job = world.find("Job", running(world))
    assert job is not None
    started = pod(f"{job['metadata']['name']}-x", job["spec"]["template"], ready=False)
    started["metadata"]["labels"]["batch.kubernetes.io/job-name"] = job["metadata"]["name"]
    world.pods.append(started)


def served(world: World) -> World:
    """Lets the running migration succeed."""
    world.end_job(running(world), good=True)
    world.settle()
    return world


def test_no_pod_of_a_revision_starts_before_its_jobs_have_succeeded_in_order() -> None:
    world = world_with(MIGRATE, SEED)
    assert world.ready == ("False", "MigrationRunning")
    assert serving(world) is None
    assert running(world).startswith("orders-migrate-")
    world.end_job(running(world), good=True)
    world.settle()
    assert running(world).startswith("orders-seed-")
    assert serving(world) is None
    served(world)
    assert serving(world) == ONE
    assert world.ready == ("True", "Available")
    assert [job["phase"] for job in world.status["jobs"]] == ["Succeeded", "Succeeded"]


def test_the_old_revision_serves_on_while_the_new_one_waits() -> None:
    world = served(world_with(MIGRATE))
    world.update(image=TWO, replicas=3)
    world.settle()
    assert serving(world) == ONE
    assert world.find("Deployment")["spec"]["replicas"] == 3  # type: ignore[index]
    assert world.ready == ("False", "MigrationRunning")
    job = world.find("Job", running(world))
    assert job is not None
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == TWO
    served(world)
    assert serving(world) == TWO


def test_the_service_keeps_the_ports_of_the_pods_that_serve() -> None:
    world = served(world_with(MIGRATE))
    world.update(image=TWO, ports=[{"name": "web", "port": 3000}])
    world.settle()
    assert world.find("Service")["spec"]["ports"][0]["targetPort"] == "http"  # type: ignore[index]
    served(world)
    assert world.find("Service")["spec"]["ports"][0]["targetPort"] == "web"  # type: ignore[index]


def test_a_failed_job_stops_the_rollout_and_shows_its_log() -> None:
    world = served(world_with(MIGRATE))
    world.update(image=TWO)
    world.settle()
    name = running(world)
    world.end_job(name, good=False, log="applying 0042\nERROR relation orders does not exist\n")
    world.settle()
    assert serving(world) == ONE
    assert world.ready == ("False", "MigrationFailed")
    ready, stalled = world.condition("Ready"), world.condition("Stalled")
    assert ready is not None
    assert stalled is not None
    assert "relation orders does not exist" in ready["message"]
    assert "trimtab.dev/reconcile" in ready["message"]
    [blocker] = world.status["waitingFor"]
    assert (blocker["kind"], blocker["name"], blocker["reason"]) == ("Job", name, "MigrationFailed")


def test_the_record_outlives_the_job() -> None:
    world = world_with(MIGRATE)
    world.end_job(running(world), good=False)
    world.settle()
    world.objects = {ref: obj for ref, obj in world.objects.items() if ref.kind != "Job"}
    world.settle()
    assert world.names("Job") == []
    assert world.ready == ("False", "MigrationFailed")


def test_a_failed_job_is_tried_again_when_the_user_asks_for_it() -> None:
    world = world_with(MIGRATE)
    first = running(world)
    world.end_job(first, good=False)
    world.settle()
    world.annotate("trimtab.dev/reconcile", "2")
    world.settle()
    second = running(world)
    assert second != first
    assert world.names("Job") == [second], "the Job of the try before goes"
    world.end_job(second, good=False)
    world.settle()
    assert world.ready == ("False", "MigrationFailed"), "once per nonce"
    world.annotate("trimtab.dev/reconcile", "3")
    world.settle()
    assert served(world).ready == ("True", "Available")


def test_taking_the_request_for_another_try_away_is_no_request() -> None:
    """As a GitOps tool does it that finds an annotation which is not in Git."""
    world = world_with(MIGRATE)
    world.end_job(running(world), good=False)
    world.annotate("trimtab.dev/reconcile", "2")
    world.settle()
    second = running(world)
    world.end_job(second, good=False)
    world.settle()
    del world.resource["metadata"]["annotations"]["trimtab.dev/reconcile"]
    world.settle()
    assert world.names("Job") == [second]
    assert world.ready == ("False", "MigrationFailed")


def test_a_failed_job_is_tried_again_when_its_spec_or_the_image_changes() -> None:
    world = world_with(MIGRATE)
    world.end_job(running(world), good=False)
    world.settle()
    world.update(jobs=[{**MIGRATE, "command": ["/migrate", "--fix"]}])
    world.settle()
    world.end_job(running(world), good=False)
    world.settle()
    world.update(image=TWO)
    world.settle()
    assert served(world).ready == ("True", "Available")


def test_a_job_that_changes_runs_only_before_the_next_revision() -> None:
    world = served(world_with(MIGRATE))
    world.update(jobs=[{**MIGRATE, "command": ["/other"]}, SEED])
    world.settle()
    assert world.ready == ("True", "Available")
    assert len(world.status["jobs"]) == 1
    world.update(image=TWO)
    world.settle()
    assert running(world).startswith("orders-migrate-")


def test_an_image_named_by_digest_is_migrated_once() -> None:
    image = "r.example/orders@sha256:" + "a" * 64
    world = served(world_with(MIGRATE, image=image))
    world.update(env=[{"name": "A", "value": "1"}])
    world.settle()
    assert world.ready == ("True", "Available")
    assert len(world.status["jobs"]) == 1


def test_a_tag_is_migrated_anew_for_each_revision() -> None:
    world = served(world_with(MIGRATE))
    world.update(env=[{"name": "A", "value": "1"}])
    world.settle()
    assert world.ready == ("False", "MigrationRunning")


def test_a_migration_that_works_is_waited_for_even_if_nobody_wants_it_any_more() -> None:
    world = world_with(MIGRATE)
    first = running(world)
    start_pod(world)
    world.update(image=TWO)
    world.settle()
    assert world.names("Job") == [first], "two migrations must not meet"
    assert world.ready == ("False", "MigrationRunning")
    world.end_job(first, good=True)
    world.pods = []
    world.settle()
    assert running(world) != first
    assert serving(served(world)) == TWO


def test_a_migration_that_never_started_gives_way_to_the_fixed_one() -> None:
    world = world_with(MIGRATE, image="r.example/orders:typo")
    first = running(world)
    world.update(image=ONE)
    world.settle()
    assert first not in world.names("Job")
    assert serving(served(world)) == ONE


def test_the_migration_that_gives_way_is_removed_before_the_next_one_is_made() -> None:
    world = world_with(MIGRATE)
    old = running(world)
    world.update(image=TWO)
    targets = [
        (type(effect).__name__, effect.ref if isinstance(effect, Delete) else ref_of(effect.manifest))
        for wave in world.decide().waves
        for effect in wave.effects
        if isinstance(effect, Apply | Delete)
    ]
    order = [(verb, ref.name == old) for verb, ref in targets if ref.kind == "Job"]
    assert order == [("Delete", True), ("Apply", False)], "two migrations of one database must not meet"


def test_going_back_while_a_migration_runs_needs_no_migration() -> None:
    world = served(world_with(MIGRATE))
    world.update(image=TWO)
    world.settle()
    start_pod(world)
    world.update(image=ONE)
    world.settle()
    assert world.ready == ("True", "Available")
    assert serving(world) == ONE


def test_a_job_that_somebody_deletes_is_made_again() -> None:
    world = world_with(MIGRATE)
    name = running(world)
    world.objects = {ref: obj for ref, obj in world.objects.items() if ref.kind != "Job"}
    world.settle()
    assert running(world) == name


def test_an_intent_that_was_written_before_a_crash_starts_no_second_job() -> None:
    world = World({"image": ONE, "jobs": [MIGRATE]})
    plan = world.decide()
    world.resource["status"] = dict(plan.intent or {})
    world.settle()
    assert len(world.status["jobs"]) == 1
    assert len(world.names("Job")) == 1


def test_only_the_last_job_of_each_name_stays() -> None:
    world = served(world_with(MIGRATE))
    for image in (TWO, THREE):
        world.update(image=image)
        world.settle()
        served(world)
    assert len(world.names("Job")) == 1
    assert len(world.status["jobs"]) == 3


def test_a_stuck_pod_of_a_migration_is_named() -> None:
    world = world_with(MIGRATE)
    start_pod(world)
    world.pods[0]["status"] = {
        "phase": "Pending",
        "containerStatuses": [
            {"name": "app", "image": ONE, "ready": False, "state": {"waiting": {"reason": "ImagePullBackOff"}}}
        ],
    }
    world.settle()
    assert [entry["reason"] for entry in world.status["waitingFor"]] == ["MigrationRunning", "ImagePullBackOff"]


def test_a_job_runs_on_demand_once_per_value_with_the_stable_revision() -> None:
    world = world_with(REINDEX)
    world.annotate("trimtab.dev/run-job", "reindex/7")
    world.settle()
    name = running(world)
    assert world.status["verb"]["value"] == "reindex/7"
    assert world.status["verb"]["result"] == "Accepted"
    assert world.ready == ("True", "Available")
    container = world.find("Job", name)["spec"]["template"]["spec"]["containers"][0]  # type: ignore[index]
    assert (container["image"], container["command"]) == (ONE, ["/reindex"])
    world.end_job(name, good=True)
    world.settle()
    assert world.names("Job") == [name]
    assert world.status["jobs"][0]["phase"] == "Succeeded"
    world.annotate("trimtab.dev/run-job", "reindex/8")
    world.settle()
    assert running(world) != name


@pytest.mark.parametrize(
    ("value", "why"),
    [("other/1", "no job 'other'"), ("migrate/1", "no job 'migrate'"), ("reindex", "any new value"), ("/", "any new")],
)
def test_a_request_that_cannot_be_met_is_refused_in_words(value: str, why: str) -> None:
    world = served(world_with(REINDEX, MIGRATE))
    world.annotate("trimtab.dev/run-job", value)
    world.settle()
    assert world.status["verb"]["result"] == "Refused"
    assert why in world.status["verb"]["message"]
    assert len(world.names("Job")) == 1


def test_a_request_before_the_first_rollout_and_during_a_run_is_refused() -> None:
    world = world_with(MIGRATE, REINDEX)
    world.annotate("trimtab.dev/run-job", "reindex/1")
    world.settle()
    assert "no revision has been rolled out" in world.status["verb"]["message"]
    served(world)
    world.annotate("trimtab.dev/run-job", "reindex/2")
    world.settle()
    world.annotate("trimtab.dev/run-job", "reindex/3")
    world.settle()
    assert "still running" in world.status["verb"]["message"]


def test_who_deletes_the_job_of_a_run_on_demand_ends_it() -> None:
    world = world_with(REINDEX)
    world.annotate("trimtab.dev/run-job", "reindex/1")
    world.settle()
    world.objects = {ref: obj for ref, obj in world.objects.items() if ref.kind != "Job"}
    world.settle()
    assert world.names("Job") == []
    assert world.status["jobs"][0]["phase"] == "Failed"


def test_the_pods_of_a_job_that_ended_keep_no_revision_alive() -> None:
    world = World({"image": ONE, "jobs": [MIGRATE], "config": {"data": {"a": "1"}, "mountPath": "/c"}})
    world.settle()
    start_pod(world)
    world.end_job(running(world), good=True)
    world.settle()
    world.pods[0]["status"]["phase"] = "Succeeded"
    world.update(config={"data": {"a": "2"}, "mountPath": "/c"})
    world.settle()
    assert len(world.names("ConfigMap")) == 2
    served(world)
    assert len(world.names("ConfigMap")) == 1


def test_a_run_that_goes_on_stays_on_record_however_many_begin_after_it() -> None:
    jobs = [Job.model_validate({"name": f"job-{number}", "run": "OnDemand"}) for number in range(32)]
    later = [{"name": job.name, "key": str(key), "phase": "Succeeded"} for key in range(4) for job in jobs]
    running_one = {"name": "job-0", "key": "long", "phase": "Running"}
    kept = runs.kept([*later, running_one], jobs)
    assert kept[0] == running_one
    assert len(kept) == 64
