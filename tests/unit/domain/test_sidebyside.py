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


def test_a_route_that_nobody_confirms_does_not_hold_up_a_release_without_router() -> None:
    arena = Arena({"image": "r.example/orders:1", "replicas": 4, "expose": EXPOSED})
    arena.program = lambda: False  # type: ignore[method-assign]
    arena.rest()
    arena.adopt()
    arena.rest()
    arena.order(arena.status["stableRevision"], provider="Replicas")
    arena.rest()
    stable, candidate = replaced(arena)
    assert sizes(arena) == {f"orders-{stable}": 4}
    arena.order(stable, candidate, provider="Replicas", weight=50, capacity=50, address="Both")
    arena.rest()
    assert arena.status["release"]["inPlace"]
    arena.order(stable, candidate, provider="Replicas")
    arena.rest()
    assert sizes(arena) == {f"orders-{stable}": 4, f"orders-{candidate}": 0}


def test_what_a_provider_cannot_do_is_said_at_rest_too() -> None:
    arena = entered(ports=[{"name": "db", "port": 5432, "protocol": "TCP"}], expose=None)
    assert arena.policy is not None
    arena.policy["spec"]["traffic"] = {"provider": "GatewayAPI"}
    arena.order(arena.status["stableRevision"], provider="GatewayAPI")
    arena.rest()
    assert arena.status["release"]["failure"] == "NotSupported"
    assert arena.condition("Released")["reason"] == "NotSupported"  # type: ignore[index]


def test_a_service_that_is_exposed_no_more_gives_its_release_up_and_can_be_left() -> None:
    arena = entered()
    stable, candidate = replaced(arena)
    arena.order(stable, candidate, weight=25, capacity=25)
    arena.rest()
    arena.update(expose=None)
    arena.rest()
    assert arena.route() is None
    assert arena.status["release"]["failure"] == "NotSupported"
    assert selector(arena) == stable
    arena.order(stable, candidate)
    arena.rest()
    assert sizes(arena) == {f"orders-{stable}": 4, f"orders-{candidate}": 0}
    arena.order(stable, provider="Replicas")
    arena.rest()
    assert arena.status["release"]["inPlace"]


def test_a_worker_has_pods_of_the_candidate_for_its_weight_only() -> None:
    arena = entered(expose=None, ports=[])
    stable, candidate = replaced(arena)
    arena.order(stable, candidate, provider="Replicas", weight=0, capacity=100)
    arena.rest()
    assert sizes(arena).get(f"orders-{candidate}", 0) == 0
    arena.order(stable, candidate, provider="Replicas", weight=100, capacity=100)
    arena.rest()
    assert sizes(arena) == {f"orders-{stable}": 4, f"orders-{candidate}": 4}
    arena.order(candidate, provider="Replicas")
    arena.rest()
    assert sizes(arena) == {f"orders-{stable}": 0, f"orders-{candidate}": 4}


def test_a_lost_pod_of_the_candidate_takes_its_share_along_and_brings_it_back() -> None:
    arena = entered()
    stable, candidate = replaced(arena)
    arena.order(stable, candidate, weight=50, capacity=50)
    arena.rest()
    lost = next(pod for pod in arena.pods if pod["metadata"]["labels"][labels.REVISION] == candidate)
    lost["status"] = {"phase": "Running", "conditions": []}
    arena.slice(f"orders-{candidate}")
    arena.reconcile()
    assert split(arena)[f"orders-{candidate}"] == 25
    assert not arena.status["release"].get("inPlace")
    arena.rest()
    assert split(arena)[f"orders-{candidate}"] == 50
    assert arena.status["release"]["inPlace"]


def test_an_older_order_than_the_one_in_hand_is_left_alone() -> None:
    arena = entered()
    stable, candidate = replaced(arena)
    older = arena.policy
    arena.order(stable, candidate, weight=50, capacity=50)
    arena.rest()
    arena.policy = older
    before = (split(arena), sizes(arena), arena.status["release"])
    arena.rest()
    assert (split(arena), sizes(arena), arena.status["release"]) == before


def test_a_suspended_service_stays_as_it_is_in_the_midst_of_a_release() -> None:
    arena = entered()
    stable, candidate = replaced(arena)
    arena.order(stable, candidate, weight=50, capacity=50)
    arena.rest()
    before = (split(arena), sizes(arena), arena.status["release"])
    arena.update(suspend=True)
    arena.order(stable, candidate)
    arena.rest()
    assert (split(arena), sizes(arena), arena.status["release"]) == before
    arena.update(suspend=False)
    arena.rest()
    assert split(arena)[f"orders-{stable}"] == 100


def test_jobs_come_before_the_first_pod_of_a_candidate_and_a_retry_runs_them_again() -> None:
    jobs = [{"name": "migrate", "run": "BeforeRollout", "command": ["/app/migrate"]}]
    arena = entered()
    arena.update(jobs=jobs)
    arena.rest()
    stable, candidate = replaced(arena)
    assert arena.names("Job") == [], "no job without an order"
    arena.order(stable, candidate, weight=25, capacity=25)
    arena.rest()
    (job,) = arena.names("Job")
    assert sizes(arena).get(f"orders-{candidate}", 0) == 0
    assert arena.ready == ("True", "Available")
    arena.end_job(job, good=False, log="no such table")
    arena.rest()
    echo = arena.status["release"]
    assert (echo["failure"], "no such table" in echo["message"]) == ("MigrationFailed", True)
    arena.order(stable, release="")
    arena.rest()
    arena.order(stable, candidate, weight=25, capacity=25, release=f"{candidate}-2")
    arena.rest()
    (again,) = [name for name in arena.names("Job") if name != job]
    arena.end_job(again, good=True)
    arena.rest()
    assert split(arena)[f"orders-{candidate}"] == 25


def test_a_rotated_secret_restarts_the_pods_of_each_revision_and_nothing_else() -> None:
    reference = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "token"}}}
    arena = rolled_out(env=[reference])
    arena.secret("token", "one")
    arena.adopt()
    arena.rest()
    arena.order(arena.status["stableRevision"])
    arena.rest()
    stable, candidate = replaced(arena)
    order = arena.order(stable, candidate, weight=50, capacity=50)
    arena.rest()
    before = {pod["metadata"]["name"] for pod in arena.pods}
    arena.secret("token", "two")
    arena.rest()
    assert not before & {pod["metadata"]["name"] for pod in arena.pods}
    assert split(arena)[f"orders-{candidate}"] == 50
    assert arena.status["release"]["sequence"] == order.sequence
    assert arena.status["revision"] == candidate


def test_a_candidate_that_never_gets_ready_gets_no_request() -> None:
    arena = entered()
    stable, candidate = replaced(arena)
    arena.broken.add(candidate)
    arena.order(stable, candidate, weight=50, capacity=50)
    arena.rest()
    assert split(arena) == {f"orders-{stable}": 100, f"orders-{candidate}": 0}
    assert arena.status["release"]["message"].startswith(f"0 of 2 pods of revision {candidate} are ready")
    assert arena.ready == ("True", "Available")
    arena.order(stable, candidate)
    arena.rest()
    assert sizes(arena) == {f"orders-{stable}": 4, f"orders-{candidate}": 0}


def test_an_autoscaler_may_change_the_number_of_pods_in_the_midst_of_a_step() -> None:
    arena = entered()
    stable, candidate = replaced(arena)
    arena.order(stable, candidate, weight=50, capacity=50)
    arena.rest()
    for replicas, half in ((8, 4), (2, 1), (5, 3)):
        arena.update(replicas=replicas)
        arena.rest()
        assert sizes(arena) == {f"orders-{stable}": replicas, f"orders-{candidate}": half}
        assert arena.status["replicas"] == replicas + half
        assert arena.status["release"]["inPlace"]


def test_a_newer_revision_waits_until_the_one_before_has_left() -> None:
    arena = entered()
    stable, first = replaced(arena)
    arena.order(stable, first, weight=50, capacity=50)
    arena.rest()
    _, second = replaced(arena)
    arena.order(stable, second, weight=25, capacity=25)
    arena.reconcile()
    assert sizes(arena).get(f"orders-{second}", 0) == 0
    arena.rest()
    left = {name: replicas for name, replicas in sizes(arena).items() if name != f"orders-{first}"}
    assert left == {f"orders-{stable}": 4, f"orders-{second}": 1}
    assert sizes(arena).get(f"orders-{first}", 0) == 0
    assert split(arena) == {f"orders-{stable}": 75, f"orders-{second}": 25}
