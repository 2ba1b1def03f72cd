"""Runs of admin processes, as status.jobs records them beyond the life of their Job objects.

A record is written *before* its Job is made (phase Pending), so that neither a crash nor a second look can start a run
twice; the Job's name follows from the record.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from trimtab.api.jobs import Job
from trimtab.domain import names
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.service import jobstate
from trimtab.domain.service.meta import Identity
from trimtab.domain.service.observation import Observation
from trimtab.domain.status import timestamp

Record = Mapping[str, Any]
"""An entry of status.jobs: name, key, phase, revision, nonce, message, startedAt, finishedAt."""

_KEPT_PER_JOB = 5
_KEPT = 64
"""The CRD's own limit for status.jobs."""

_MAX_LOG = 700
"""Characters of a log's tail in a record: a condition's message, which quotes it, has at most 1024."""

_LOG_SOUGHT = 60.0
"""Seconds from a Job's failure for which its log is sought: what keeps it from being read is mostly over by then."""


def unfinished(record: Record) -> bool:
    """Whether the run has not ended, as far as the record says."""
    return record["phase"] in ("Pending", "Running")


def begun(name: str, key: str, revision: str, nonce: str, now: datetime) -> Record:
    """The record of a run whose Job is to be made."""
    record = {"name": name, "key": key, "phase": "Pending", "revision": revision, "startedAt": timestamp(now)}
    return {**record, "nonce": nonce} if nonce else record


def find(records: Iterable[Record], name: str, key: str) -> Record | None:
    """The record of that job and key."""
    return next((record for record in records if record["name"] == name and record["key"] == key), None)


def added(record: Record, records: Iterable[Record]) -> tuple[Record, ...]:
    """The records with a new one in front; a new try takes the place of the failed one."""
    others = (each for each in records if (each["name"], each["key"]) != (record["name"], record["key"]))
    return (record, *others)


def kept(records: Sequence[Record], jobs: Sequence[Job]) -> tuple[Record, ...]:
    """What is worth keeping: first unfinished runs, then the last ones of the jobs that the spec still has."""
    known = {job.name for job in jobs}
    seen: Counter[str] = Counter()
    chosen = []
    for record in records:
        seen[record["name"]] += 1
        if unfinished(record) or (record["name"] in known and seen[record["name"]] <= _KEPT_PER_JOB):
            chosen.append(record)
    return tuple(sorted(chosen, key=unfinished, reverse=True)[:_KEPT])


def job_name(owner: Identity, record: Record) -> str:
    """The Job object of a run."""
    nonce = record.get("nonce", "")
    key = names.digest(f"{record['key']}\n{nonce}") if nonce else record["key"]
    return names.job(owner.name, record["name"], key)


def job_ref(owner: Identity, record: Record) -> ObjectRef:
    """The reference of that Job."""
    return owner.ref("batch/v1", "Job", job_name(owner, record))


def job_of(owner: Identity, observation: Observation, record: Record) -> Object | None:
    """That Job, if it exists."""
    return observation.children.get(job_ref(owner, record))


def settled(owner: Identity, observation: Observation) -> tuple[Record, ...]:
    """The records of status.jobs, those of unfinished runs brought up to date from their Jobs."""
    records = (observation.resource.get("status") or {}).get("jobs", ())
    return tuple(
        _settled(owner, observation, record) if _is_open(owner, observation, record) else record for record in records
    )


def is_silent(record: Record, job: Object | None, now: datetime) -> bool:
    """Whether a failure is on record without its log, which may be read still."""
    if record["phase"] != "Failed" or job is None or record.get("message") != _failure(job, ""):
        return False
    ended = jobstate.ended_at(job)
    return bool(ended) and abs((now - datetime.fromisoformat(ended)).total_seconds()) < _LOG_SOUGHT


def _is_open(owner: Identity, observation: Observation, record: Record) -> bool:
    """Whether it has not ended as far as the record says, or it failed and its log could be read only now."""
    late = record["phase"] == "Failed" and bool(observation.job_logs.get(job_name(owner, record)))
    return unfinished(record) or late


def _settled(owner: Identity, observation: Observation, record: Record) -> Record:
    job = job_of(owner, observation, record)
    if job is None:
        return record
    if jobstate.succeeded(job):
        return {**record, "phase": "Succeeded", **_end(job)}
    if jobstate.failed(job):
        log = observation.job_logs.get(job_name(owner, record), "")
        return {**record, "phase": "Failed", "message": _failure(job, log), **_end(job)}
    return {**record, "phase": "Running"}


def _end(job: Object) -> dict[str, str]:
    ended = jobstate.ended_at(job)
    return {"finishedAt": ended} if ended else {}


def _failure(job: Object, log: str) -> str:
    why = jobstate.why_failed(job) or "the Job failed"
    tail = log.strip()
    if not tail:
        return why
    return f"{why}; log: {tail}" if len(tail) <= _MAX_LOG else f"{why}; log: …{tail[-_MAX_LOG:]}"
