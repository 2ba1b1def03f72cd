"""Which Microservices' IAM roles a plan is about, and what bindings would ask of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trimtab.cli.plan.forecast import Forecast
from trimtab.cli.plan.situation import Candidate, Surroundings, binds_to
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.identity.account import account_of
from trimtab.domain.binding.identity.asked import chosen
from trimtab.domain.binding.identity.contribution import Contribution
from trimtab.domain.objects import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One Microservice, as it would be, and what bindings ask for it, by their names.

    `unknown` are the bindings of which that is not known, `waiting` those whose rights follow once they are bound.
    `before` is the grant of a binding that is for it now, for when nobody is known to ask for anything.
    """

    namespace: str
    service: Object
    contributions: Mapping[str, Contribution] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    before: Grant | None = None

    @property
    def name(self) -> str:
        """That of the Microservice."""
        return str(self.service["metadata"]["name"])

    @property
    def grant(self) -> Grant | None:
        """The one under which its role is kept or removed; None: nobody asks for one, nor did."""
        return chosen(self.contributions) or self.before


def concerned(around: Surroundings, namespace: str, candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """The Microservices of a namespace whose roles the candidates may change."""
    here = [each for each in candidates if each.namespace == namespace]
    own = {each.name for each in here if each.kind == "Microservice" and _is_role_concerned(around, each)}
    bindings = (each for each in here if each.kind == "ServiceBinding")
    states = [state for each in bindings for state in (each.before, each.after) if state]
    bound = {name for name, each in around.services.items() if any(binds_to(state, each) for state in states)}
    return tuple(sorted(own | bound))


def _is_role_concerned(around: Surroundings, candidate: Candidate) -> bool:
    """Whether it gets or loses bindings, or other pods may have the role: all else in its spec is none of IAM's."""
    before, after = candidate.before, candidate.after
    if after is None:
        return False
    had = frozenset(key for key, each in around.bindings_before.items() if before and binds_to(each, before))
    has = bindings_of(around, candidate.name)
    return had != has or bool(has and before and account_of(before) != account_of(after))


def bindings_of(around: Surroundings, name: str) -> frozenset[str]:
    """The bindings that would be for a Microservice."""
    service = around.services[name]
    return frozenset(key for key, each in around.bindings.items() if binds_to(each, service))


def bindings_left(around: Surroundings, name: str) -> frozenset[str]:
    """The bindings that are for it now and would not be any more."""
    service = around.services_before.get(name)
    if service is None:
        return frozenset()
    now = (key for key, each in around.bindings_before.items() if binds_to(each, service))
    return frozenset(now) - bindings_of(around, name)


def asking(namespace: str, around: Surroundings, name: str, forecasts: Mapping[str, Forecast]) -> Asking:
    """`forecasts` are at least those of the bindings that are, or would be, for the Microservice, by name."""
    left = sorted(bindings_left(around, name))
    own = {key: forecasts[key] for key in sorted(bindings_of(around, name))}
    unknown = (key for key in (*own, *left) if forecasts[key].open)
    grants = (forecasts[key].grant for key in (*left, *own))
    return Asking(
        namespace=namespace,
        service=around.services[name],
        contributions={key: each.contribution for key, each in own.items() if each.contribution is not None},
        unknown=frozenset(unknown),
        waiting=frozenset(key for key, each in own.items() if each.waiting),
        before=next((each for each in grants if each is not None), None),
    )
