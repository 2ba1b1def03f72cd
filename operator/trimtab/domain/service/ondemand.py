"""OnDemand jobs: the annotation `trimtab.dev/run-job: <job>/<nonce>` starts one, once; status.verb answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trimtab.domain import labels, names
from trimtab.domain.service import runs
from trimtab.domain.service.gating import annotation
from trimtab.domain.service.meta import Identity
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.runs import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The last request and what became of it. `verb` is status.verb; None: there never was one."""

    records: tuple[Record, ...]
    verb: Mapping[str, str] | None


def requested(
    owner: Identity, observation: Observation, records: tuple[Record, ...], stable: str | None, now: datetime
) -> Request:
    """Accepts or refuses a request that was not answered yet; the run is that of revision `stable`."""
    value = annotation(observation, labels.RUN_JOB)
    verb = (observation.resource.get("status") or {}).get("verb")
    records = tuple(_given_up(owner, observation, record) for record in records)
    if not value or (verb is not None and verb["value"] == value):
        return Request(records=records, verb=verb)
    name, _, nonce = value.partition("/")
    if refusal := _refusal(observation, records, name, nonce, stable):
        return Request(records=records, verb={"value": value, "result": "Refused", "message": refusal})
    record = runs.begun(name, names.digest(value), stable or "", nonce, now)
    message = f"Job {runs.job_name(owner, record)} runs revision {stable}"
    return Request(records=runs.added(record, records), verb={"value": value, "result": "Accepted", "message": message})


def _refusal(
    observation: Observation, records: tuple[Record, ...], name: str, nonce: str, stable: str | None
) -> str | None:
    on_demand = [job.name for job in observation.spec.jobs if job.run == "OnDemand"]
    if not nonce:
        return f"write {labels.RUN_JOB}: <job>/<any new value>"
    if name not in on_demand:
        return f"spec.jobs has no job {name!r} with run: OnDemand; it has: {', '.join(on_demand) or 'none'}"
    if stable is None:
        return "no revision has been rolled out yet; ask again when the service is Ready"
    if any(record["name"] == name and runs.unfinished(record) for record in records):
        return f"job {name} is still running; ask again when it has ended"
    return None


def _given_up(owner: Identity, observation: Observation, record: Record) -> Record:
    """Who deletes the Job of a running OnDemand job wants it to end: it is not made again."""
    on_demand = any(job.name == record["name"] and job.run == "OnDemand" for job in observation.spec.jobs)
    if on_demand and record["phase"] == "Running" and runs.job_of(owner, observation, record) is None:
        return {**record, "phase": "Failed", "message": "its Job was deleted before it ended"}
    return record
