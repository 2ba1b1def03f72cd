"""What must be read, beside the watched objects, before a decision can be made."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.service import runs
from trimtab.domain.service.bindings import Bound
from trimtab.domain.service.jobstate import failed
from trimtab.domain.service.meta import identity_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretReference:
    """A Secret that a pod refers to. `at_start`: a container sees its content once, when it starts."""

    name: str
    optional: bool
    at_start: bool


def secrets_of(
    spec: MicroserviceSpec, children: Mapping[ObjectRef, Object], bound: Iterable[Bound] = ()
) -> frozenset[str]:
    """Names of the Secrets (of the Microservice's namespace) that its spec, its bindings' variables or one of its live
    revisions refers to.
    """
    found = {*_of_spec(spec), *(each.secret for each in bound if each.env)}
    for ref, child in children.items():
        if ref.kind == "Deployment":
            found |= {reference.name for reference in of_pod(child["spec"]["template"]["spec"])}
    return frozenset(found)


def failed_jobs(resource: Object, children: Mapping[ObjectRef, Object], now: datetime) -> tuple[str, ...]:
    """Names of the Jobs that failed and of which the status does not say why yet: `job_logs` needs their logs."""
    owner, records = identity_of(resource), (resource.get("status") or {}).get("jobs", ())
    found = ((each, children.get(runs.job_ref(owner, each))) for each in records if each["phase"] != "Succeeded")
    return tuple(
        job["metadata"]["name"]
        for record, job in found
        if job is not None and failed(job) and (runs.unfinished(record) or runs.is_silent(record, job, now))
    )


def of_pod(pod: Mapping[str, Any]) -> Iterator[SecretReference]:
    """The Secrets that a pod's environment and volumes refer to; those for pulling images do not count."""
    by_sub_path: set[str] = set()
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        yield from _of_environment(container)
        by_sub_path |= {mount["name"] for mount in container.get("volumeMounts", ()) if mount.get("subPath")}
    for volume in pod.get("volumes", ()):
        for source, field in _secret_sources(volume):
            yield SecretReference(
                name=source[field],
                optional=source.get("optional", False),
                at_start=volume["name"] in by_sub_path,  # the kubelet never updates a file mounted by subPath
            )


def _of_environment(container: Mapping[str, Any]) -> Iterator[SecretReference]:
    keys = ((variable.get("valueFrom") or {}).get("secretKeyRef") for variable in container.get("env", ()))
    objects = (source.get("secretRef") for source in container.get("envFrom", ()))
    for source in (*keys, *objects):
        if source:
            yield SecretReference(name=source["name"], optional=source.get("optional", False), at_start=True)


def _secret_sources(volume: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    if "secret" in volume:
        yield volume["secret"], "secretName"
    for source in (volume.get("projected") or {}).get("sources", ()):
        if "secret" in source:
            yield source["secret"], "name"


def _of_spec(spec: MicroserviceSpec) -> Iterator[str]:
    extra = (*spec.init_containers, *spec.sidecars)
    for variable in (*spec.env, *(each for container in extra for each in container.env)):
        if variable.value_from is not None and variable.value_from.secret_key_ref is not None:
            yield variable.value_from.secret_key_ref.name
    for source in (*spec.env_from, *(each for container in extra for each in container.env_from)):
        if source.secret_ref is not None:
            yield source.secret_ref.name
    for volume in spec.volumes:
        if volume.secret is not None:
            yield volume.secret.secret_name
        if volume.projected is not None:
            yield from (each.secret.name for each in volume.projected.sources if each.secret is not None)
