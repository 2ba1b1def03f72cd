"""The children of a service whose revisions stand side by side, as far as they differ from those of rolling updates."""

from collections.abc import Iterator

from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.service import deployment, rotation, service
from trimtab.domain.service.arrangement import Arrangement
from trimtab.domain.service.decision import Decision, effective_spec, spec_of
from trimtab.domain.service.observation import Observation
from trimtab.domain.traffic import registry


def services(observation: Observation, decision: Decision, arrangement: Arrangement) -> Iterator[Object]:
    """The address, and a Service for each revision that has a Deployment."""
    owner, spec = decision.owner, effective_spec(observation, decision)
    if spec.ports:
        yield service.service(owner, spec, arrangement.selected)
    for size in arrangement.sizes:
        revision = decision.records.get(size.revision)
        if size.name != owner.name and revision is not None and (own := spec_of(observation, decision, revision)).ports:
            yield service.revision_service(owner, own, revision)


def routes(arrangement: Arrangement) -> tuple[Object, ...]:
    """What leads requests to the Services; none while it has to stay as it is."""
    if arrangement.routing is None:
        return ()
    return registry.objects(arrangement.provider, arrangement.routing)


def deployments(observation: Observation, decision: Decision, arrangement: Arrangement) -> Iterator[Object]:
    """The Deployments of all arms, each with the digests of the Secrets that it refers to."""
    owner = decision.owner
    for size in arrangement.sizes:
        revision = decision.records.get(size.revision)
        if revision is None:
            continue
        live = observation.children.get(owner.ref("apps/v1", "Deployment", size.name))
        template = rotation.overlaid(revision.template, observation.secrets, live)
        if size.name == owner.name:
            yield deployment.deployment(owner, template, size.replicas)
        else:
            yield deployment.revision_deployment(owner, size.revision, template, size.replicas)


def kept(observation: Observation, decision: Decision, arrangement: Arrangement) -> Iterator[ObjectRef]:
    """What stays though it is not written: a route that has to wait, and arms whose record was lost."""
    if arrangement.routing is None:
        kinds = registry.KINDS
        yield from (ref for ref in observation.children if (ref.api_version, ref.kind) in kinds)
    for size in arrangement.sizes:
        if size.revision not in decision.records:
            arm = (("apps/v1", "Deployment"), ("v1", "Service"))
            refs = (decision.owner.ref(*kind, size.name) for kind in arm)
            yield from (ref for ref in refs if ref in observation.children)
