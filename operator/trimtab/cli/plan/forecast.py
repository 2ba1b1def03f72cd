"""What would become of a ServiceBinding: a look at AWS, and the operator's own decision about it."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import ValidationError

from trimtab.api.servicebinding import ServiceBindingSpec
from trimtab.cli.plan.situation import Candidate, Surroundings, binds_to
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.contribution import Contribution, contributed
from trimtab.domain.binding.observation import Observation, Trouble
from trimtab.domain.binding.policies.policy import Denial, Policy, permit
from trimtab.domain.binding.protocol.decide import looked_at
from trimtab.domain.binding.protocol.decision import Action, Decision, Finding
from trimtab.domain.binding.protocol.rehearsal import rehearsed
from trimtab.domain.binding.resource import Live, Resource
from trimtab.ports.cloud import Cloud, CloudError
from trimtab.reconcilers.binding.troubles import trouble
from trimtab.reconcilers.validation import explain


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`grant` is under which policy, None if no call to AWS is needed or none is permitted.

    `unseen` are what AWS would not show; of that nothing is foretold. `unchanged` are resources that stay as they are.
    `contribution` is what it asks of its workloads' roles, None for nothing; `open` says that this is not known,
    `waiting` that its rights follow once it is bound.
    """

    candidate: Candidate
    service: str = ""
    grant: Grant | None = None
    actions: tuple[Action, ...] = ()
    findings: tuple[Finding, ...] = ()
    unseen: tuple[Finding, ...] = ()
    unchanged: tuple[Resource, ...] = ()
    refusal: str = ""
    contribution: Contribution | None = None
    open: bool = False
    waiting: bool = False

    @property
    def refused(self) -> bool:
        """Whether something of it would not be done unless a person changes something."""
        return bool(self.refusal) or any(each.stalled for each in self.findings)


async def forecast(
    candidate: Candidate,
    around: Surroundings,
    policies: list[Policy],
    cloud: Cloud,
    cluster: ClusterIdentity,
    now: datetime,
) -> Forecast:
    """Looks, and changes nothing."""
    if candidate.after is None:
        return Forecast(candidate=candidate, refusal=candidate.refusal)
    try:
        spec = ServiceBindingSpec.model_validate(candidate.after["spec"])
    except ValidationError as error:
        return Forecast(candidate=candidate, refusal=explain(error), open=True)
    others = tuple(each for name, each in around.bindings.items() if name != candidate.name)
    external = spec.backing.external
    observation = Observation(
        resource=candidate.after,
        spec=spec,
        cluster=cluster,
        permit=permit(candidate.after, spec, around.namespace, policies, others, cluster.id) if external else None,
        others=others,
    )
    observation = await _looked(observation, cloud)
    rehearsal = rehearsed(observation, now)
    contribution = _contribution(observation, rehearsal.end, around)
    unseen = frozenset(each.message for each in observation.troubles.values())
    touched = {action.resource.key for action in rehearsal.actions}
    return Forecast(
        candidate=candidate,
        service=spec.member,
        grant=observation.permit if isinstance(observation.permit, Grant) else None,
        actions=rehearsal.actions,
        findings=tuple(each for each in rehearsal.end.findings if each.message not in unseen),
        unseen=tuple(each for each in rehearsal.end.findings if each.message in unseen),
        unchanged=tuple(
            each for each, _ in looked_at(observation) if each.key not in touched and observation.looks.get(each.key)
        ),
        contribution=contribution,
        open=contribution is None and _is_open(observation),
        waiting=_is_waiting(observation, rehearsal.end),
    )


def _contribution(observation: Observation, end: Decision, around: Surroundings) -> Contribution | None:
    """What its reconciler would tell that of identities; one that is being deleted is on its way out already."""
    grant = observation.permit
    if not isinstance(grant, Grant) or observation.troubles:
        return None
    workloads = tuple(name for name, each in around.services.items() if binds_to(observation.resource, each))
    if observation.deleting:
        return Contribution(workloads=workloads, grant=grant, leaving=True)
    return contributed(observation, end, grant, workloads)


def _is_open(observation: Observation) -> bool:
    """Whether its reconciler tells nothing for now: nobody takes anything away for its sake."""
    permit = observation.permit
    return isinstance(permit, Grant) or (isinstance(permit, Denial) and not permit.certain)


def _is_waiting(observation: Observation, end: Decision) -> bool:
    looked = isinstance(observation.permit, Grant) and not observation.troubles
    return looked and not observation.deleting and not end.complete


async def _looked(observation: Observation, cloud: Cloud) -> Observation:
    """As the operator looks: what fails is a trouble, never taken for absent."""
    grant = observation.permit
    if not isinstance(grant, Grant):
        return observation
    asked = looked_at(observation)
    answers = await asyncio.gather(*(_look(cloud, grant, resource, arn) for resource, arn in asked))
    found = dict(zip((resource.key for resource, _ in asked), answers, strict=True))
    return replace(
        observation,
        looks={key: each for key, each in found.items() if not isinstance(each, Trouble)},
        troubles={key: each for key, each in found.items() if isinstance(each, Trouble)},
    )


async def _look(cloud: Cloud, grant: Grant, resource: Resource, arn: str) -> Live | Trouble | None:
    try:
        return await cloud.look(grant, resource, arn=arn)
    except CloudError as error:
        return trouble(error, None, 0, lambda: 0.5)
