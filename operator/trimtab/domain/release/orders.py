"""Orders to the Microservices: what they say in each phase, and that they are given one after another."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from trimtab.domain.release.effect import in_effect, in_place
from trimtab.domain.release.look import Look, Service
from trimtab.domain.release.stages import Stage
from trimtab.domain.release.state import Leg, State
from trimtab.domain.traffic.order import Address, Order

Aim = Callable[[Leg, Service], dict[str, Any]]
"""Gives what an order is to say of a leg's candidate: fields of Order."""


def provider_of(look: Look, leg: Leg, service: Service) -> str:
    """Who divides the traffic of that Microservice; in the midst of a release nobody else takes over."""
    if leg.order is not None and leg.order.candidate and leg.candidate == leg.order.candidate:
        return leg.order.provider
    return look.spec.traffic.provider or service.provider()


def to_stage(stage: Stage, look: Look, floor: int = 0) -> Aim:
    """The aim of a stage, at no less than `floor` percent."""
    weight = max(stage.weight, floor)

    def aim(leg: Leg, service: Service) -> dict[str, Any]:
        return {
            "weight": weight,
            "matched": stage.matched,
            "mirror": stage.mirror,
            "capacity": max(stage.capacity, weight),
            "address": _address(weight, provider_of(look, leg, service)),
        }

    return aim


def to_pods(capacity: int) -> Aim:
    """Pods without traffic: for previews, and for gates that want to try them first."""
    return lambda leg, service: {"capacity": capacity}


def to_all(leg: Leg, service: Service) -> dict[str, Any]:
    """Everything to the candidate, its address included."""
    return {"weight": 100, "capacity": 100, "address": "Candidate"}


def to_nothing(leg: Leg, service: Service) -> dict[str, Any]:
    """Nothing to the candidate, while its pods serve what they began."""
    return {"capacity": leg.order.capacity if leg.order else 0}


def _address(weight: int, provider: str) -> Address:
    """Without a router the address itself divides; with one it stays where it is until everything has moved."""
    if provider != "Replicas" or weight == 0:
        return "Stable"
    return "Candidate" if weight == 100 else "Both"


def moved(state: State, look: Look, aim: Aim, *, seen: bool = True) -> tuple[State, bool]:
    """Leads the legs to `aim` in list order, each in effect before the next; and whether all of them are.

    With `seen` False it is enough that an order is in place.
    """
    for leg in state.moving:
        service = look.services.get(leg.name)
        if service is None:
            continue
        ordered = given(leg, service, look, state.release, aim(leg, service))
        if ordered.order != leg.order:
            return state.with_leg(ordered), False
        if not (in_effect(leg, service) if seen else in_place(leg, service)):
            return state, False
    return state, True


def given(leg: Leg, service: Service, look: Look, release: str, fields: dict[str, Any]) -> Leg:
    """The leg with an order about its candidate that says `fields`; unchanged if its order says so already."""
    provider = provider_of(look, leg, service)
    order = Order(sequence=0, release=release, provider=provider, stable=leg.stable, candidate=leg.candidate, **fields)
    exposed = leg.exposed or order.weight > 0 or order.matched or order.mirror > 0
    return _issued(replace(leg, exposed=exposed), service, order)


def at_rest(leg: Leg, service: Service, look: Look) -> Leg:
    """The leg with the order that everything is stable's; unchanged if its order says so already."""
    order = Order(sequence=0, release="", provider=provider_of(look, leg, service), stable=leg.stable)
    return _issued(leg, service, order)


def _issued(leg: Leg, service: Service, order: Order) -> Leg:
    """With the next sequence number: above all that the Microservice has seen of us, even if our status was lost."""
    if leg.order is not None and replace(leg.order, sequence=0) == order:
        return leg
    echo = service.echo
    known = max(leg.order.sequence if leg.order else 0, echo.sequence if echo else 0)
    return replace(
        leg,
        order=replace(order, sequence=known + 1),
        confirmed=0,
        guessed=False,
        mark=None,
        since=None,
        waited=0.0,
        pending=0.0,
    )
