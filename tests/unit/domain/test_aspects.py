"""What others say of a service, in conditions of its own: the Gateway and the autoscaler."""

from typing import Any

from tests.unit.domain.test_report import settled
from tests.unit.domain.world import World


def parents(route: dict[str, Any], **statuses: str) -> dict[str, Any]:
    generation = route["metadata"]["generation"]
    conditions = [
        {"type": type_, "status": status, "observedGeneration": generation, "message": f"{type_} is {status}"}
        for type_, status in statuses.items()
    ]
    return {"parents": [{"parentRef": {"name": "public", "namespace": "infra"}, "conditions": conditions}]}


def exposed(world: World) -> tuple[str, str, str]:
    world.reconcile()
    condition = world.condition("Exposed")
    assert condition is not None
    return condition["status"], condition["reason"], condition["message"]


def test_exposed_says_what_the_gateway_says() -> None:
    world = settled(expose={"gateway": {"name": "public", "namespace": "infra"}})
    status, reason, message = exposed(world)
    assert (status, reason) == ("False", "RoutePending")
    assert "Gateway infra/public" in message
    assert "not found" in message
    world.gateway = {"spec": {"gatewayClassName": "envoy"}}
    assert "not found" not in exposed(world)[2]
    route = world.find("HTTPRoute")
    assert route is not None
    route["status"] = parents(route, Accepted="False")
    assert exposed(world)[:2] == ("False", "RouteNotAccepted")
    assert "Accepted is False" in exposed(world)[2]
    assert [(b["kind"], b["reason"]) for b in world.status["waitingFor"]] == [("HTTPRoute", "RouteNotAccepted")]
    route["status"] = parents(route, Accepted="True", ResolvedRefs="True")
    status, reason, message = exposed(world)
    assert (status, reason) == ("True", "Exposed")
    assert "gateway.networking.k8s.io/gateway-name=public in namespace infra" in message
    assert world.ready == ("True", "Available")
    route["metadata"]["generation"] += 1
    assert exposed(world)[:2] == ("False", "RoutePending"), "the answer was about another generation"


def test_scaling_active_says_what_the_autoscaler_says() -> None:
    world = settled(scaling={"max": 3})
    condition = world.condition("ScalingActive")
    assert condition is not None
    assert condition["status"] == "Unknown"
    autoscaler = world.find("HorizontalPodAutoscaler")
    assert autoscaler is not None
    said = {"type": "ScalingActive", "status": "False", "message": "no metrics returned"}
    autoscaler["status"] = {"conditions": [said]}
    world.reconcile()
    condition = world.condition("ScalingActive")
    assert condition is not None
    assert (condition["status"], condition["message"]) == ("False", "no metrics returned")
    assert world.ready == ("True", "Available")
    autoscaler["status"] = {"conditions": [{**said, "status": "True", "message": "ok"}]}
    world.reconcile()
    assert world.condition("ScalingActive")["reason"] == "Scaling"  # type: ignore[index]
