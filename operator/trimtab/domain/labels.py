"""The labels and annotations that Trimtab writes, and the one place that knows their keys (design: labels)."""

NAME = "app.kubernetes.io/name"
MANAGED_BY = "app.kubernetes.io/managed-by"
COMPONENT = "app.kubernetes.io/component"
MICROSERVICE = "trimtab.dev/microservice"
REVISION = "trimtab.dev/revision"
JOB = "trimtab.dev/job"

MANAGER = "trimtab"
SERVICE = "service"
JOB_COMPONENT = "job"

APPLIED = "trimtab.dev/applied"
"""Annotation of every child: a digest of what was applied last, by which a field that we no longer want is noticed."""

SECRETS = "trimtab.dev/secrets"
"""Annotation of the pod template: digests of the Secrets that it refers to. Its change restarts the pods."""

RECONCILE = "trimtab.dev/reconcile"
"""Annotation that users set to any new value: look at everything again, and run a failed job anew."""

RUN_JOB = "trimtab.dev/run-job"
"""Annotation that users set to `<job>/<nonce>`: run that OnDemand job once."""


RELEASE = "trimtab.dev/release"
"""Annotation that users set to `<verb>/<release id>/<nonce>`: what is to become of a release."""

PLATFORM = "trimtab.dev/platform"
"""Annotation that users set to the available platform version: render the pods anew with its proxy."""

BINDING_FINALIZER = "trimtab.dev/binding"
"""Finalizer of a ServiceBinding: something outside the cluster has to be looked after before it may go."""


def of_object(service: str) -> dict[str, str]:
    """Labels that every object of a service carries."""
    return {NAME: service, MANAGED_BY: MANAGER, MICROSERVICE: service}


def of_serving_pods(service: str) -> dict[str, str]:
    """What selects the pods that serve, of whichever revision, and no job pod."""
    return {MICROSERVICE: service, COMPONENT: SERVICE}


def of_revision(service: str, revision: str) -> dict[str, str]:
    """What selects the pods of one revision that serve."""
    return {**of_serving_pods(service), REVISION: revision}


def of_job_pods(service: str) -> dict[str, str]:
    """What selects the pods of a service's jobs."""
    return {MICROSERVICE: service, COMPONENT: JOB_COMPONENT}


def selector(wanted: dict[str, str]) -> str:
    """Labels as a selector in text form, as `kubectl -l` and the scale subresource have it."""
    return ",".join(f"{key}={value}" for key, value in sorted(wanted.items()))
