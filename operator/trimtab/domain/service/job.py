"""One run of an admin process: a Job with a recorded revision's image, environment, volumes and ServiceAccount."""

from collections.abc import Mapping
from typing import Any

from trimtab.api.jobs import Job
from trimtab.domain import labels
from trimtab.domain.objects import Object
from trimtab.domain.quantity import canonical
from trimtab.domain.service.containers import APP, whole_seconds
from trimtab.domain.service.meta import Identity, child, filled
from trimtab.domain.service.proxy import container as proxy

_SERVING_FIELDS = frozenset(
    {"ports", "readinessProbe", "livenessProbe", "startupProbe", "lifecycle", "command", "args"}
)
"""Fields of the service's container that belong to serving, not to the program."""

_LEFT_OUT = frozenset({"containers", "initContainers", "topologySpreadConstraints", "volumes"})
"""Fields of the pod that jobs do not take as they are: they have neither the user's other containers, nor the proxy and
its volume, nor the spread, which counts serving pods."""


def job(owner: Identity, template: Object, run: Job, name: str) -> dict[str, Any]:
    """A Job that runs once, under a name of its own for each run."""
    return child(owner, "batch/v1", "Job", name, {"spec": job_spec(owner, template, run)})


def job_spec(owner: Identity, template: Object, run: Job) -> dict[str, Any]:
    """What a Job and a CronJob's template have in common."""
    metadata = template["metadata"]
    serving = metadata["labels"]
    pod_labels = {**serving, labels.COMPONENT: labels.JOB_COMPONENT, labels.JOB: run.name}
    return {
        "backoffLimit": run.retries,
        "activeDeadlineSeconds": whole_seconds(run.deadline),
        "template": {
            "metadata": {"labels": pod_labels, "annotations": metadata.get("annotations", {})},
            "spec": _pod(template["spec"], run),
        },
    }


def _pod(serving: Mapping[str, Any], run: Job) -> dict[str, Any]:
    app = next(container for container in serving["containers"] if container["name"] == APP)
    kept = {field: value for field, value in app.items() if field not in _SERVING_FIELDS}
    own = filled({"command": list(run.command), "args": list(run.args), "resources": _resources(run)})
    pod = {field: value for field, value in serving.items() if field not in _LEFT_OUT}
    volumes = [volume for volume in serving.get("volumes", ()) if volume["name"] != proxy.NAME]
    return {**pod, **filled({"volumes": volumes}), "containers": [{**kept, **own}], "restartPolicy": "Never"}


def _resources(run: Job) -> dict[str, Any]:
    if run.resources is None:
        return {}
    given = {"requests": run.resources.requests, "limits": run.resources.limits}
    return filled({field: {key: canonical(amount) for key, amount in each.items()} for field, each in given.items()})
