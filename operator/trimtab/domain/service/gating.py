"""BeforeRollout jobs: in list order, one at a time, before the first pod of a revision that was never rolled out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trimtab.api.jobs import Job
from trimtab.domain import labels, names
from trimtab.domain.service import jobstate, runs
from trimtab.domain.service.meta import Identity
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.runs import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Where the jobs stand. `holding` is the run that holds the rollout up; None: it may begin."""

    records: tuple[Record, ...]
    holding: Record | None = None


def key_of(job: Job, image: str, revision: str) -> str:
    """Identifies what a job would run: its spec and the image's digest if it names one, else tag and revision."""
    _, _, digest = image.partition("@")
    return names.digest(names.canonical([job.to_json(), digest or [image, revision]]))


def gate(
    owner: Identity, observation: Observation, target: str, *, rolled_out: bool, now: datetime, attempt: str = ""
) -> Gate:
    """Whether the rollout of revision `target` may begin; begins the next job if one must run first.

    A revision that was rolled out before, or is not to be rolled out now (`rolled_out`), waits for nothing. A job that
    failed is tried again by the next release of the revision (`attempt`: its id); where there is none, when the
    annotation `trimtab.dev/reconcile` gets another value than it had when the run began.
    """
    jobs = [job for job in observation.spec.jobs if job.run == "BeforeRollout"]
    keys = {job.name: key_of(job, observation.spec.image, target) for job in jobs}
    wanted = {} if rolled_out else keys
    records = tuple(
        each for each in runs.settled(owner, observation) if not _obsolete(owner, observation, each, wanted)
    )
    if rolled_out:
        return Gate(records=records)
    nonce = attempt or annotation(observation, labels.RECONCILE)
    for job in jobs:
        record = runs.find(records, job.name, keys[job.name])
        if record is not None and record["phase"] == "Succeeded":
            continue
        if record is not None and (runs.unfinished(record) or nonce in ("", record.get("nonce", ""))):
            return Gate(records=records, holding=record)
        if other := _other_migration(observation, records):
            return Gate(records=records, holding=other)
        begun = runs.begun(job.name, keys[job.name], target, nonce, now)
        return Gate(records=runs.added(begun, records), holding=begun)
    return Gate(records=records)


def _obsolete(owner: Identity, observation: Observation, record: Record, wanted: Mapping[str, str]) -> bool:
    """Whether a run for another target has not begun its work: a fixed image must not wait for an unpullable one."""
    if not runs.unfinished(record) or wanted.get(record["name"]) == record["key"]:
        return False
    if record["name"] in _on_demand(observation):
        return False
    job = runs.job_of(owner, observation, record)
    return job is None or not jobstate.started(job, observation.pods)


def _other_migration(observation: Observation, records: Sequence[Record]) -> Record | None:
    """An unfinished run for another target: two migrations of one database must not meet."""
    on_demand = _on_demand(observation)
    return next((each for each in records if runs.unfinished(each) and each["name"] not in on_demand), None)


def _on_demand(observation: Observation) -> frozenset[str]:
    return frozenset(job.name for job in observation.spec.jobs if job.run == "OnDemand")


def annotation(observation: Observation, key: str) -> str:
    """The value of an annotation of the Microservice, as much of it as the status can hold; empty if absent."""
    annotations = observation.resource["metadata"].get("annotations") or {}
    return str(annotations.get(key, ""))[:253]
