"""What must be read, beside the watched objects, before a decision can be made."""

from collections.abc import Mapping

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.objects import Object, ObjectRef


def secrets_of(spec: MicroserviceSpec, children: Mapping[ObjectRef, Object]) -> frozenset[str]:
    """Names of the Secrets (of the Microservice's namespace) that its spec or one of its live revisions refers to."""
    return frozenset()


def failed_jobs(resource: Object, children: Mapping[ObjectRef, Object]) -> tuple[str, ...]:
    """Names of the Jobs that failed and whose failure the status does not hold yet: `job_logs` needs their logs."""
    return ()
