"""Jobs with real pods: migrations gate a rollout, schedules and jobs on demand run."""

from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial

import pytest_asyncio
from tests.e2e.installation import Images
from tests.e2e.space import Space, blockers, conditions, new_space, uids
from tests.support.kube import Kube, Object, poll
from tests.support.kubectl import run
from tests.support.mirror import Mirror, mirroring

MIGRATE = {
    "name": "migrate",
    "run": "BeforeRollout",
    "command": ["/demo-app", "migrate"],
    "retries": 0,
    "deadline": "240s",
}
REPORT = {"name": "report", "run": "Schedule", "schedule": "0 3 * * *", "command": ["/demo-app", "version"]}
REINDEX = {"name": "reindex", "run": "OnDemand", "command": ["/demo-app", "version"]}


@pytest_asyncio.fixture(scope="module")
async def space(kube: Kube) -> AsyncIterator[Space]:
    async with new_space(kube, "jobs") as space:
        yield space


def completed(job: Object) -> bool:
    met = {c["type"] for c in job.get("status", {}).get("conditions", ()) if c["status"] == "True"}
    return bool(met & {"SuccessCriteriaMet", "Complete"})


def first_seen(mirror: Mirror, kind: str, labels: Mapping[str, str], condition: Callable[[Object], bool]) -> int:
    """The store's version (one counter for all kinds) in which an object with these pod labels first met it."""
    for obj in (seen.obj for seen in mirror.history if seen.kind == kind):
        own = obj["spec"]["template"]["metadata"] if kind == "Job" else obj["metadata"]
        if labels.items() <= own.get("labels", {}).items() and condition(obj):
            return int(obj["metadata"]["resourceVersion"])
    raise AssertionError(f"no {kind} with {labels}")


def jobs_made(mirror: Mirror, namespace: str, name: str) -> list[str]:
    """The names of all Jobs that ever were made for a Microservice, one entry for each making."""
    made = [s for s in mirror.history if s.kind == "Job" and s.type == "ADDED" and s.key[1] == namespace]
    return [s.key[2] for s in made if s.obj["metadata"].get("labels", {}).get("trimtab.dev/microservice") == name]


def gated_by_job(mirror: Mirror, applied: Object) -> Object | None:
    """The first of all versions of a Microservice in which, as it was applied, it waits for its job."""
    name, generation = applied["metadata"]["name"], applied["metadata"]["generation"]
    seen = (s.obj for s in mirror.history if s.kind == "Microservice" and s.key[2] == name)
    gated = (o for o in seen if o["metadata"]["generation"] == generation and "MigrationRunning" in blockers(o))
    return next((obj for obj in gated if conditions(obj)), None)


async def test_a_migration_runs_once_and_before_the_first_pod(space: Space, images: Images) -> None:
    async with mirroring(["Job", "Microservice", "Pod"], space.name) as mirror:
        revisions = []
        for image in (images.v1, images.v2):
            asked = await space.apply("ledger", image, replicas=2, jobs=[MIGRATE], env={"MIGRATE_DURATION": "5s"})
            gated = await mirror.until(partial(gated_by_job, mirror, asked), 240, "it waits for the job")
            assert conditions(gated)["Ready"]["status"] == "False"
            ready = (await space.ready("ledger"))[0]
            revisions.append(ready["status"]["revision"])
            await space.answers("ledger", "/version", version=images.version(image))
        for revision in revisions:
            labels = {"trimtab.dev/microservice": "ledger", "trimtab.dev/revision": revision}
            done = first_seen(mirror, "Job", labels, completed)
            begun = first_seen(mirror, "Pod", {**labels, "app.kubernetes.io/component": "service"}, bool)
            assert done < begun, f"revision {revision}: the job ended at {done}, the first pod was made at {begun}"
        made = jobs_made(mirror, space.name, "ledger")
        assert len(made) == len(set(made)) == 2, made

        await space.apply("ledger", images.v1, replicas=2, jobs=[MIGRATE], env={"MIGRATE_DURATION": "5s"})
        back = (await space.ready("ledger"))[0]
        assert back["status"]["revision"] == revisions[0], "a rollback is the old revision again"
        await space.answers("ledger", "/version", version=images.version(images.v1))
        assert jobs_made(mirror, space.name, "ledger") == made, "a rollback migrates nothing"


async def test_a_failing_migration_blocks_and_says_why(space: Space, images: Images) -> None:
    quick = {"MIGRATE_DURATION": "0s"}
    await space.apply("stores", images.v1, replicas=2, jobs=[MIGRATE], env=quick)
    stable = (await space.ready("stores"))[0]["status"]["revision"]
    before = uids(await space.pods("stores"))

    await space.apply("stores", images.v2, replicas=2, jobs=[MIGRATE], env={**quick, "MIGRATE_FAIL": "true"})
    blocked = await space.until(
        "stores", lambda o: conditions(o).get("Ready", {}).get("reason") == "MigrationFailed", "MigrationFailed"
    )
    found = conditions(blocked)
    assert found["Ready"]["status"] == "False"
    assert found["Stalled"]["status"] == "True"
    assert 'column "price" of table "orders" is not empty' in found["Ready"]["message"], "the tail of its log"
    assert blocked["status"]["stableRevision"] == stable
    assert uids(await space.pods("stores")) == before, "no new pod, no old one gone"
    assert (await space.ask("stores", "/version"))["version"] == images.version(images.v1)

    await space.apply("stores", images.v2, replicas=2, jobs=[MIGRATE], env=quick)
    await space.ready("stores")
    await space.answers("stores", "/version", version=images.version(images.v2))
    assert not uids(await space.pods("stores")) & before


async def test_a_schedule_is_a_cron_job_that_works(space: Space, images: Images) -> None:
    await space.apply("books", images.v1, jobs=[REPORT])
    (cron_job,) = await poll(lambda: space.owned("CronJob", "books"), 120, "the CronJob")
    assert cron_job["spec"]["schedule"] == "0 3 * * *"
    await space.kubectl("create", "job", "report-now", f"--from=cronjob/{cron_job['metadata']['name']}")
    await space.kubectl("wait", "--for=condition=Complete", "job/report-now", "--timeout=240s", seconds=250)
    assert images.version(images.v1) in await space.kubectl("logs", "job/report-now")


async def test_a_job_on_demand_runs_when_asked(space: Space, images: Images) -> None:
    await space.apply("index", images.v1, jobs=[REINDEX])
    await space.ready("index")
    assert await space.owned("Job", "index") == [], "not before it is asked for"
    for expected in (1, 2):
        await run("trimtab", "job", "run", "index", "reindex", "-n", space.name)
        await space.until("index", partial(has_succeeded, expected), f"{expected} runs have succeeded")
    assert images.version(images.v1) in await space.kubectl("logs", "-l", "trimtab.dev/job=reindex")


def has_succeeded(times: int, obj: Object) -> bool:
    return [job["phase"] for job in obj["status"].get("jobs", ())].count("Succeeded") == times
