"""Why a Job failed is told by the end of its log."""

from datetime import timedelta

from tests.unit.domain.test_jobs import MIGRATE, REINDEX, TWO, running, served, world_with

from trimtab.domain.outcome import Stalled, Waiting
from trimtab.domain.service.references import failed_jobs


def test_a_log_that_could_not_be_read_is_sought_for_a_minute() -> None:
    world = world_with(MIGRATE)
    name = running(world)
    world.end_job(name, good=False)
    world.settle()
    assert world.ready == ("False", "MigrationFailed")
    assert failed_jobs(world.resource, world.objects, world.now) == (name,)
    assert isinstance(world.reconcile().outcome, Waiting)
    world.now += timedelta(minutes=2)
    assert failed_jobs(world.resource, world.objects, world.now) == ()
    assert isinstance(world.reconcile().outcome, Stalled)


def test_a_log_that_is_read_late_is_told_like_any_other() -> None:
    world = world_with(MIGRATE)
    name = running(world)
    world.end_job(name, good=False)
    world.settle()
    world.logs[name] = "ERROR relation orders does not exist"
    world.settle()
    assert "relation orders does not exist" in world.condition("Ready")["message"]  # type: ignore[index]
    assert failed_jobs(world.resource, world.objects, world.now) == ()
    assert isinstance(world.reconcile().outcome, Stalled)


def test_only_the_log_of_a_run_whose_failure_is_not_on_record_is_read() -> None:
    world = served(world_with(MIGRATE, REINDEX))
    world.annotate("trimtab.dev/run-job", "reindex/1")
    world.settle()
    [reindex] = [name for name in world.names("Job") if "reindex" in name]
    world.end_job(reindex, good=False, log="out of memory")
    assert failed_jobs(world.resource, world.objects, world.now) == (reindex,)
    world.settle()
    world.update(image=TWO)
    world.settle()
    assert failed_jobs(world.resource, world.objects, world.now) == (), "the migration has only begun"


def test_a_long_log_is_cut_at_its_beginning() -> None:
    world = world_with(MIGRATE)
    world.end_job(running(world), good=False, log="x" * 5000 + " the end")
    world.settle()
    ready = world.condition("Ready")
    assert ready is not None
    assert ready["message"].endswith("the end")
    assert len(ready["message"]) <= 1024
