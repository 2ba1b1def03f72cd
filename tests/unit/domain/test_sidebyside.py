"""Revisions side by side, move by move."""

from typing import Any

from tests.unit.domain.arena import EXPOSED, Arena, stages, weights

from trimtab.domain import labels


def rolled_out(**spec: Any) -> Arena:
    """A service at rest, with rolling updates."""
    arena = Arena({"image": "r.example/orders:1", "replicas": 4, "expose": EXPOSED, **spec})
    arena.rest()
    assert dict(stages(arena.deployments())) == {"orders": arena.resource["spec"]["replicas"]}
    return arena


def entered(**spec: Any) -> Arena:
    """A service whose revisions stand side by side, at rest."""
    arena = rolled_out(**spec)
    arena.adopt()
    arena.rest()
    arena.order(arena.status["stableRevision"], provider=provider(arena))
    arena.rest()
    assert arena.status["release"]["inPlace"]
    return arena


def provider(arena: Arena) -> str:
    return "GatewayAPI" if arena.resource["spec"].get("expose") else "Replicas"


def replaced(arena: Arena) -> tuple[str, str]:
    """A new image; stable and candidate."""
    image, _, tag = arena.resource["spec"]["image"].rpartition(":")
    arena.update(image=f"{image}:{int(tag) + 1}")
    arena.rest()
    return arena.status["stableRevision"], arena.status["revision"]


def sizes(arena: Arena) -> dict[str, int]:
    return dict(stages(arena.deployments()))


def split(arena: Arena) -> dict[str, int]:
    route = arena.route()
    assert route is not None
    return weights(route)


def selector(arena: Arena) -> str:
    service = arena.find("Service", "orders")
    assert service is not None
    return str(service["spec"]["selector"].get(labels.REVISION, ""))


def test_a_canary_release_moves_a_service_to_revisions_with_proxy_unjudged() -> None:
    arena = rolled_out()
    old = arena.status["stableRevision"]
    arena.adopt()
    arena.rest()
    assert arena.status["stableRevision"] != old
    assert arena.status["stableRevision"] == arena.status["revision"]
    assert arena.status["release"]["policy"] == "policy-" + arena.policy["metadata"]["uid"].removeprefix("policy-")  # type: ignore[index]
    assert sizes(arena) == {"orders": 4}, "nothing moves before the first order"
    stable = arena.status["revision"]
    arena.order(stable)
    arena.rest()
    assert sizes(arena) == {f"orders-{stable}": 4}
    assert split(arena)[f"orders-{stable}"] == 100
    assert selector(arena) == stable
    assert arena.status["release"]["inPlace"]
    assert arena.condition("Released")["status"] == "True"  # type: ignore[index]


def test_a_step_has_its_pods_before_its_weight_and_the_address_stays() -> None:
    arena = entered()
    stable, candidate = replaced(arena)
    assert sizes(arena) == {f"orders-{stable}": 4}, "nothing of a new revision starts without an order"
    arena.order(stable, candidate, weight=25, capacity=25)
    arena.reconcile()
    assert split(arena)[f"orders-{stable}"] == 100
    arena.rest()
    assert sizes(arena) == {f"orders-{stable}": 4, f"orders-{candidate}": 1}
    assert split(arena) == {f"orders-{stable}": 75, f"orders-{candidate}": 25}
    assert selector(arena) == stable
    echo = arena.status["release"]
    assert (echo["inPlace"], echo["weight"], echo["candidateReady"]) == (True, "25%", 1)
    assert arena.ready == ("True", "Available")
    assert arena.condition("Released")["reason"] == "ReleaseInProgress"  # type: ignore[index]


def test_promotion_moves_all_requests_and_the_address_before_the_old_pods_go() -> None:
    arena = entered()
    stable, candidate = replaced(arena)
    arena.order(stable, candidate, weight=100, capacity=100)
    arena.rest()
    assert split(arena)[f"orders-{candidate}"] == 100
    assert sizes(arena) == {f"orders-{stable}": 4, f"orders-{candidate}": 4}
    assert selector(arena) == stable
    arena.order(stable, candidate, weight=100, capacity=100, address="Candidate")
    arena.rest()
    assert selector(arena) == candidate
    assert sizes(arena) == {f"orders-{stable}": 4, f"orders-{candidate}": 4}
    pods = {pod["metadata"]["name"] for pod in arena.pods if pod["metadata"]["labels"][labels.REVISION] == candidate}
    arena.order(candidate)
    arena.rest()
    assert sizes(arena) == {f"orders-{stable}": 0, f"orders-{candidate}": 4}
    assert {pod["metadata"]["name"] for pod in arena.pods} == pods, "no second restart"
    assert arena.status["stableRevision"] == candidate
    assert arena.status["release"]["inPlace"]


def test_an_abort_takes_the_weight_at_once_and_the_pods_when_asked() -> None:
    arena = entered()
    stable, candidate = replaced(arena)
    arena.order(stable, candidate, weight=50, capacity=50)
    arena.rest()
    rejected = {"revision": candidate, "reason": "NotReady", "message": "x", "at": "2026-01-01T00:00:00Z"}
    arena.order(stable, candidate, weight=0, capacity=50, rejected=rejected)
    arena.reconcile()
    assert split(arena)[f"orders-{stable}"] == 100
    arena.rest()
    assert arena.status["rejectedRevisions"] == [rejected]
    assert sizes(arena) == {f"orders-{stable}": 4, f"orders-{candidate}": 2}
    arena.order(stable, candidate, rejected=rejected)
    arena.rest()
    assert sizes(arena) == {f"orders-{stable}": 4, f"orders-{candidate}": 0}
    assert arena.status["release"]["inPlace"]
    arena.order(stable, rejected=rejected)
    arena.rest()
    assert sizes(arena) == {f"orders-{stable}": 4}
    assert arena.condition("Released")["reason"] == "RevisionRejected"  # type: ignore[index]


def test_without_a_router_the_share_of_pods_is_the_share_of_connections() -> None:
    arena = entered(expose=None, replicas=9)
    assert arena.route() is None
    stable, candidate = replaced(arena)
    arena.order(stable, candidate, provider="Replicas", weight=10, capacity=10, address="Both")
    arena.rest()
    assert sizes(arena) == {f"orders-{stable}": 9, f"orders-{candidate}": 1}
    assert selector(arena) == ""
    assert arena.status["release"]["weight"] == "10%"
    assert arena.status["release"]["inPlace"]
    arena.order(stable, candidate, provider="Replicas", weight=100, capacity=100, address="Candidate")
    arena.rest()
    assert selector(arena) == candidate
    assert arena.status["release"]["weight"] == "100%"
    arena.order(candidate, provider="Replicas")
    arena.rest()
    assert sizes(arena) == {f"orders-{stable}": 0, f"orders-{candidate}": 9}


def test_leaving_returns_to_one_deployment_and_restarts_nothing_a_second_time() -> None:
    arena = entered()
    revision = arena.status["revision"]
    arena.policy = None
    arena.rest()
    assert sizes(arena) == {"orders": 4}
    assert arena.names("Service") == ["orders"]
    assert split(arena) == {"orders": 100}
    assert selector(arena) == ""
    assert arena.status["revision"] == arena.status["stableRevision"] == revision, "the proxy stays"
    assert "release" not in arena.status
    assert arena.condition("Released") is None


def test_leaving_in_a_release_rejects_the_candidate_until_retry() -> None:
    arena = entered()
    stable, candidate = replaced(arena)
    arena.order(stable, candidate, weight=50, capacity=50)
    arena.rest()
    arena.policy = None
    arena.rest()
    assert sizes(arena) == {"orders": 4}
    (entry,) = arena.status["rejectedRevisions"]
    assert (entry["revision"], entry["reason"]) == (candidate, "ReleasePolicyDeleted")
    assert arena.status["stableRevision"] == stable
    assert arena.find("Deployment", "orders")["spec"]["template"]["metadata"]["labels"][labels.REVISION] == stable  # type: ignore[index]
    assert arena.condition("Released")["reason"] == "RevisionRejected"  # type: ignore[index]
    arena.annotate(labels.RELEASE, f"retry/{stable}/1")
    arena.rest()
    assert arena.status["release"]["verb"]["result"] == "Refused"
    arena.annotate(labels.RELEASE, f"retry/{candidate}/2")
    arena.rest()
    assert arena.status["stableRevision"] == candidate
    assert arena.status["rejectedRevisions"][0]["lifted"] is True
    assert arena.status["release"] == {
        "verb": {
            "value": f"retry/{candidate}/2",
            "result": "Accepted",
            "message": f"revision {candidate} is rolled out",
        }
    }
