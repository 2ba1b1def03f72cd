"""What would become of the bindings and IAM roles of one namespace, with what all of them are decided by."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from trimtab.cli.plan.asking import asking, bindings_left, bindings_of, concerned
from trimtab.cli.plan.forecast import Forecast, forecast
from trimtab.cli.plan.roles import RoleForecast, foretold
from trimtab.cli.plan.situation import Candidate, Surroundings
from trimtab.domain.binding.cluster import ClusterIdentity
from trimtab.domain.binding.policies.policy import Policy
from trimtab.ports.cloud import Cloud
from trimtab.ports.roles import Roles

KIND = "ServiceBinding"

Foretold = tuple[list[Forecast], list[RoleForecast]]
"""Of the bindings of the manifests, and of the roles that they concern."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreteller:
    """Looks at AWS, and changes nothing."""

    cloud: Cloud
    roles: Roles
    policies: list[Policy]
    cluster: ClusterIdentity
    now: datetime

    async def told(self, namespace: str, around: Surroundings, candidates: list[Candidate]) -> Foretold:
        """Of the candidates' bindings, in their order, and of the roles that they concern, by name."""
        planned = [each for each in candidates if (each.kind, each.namespace) == (KIND, namespace)]
        names = concerned(around, namespace, candidates)
        known = {each.name for each in planned if each.after is not None}
        further = sorted(set().union(*(bindings_of(around, name) | bindings_left(around, name) for name in names)))
        live = [_as_it_is(namespace, around, name) for name in further if name not in known]
        found = await asyncio.gather(*(self._forecast(each, around) for each in (*planned, *live)))
        forecasts = {each.candidate.name: each for each in found if each.candidate.after is not None}
        askings = [asking(namespace, around, name, forecasts) for name in names]
        roles = (foretold(each, each.grant, self.cluster, self.roles) for each in askings if each.grant is not None)
        return found[: len(planned)], await asyncio.gather(*roles)

    async def _forecast(self, candidate: Candidate, around: Surroundings) -> Forecast:
        return await forecast(candidate, around, self.policies, self.cloud, self.cluster, self.now)


def _as_it_is(namespace: str, around: Surroundings, name: str) -> Candidate:
    """A binding of which the manifests say nothing, or nothing that the API server would take."""
    live = around.bindings[name]
    return Candidate(kind=KIND, namespace=namespace, name=name, before=live, after=live)
