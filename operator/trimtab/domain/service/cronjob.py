"""A scheduled admin process."""

from typing import Any

from trimtab.api.jobs import Job
from trimtab.domain import names
from trimtab.domain.objects import Object
from trimtab.domain.service.job import job_spec
from trimtab.domain.service.meta import Identity, child


def cron_job(owner: Identity, template: Object, run: Job) -> dict[str, Any]:
    """A CronJob of which no two runs overlap, and of which the last good and the last failed run are kept."""
    body: dict[str, Any] = {
        "schedule": run.schedule,
        "concurrencyPolicy": "Forbid",
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"spec": job_spec(owner, template, run)},
    }
    if run.time_zone:
        body["timeZone"] = run.time_zone
    return child(owner, "batch/v1", "CronJob", names.cron_job(owner.name, run.name), {"spec": body})
