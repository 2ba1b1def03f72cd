"""Whatever happens in whatever order, no write of a service's revisions does harm, and in the end all is as ordered.

The Arena judges every single write; here everything around it happens at random: orders change at any time, pods start
and are lost, endpoints and routers lag, the operator dies half-way, and CanaryReleases come and go.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.unit.domain.arena import EXPOSED, Arena, stages, weights
from tests.unit.domain.world import effects

from trimtab.domain.traffic.order import Order

_SETTINGS = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),  # every act draws for the next ones, so that shrinking takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

_CLUSTER = ("work", "work", "start", "bury", "slice", "program", "go_on", "go_on")
_OPERATOR = ("reconcile", "reconcile", "reconcile", "crash")
_PEOPLE = ("order", "order", "order", "image", "replicas", "lose", "adopt", "drop")

_SHAPES: dict[str, dict[str, Any]] = {
    "routed": {"expose": EXPOSED},
    "addressed": {"expose": None},
    "worker": {"expose": None, "ports": []},
}


class Play:
    """One course of events, drawn from `data`."""

    def __init__(self, shape: str, data: st.DataObject) -> None:
        self.routed = shape == "routed"
        self.data = data
        self.arena = Arena({"image": "r.example/orders:1", "replicas": 2, **_SHAPES[shape]})
        self.images = 1

    def draw(self, *choices: Any) -> Any:
        return self.data.draw(st.sampled_from(choices))

    def run(self, act: str) -> None:
        getattr(self, f"_{act}")()

    def _work(self) -> None:
        self.arena.work(self.draw("orders", *self.arena.names("Deployment"), *self.owners()))

    def owners(self) -> list[str]:
        return sorted({pod["metadata"]["ownerReferences"][0]["name"].rpartition("-")[0] for pod in self.arena.pods})

    def _start(self) -> None:
        self.arena.start()

    def _bury(self) -> None:
        self.arena.bury()

    def _slice(self) -> None:
        self.arena.slice(self.draw("orders", *self.arena.names("Service"), *self.arena.slices))

    def _program(self) -> None:
        self.arena.program()

    def _go_on(self) -> None:
        """All do their work for a while, so that orders get somewhere before the next one comes."""
        for _ in range(self.data.draw(st.integers(1, 10))):
            self.arena.reconcile()
            self.arena.act()

    def _reconcile(self) -> None:
        self.arena.reconcile()

    def _crash(self) -> None:
        """The operator dies after its intent and some of its effects."""
        plan = self.arena.decide()
        if plan.intent is not None:
            self.arena.resource["status"] = dict(plan.intent)
        for effect in effects(plan)[: self.data.draw(st.integers(0, 4))]:
            self.arena._carry_out(effect)

    def _image(self) -> None:
        self.images = self.draw(self.images + 1, 1, self.images)
        self.arena.update(image=f"r.example/orders:{self.images}")

    def _replicas(self) -> None:
        self.arena.update(replicas=self.draw(1, 2, 3, 5))

    def _lose(self) -> None:
        self.arena.lose(self.data.draw(st.integers(0, 20)))

    def _adopt(self) -> None:
        self.arena.adopt()

    def _drop(self) -> None:
        self.arena.policy = None

    def _order(self) -> None:
        """What a CanaryRelease could say at this time: it goes by what the Microservice says of itself."""
        arena = self.arena
        echo = arena.status.get("release") or {}
        if arena.policy is None or echo.get("policy") != arena.policy["metadata"]["uid"]:
            return
        stable = arena.status.get("stableRevision") or arena.status["revision"]
        target = arena.status["revision"]
        before = arena.current()
        candidates = {target, before.candidate if before is not None else "", ""} - {stable}
        self.publish(stable, self.draw(*sorted(candidates)))

    def is_sensible(self, order: Order | None) -> bool:
        """Whether there is an order, and not one for a revision that nobody wants any more and that never began."""
        status = self.arena.status
        begun = {status["revision"], *(item["revision"] for item in status.get("history", ()))}
        return order is not None and {order.stable, order.candidate} <= {"", *begun}

    def provider(self) -> str:
        return "GatewayAPI" if self.routed else "Replicas"

    def publish(self, stable: str, candidate: str) -> Order:
        provider = "GatewayAPI" if self.routed else "Replicas"
        if not candidate:
            return self.arena.order(stable, provider=provider)
        if self.draw(*range(6)) == 0:
            return self.arena.order(candidate, provider=provider)
        weight = self.draw(0, 0, 5, 50, 100)
        capacity = max(weight, self.draw(0, 50, 100))
        address = self.draw("Stable", "Candidate") if weight == 100 else "Stable"
        if not self.routed and 0 < weight < 100:
            address = "Both"
        return self.arena.order(stable, candidate, provider=provider, weight=weight, capacity=capacity, address=address)


@pytest.mark.parametrize("shape", _SHAPES)
@_SETTINGS
@given(data=st.data())
def test_no_write_does_harm_and_the_last_order_is_carried_out(shape: str, data: st.DataObject) -> None:
    play = Play(shape, data)
    if data.draw(st.booleans()):
        for act in ("go_on", "go_on", "adopt", "go_on", "order", "go_on", "go_on", "image"):
            play.run(act)
    for act in data.draw(st.lists(st.sampled_from(_CLUSTER + _OPERATOR + _PEOPLE), min_size=10, max_size=60)):
        play.run(act)
    arena = play.arena
    arena.rest()
    if arena.policy is None:
        assert_rolling(play)
        return
    if not play.is_sensible(arena.current()):
        arena.order(arena.status.get("stableRevision") or arena.status["revision"], provider=play.provider())
        arena.rest()
    assert_in_place(play)


def assert_rolling(play: Play) -> None:
    """One Deployment, and nothing left of revisions side by side."""
    arena = play.arena
    names = [name for name, _ in stages(arena.deployments())]
    assert names == ["orders"], arena.status
    assert arena.ready[0] == "True", arena.status
    route = arena.route()
    assert route is None or weights(route) == {"orders": 100}


def assert_in_place(play: Play) -> None:
    """The order is carried out to the letter."""
    arena, order = play.arena, play.arena.current()
    assert order is not None
    assert arena.status["release"].get("inPlace"), arena.status["release"]
    assert arena.status["release"]["sequence"] == order.sequence
    route = arena.route()
    if play.routed and route is not None:
        given = weights(route)
        assert given.get(f"orders-{order.candidate}", 0) == order.weight
    assert "orders" not in dict(stages(arena.deployments()))
