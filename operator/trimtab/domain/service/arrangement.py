"""Revisions side by side: what is to exist now, so that every write on the way to the order is safe by itself.

Everything here is a function of what is observed and ordered, never of what was meant before: a process that dies, or
an order that changes half-way, leaves nothing behind that the next look would not see.
"""

from dataclasses import dataclass

from trimtab.api.microservice import MicroserviceSpec
from trimtab.api.reasons import Reason
from trimtab.domain.service import address, sizing
from trimtab.domain.service.aim import Aim
from trimtab.domain.service.arms import Arm, Fleet, fleet
from trimtab.domain.service.echo import echo
from trimtab.domain.service.meta import Identity
from trimtab.domain.service.observation import Observation
from trimtab.domain.service.pace import Split
from trimtab.domain.service.sizing import Size
from trimtab.domain.service.split import ordered, split
from trimtab.domain.traffic import registry
from trimtab.domain.traffic.order import Echo
from trimtab.domain.traffic.provider import Live, Provider, Routing


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """What is to exist now.

    `sizes` are the Deployments. `selected` is what the address selects: a revision, or all (empty). `routing` is what
    the route is to say by `provider`; None while it has to stay as it is. `fleet` is what was seen, `stable` the
    arm of the stable revision in it, `echo` the answer to the order.
    """

    fleet: Fleet
    stable: Arm
    provider: Provider
    sizes: tuple[Size, ...]
    selected: str
    routing: Routing | None
    echo: Echo


def arrange(
    owner: Identity, observation: Observation, aim: Aim, spec: MicroserviceSpec, spare: str, failure: tuple[str, str]
) -> Arrangement:
    """The next step towards an aim.

    `spec` has the ports of the stable revision; `spare` is the revision that is kept without pods for a fast way back;
    `failure` as in `echo`.
    """
    seen = fleet(owner, observation, served=aim.served)
    reader = _reader(aim, spec)
    end = _routing(owner, spec, aim, ordered(aim, seen))
    live = _of_arms(reader.live(end, observation.children), owner, aim)
    services = frozenset(ref.name for ref in observation.children if ref.kind == "Service")
    now = split(aim, seen, live, services) if aim.served else None
    problem = "" if aim.leaving else aim.provider.problem(end, observation.served, observation.gateway_class)
    failed = failure if failure[0] or not problem else (str(Reason.NOT_SUPPORTED), problem)
    return Arrangement(
        fleet=seen,
        stable=aim.stable(seen),
        provider=aim.provider,
        sizes=tuple(sizing.sizes(aim, seen, live, spare)),
        selected=address.selection(aim, seen),
        routing=None if now is None else _routing(owner, spec, aim, now),
        echo=echo(aim, seen, live, failed),
    )


def _of_arms(live: Live | None, owner: Identity, aim: Aim) -> Live | None:
    """The route as far as revisions depend on it: one that knows the address alone holds none of them up."""
    return None if live is not None and not aim.routed and live.known <= {owner.name} else live


def _reader(aim: Aim, spec: MicroserviceSpec) -> Provider:
    """Who knows the live route: without a router of its own, an exposed service still has its plain one."""
    return aim.provider if aim.provider.routed else registry.default(spec)


def _routing(owner: Identity, spec: MicroserviceSpec, aim: Aim, wanted: Split) -> Routing:
    return Routing(
        owner=owner,
        spec=spec,
        stable=wanted.stable,
        candidate=wanted.candidate,
        weight=wanted.weight,
        matches=aim.matches if wanted.matched else (),
        mirror=wanted.mirror,
        mirror_unsafe=aim.mirror_unsafe,
        cookie_max_age=aim.cookie_max_age,
        release=aim.order.release,
    )
