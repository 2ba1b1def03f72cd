"""Manifests as the API server would take them, and what is around them in the cluster."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import click
from pydantic import ValidationError

from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.kinds import BINDING_POLICY, MICROSERVICE, NAMESPACE, SERVICE_BINDING, Kind
from trimtab.api.bindingpolicy import BindingPolicySpec
from trimtab.cli import manifests
from trimtab.domain.binding.policies.policy import Policy
from trimtab.domain.binding.workload import binds
from trimtab.domain.objects import Object
from trimtab.ports.cluster import ClusterError, DeniedError, InvalidError, NotFoundError, TerminatingError

PLANNED = {kind.kind: kind for kind in (SERVICE_BINDING, BINDING_POLICY, MICROSERVICE)}
_DRY = {"dryRun": "All", "fieldManager": "trimtab-plan", "fieldValidation": "Strict"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A manifest. `before` is the live object, None if there is none; `after` what it would become.

    `refusal` is why the API server would not take it; then there is no `after`.
    """

    kind: str
    namespace: str
    name: str
    before: Object | None = None
    after: Object | None = None
    refusal: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {'/'.join(part for part in (self.namespace, self.name) if part)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """One namespace as it would be: live objects, with the candidates in their places."""

    namespace: Object | None
    bindings: Mapping[str, Object]
    services: Mapping[str, Object]
    services_before: Mapping[str, Object] = field(default_factory=dict)
    bindings_before: Mapping[str, Object] = field(default_factory=dict)


async def candidate(api: ApiClient, manifest: Object, default_namespace: str) -> Candidate:
    """The answer of the API server to a create or an update that is not carried out. Raises ClusterError."""
    kind, metadata = PLANNED[manifest["kind"]], manifest.get("metadata") or {}
    namespace = "" if kind is BINDING_POLICY else metadata.get("namespace") or default_namespace
    found = Candidate(kind=kind.kind, namespace=namespace, name=manifests.name_of(manifest))
    path = kind.path(namespace, found.name)
    before = await _live(api, kind, path)
    body = _merged(before, manifest, namespace)
    try:
        if before is None:
            after = await api.write("POST", kind, kind.path(namespace), body, verb="create", query=_DRY)
        else:
            after = await api.write("PUT", kind, path, body, verb="update", query=_DRY)
    except (DeniedError, InvalidError, NotFoundError) as error:
        return replace(found, before=before, refusal=refusal(error))
    return replace(found, before=before, after=after)


def refusal(error: ClusterError) -> str:
    """Who refuses it and why, and what to do."""
    match error:
        case TerminatingError():
            remedy = "make the namespace first, or choose another"
        case DeniedError():
            remedy = "do as it says, or ask an administrator"
        case NotFoundError():
            remedy = "plan again: somebody deleted it meanwhile"
        case _:
            remedy = "correct the manifest"
    return f"the API server: {str(error).rstrip('. ')}; {remedy}"


async def surroundings(api: ApiClient, namespace: str, candidates: Iterable[Candidate]) -> Surroundings:
    """What policies and decisions look at. Raises ClusterError."""
    bindings = {each["metadata"]["name"]: each for each in await _all(api, SERVICE_BINDING, namespace)}
    services = {each["metadata"]["name"]: each for each in await _all(api, MICROSERVICE, namespace)}
    planned: dict[str, dict[str, Object]] = {SERVICE_BINDING.kind: {}, MICROSERVICE.kind: {}}
    for each in candidates:
        if each.namespace == namespace and each.after is not None:
            planned[each.kind][each.name] = each.after
    return Surroundings(
        namespace=await _namespace(api, namespace),
        bindings={**bindings, **planned[SERVICE_BINDING.kind]},
        services={**services, **planned[MICROSERVICE.kind]},
        bindings_before=bindings,
        services_before=services,
    )


def binds_to(binding: Object, service: Object) -> bool:
    """Whether a Microservice of the same namespace is a workload of the binding."""
    metadata = service["metadata"]
    return binds(binding, metadata["name"], metadata.get("labels") or {})


async def policies(api: ApiClient, candidates: Iterable[Candidate]) -> list[Policy]:
    """The BindingPolicies of the cluster, with those of the file in their places. Raises click.ClickException."""
    given = {each.name: each.after for each in candidates if each.kind == BINDING_POLICY.kind and each.after}
    try:
        live = {each["metadata"]["name"]: each for each in await _all(api, BINDING_POLICY, "")}
    except DeniedError as error:
        if not given:
            message = f"{error}; ask for that right, or put the BindingPolicy that holds into the file, too"
            raise click.ClickException(message) from error
        live = {}
    return list(_parsed({**live, **given}))


async def cluster_id(api: ApiClient) -> str:
    """The id that the operator has without a setting. Raises click.ClickException."""
    try:
        found = await api.read(NAMESPACE, NAMESPACE.path("", "kube-system"))
    except ClusterError as error:
        raise click.ClickException(f"{error}; give the id of the cluster with --cluster-id") from error
    return str(found["metadata"]["uid"])


def _parsed(found: Mapping[str, Object | None]) -> Iterator[Policy]:
    for name, each in found.items():
        try:
            yield Policy(name=name, spec=BindingPolicySpec.model_validate((each or {})["spec"]))
        except ValidationError:
            continue  # one that cannot be understood permits nothing


async def _namespace(api: ApiClient, name: str) -> Object | None:
    """The Namespace; with only its name as a label where one may not read it."""
    try:
        found: Object = await api.read(NAMESPACE, NAMESPACE.path("", name))
    except NotFoundError:
        return None
    except DeniedError:
        return {"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}}
    return found


async def _all(api: ApiClient, kind: Kind, namespace: str) -> list[Object]:
    found = await api.read(kind, kind.path(namespace), verb="list")
    return [{**item, "apiVersion": kind.api_version, "kind": kind.kind} for item in found["items"]]


async def _live(api: ApiClient, kind: Kind, path: str) -> Object | None:
    try:
        found: Object = await api.read(kind, path)
    except NotFoundError:
        return None
    return found


def _merged(before: Object | None, manifest: Object, namespace: str) -> Object:
    """The manifest as an update: spec whole, labels and annotations over those that are there."""
    metadata: dict[str, Any] = dict(manifest.get("metadata") or {})
    if namespace:
        metadata["namespace"] = namespace
    if before is None:
        return {**manifest, "metadata": metadata}
    kept = before["metadata"]
    for name in ("labels", "annotations"):
        kept = {**kept, name: {**(kept.get(name) or {}), **(metadata.get(name) or {})}}
    return {**before, "metadata": kept, "spec": manifest.get("spec")}
