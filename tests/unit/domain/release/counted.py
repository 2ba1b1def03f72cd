"""Releases that are decided by what is counted: their specs, their beginning, and what is to be seen of them."""

from typing import Any

from tests.unit.domain.release.world import World, spec

from trimtab.api.reasons import Reason

ERRORS = {"name": "errors", "requests": {"successRate": "99%"}}
SLOW = {"name": "slow", "requests": {"latency": {"under": "250ms", "share": "99%"}}}
CHECKOUT = {
    "name": "checkout",
    "counter": {"total": {"metric": "attempts_total"}, "bad": {"metric": "failures_total"}, "successRate": "97%"},
}
LAG = {"name": "lag", "gauge": {"metric": "lag_seconds", "aggregate": "max", "max": "30"}}
ONE_STEP = {"canary": {"steps": [{"weight": "50%", "bake": "1m"}]}}
LONG_STEP = {"canary": {"steps": [{"weight": "50%", "bake": "1h"}]}}
GOOD = {"r1": 0.005, "r2": 0.005}


def declared(*kpis: dict[str, Any], strategy: dict[str, Any] = ONE_STEP, **changes: Any) -> dict[str, Any]:
    """A CanaryRelease of one step, judged by `kpis`."""
    analysis = {"warmup": "0s", **changes.pop("analysis", {})}
    return spec(kpis=list(kpis) or [ERRORS], strategy=strategy, analysis=analysis, **changes)


def released(wanted: dict[str, Any] | None = None, failing: dict[str, float] = GOOD, **service: Any) -> World:
    """A world in which r2 is about to be released; it has `traffic`, in units of 10 requests a second."""
    world = World(wanted or declared(), counted=True, **service)
    world.serving()
    for each in world.services.values():
        each.failing = dict(failing)
    for name in world.services:
        world.change("r2", name)
    return world


def kpi(world: World, name: str = "errors", target: str = "orders") -> dict[str, Any]:
    return next(each for each in world.status["kpis"] if (each["name"], each["target"]) == (name, target))


def held(world: World) -> str:
    return str(world.condition("Held").get("reason", ""))


def messages(world: World, reason: Reason) -> list[str]:
    return [event.message for event in world.events if event.reason == reason]


def let_fail(world: World) -> None:
    """The candidate goes wrong, in whatever is measured."""
    world.services["orders"].failing["r2"] = 0.5
    world.services["orders"].levels["r2"] = 99.0
