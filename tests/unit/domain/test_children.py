"""The children besides pods and policies, field by field where the field is a promise."""

from typing import Any

from tests.unit.domain.world import World

from trimtab.domain.service.meta import GATEWAY_API_VERSION


def child(kind: str, **spec: Any) -> Any:
    world = World({"image": "r.example/orders:1", **spec})
    world.settle()
    return world.find(kind)


def test_children_belong_to_the_microservice_and_say_so() -> None:
    world = World({"image": "r.example/orders:1"})
    world.reconcile()
    for obj in world.objects.values():
        assert obj["metadata"]["namespace"] == "shop"
        assert obj["metadata"]["ownerReferences"] == [
            {
                "apiVersion": "trimtab.dev/v1alpha1",
                "kind": "Microservice",
                "name": "orders",
                "uid": "uid-0",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ]


def test_the_service_targets_ports_by_name_and_only_serving_pods() -> None:
    ports = [{"name": "web", "port": 80}, {"name": "rpc", "port": 81, "protocol": "GRPC"}]
    spec = child("Service", ports=[*ports, {"name": "raw", "port": 82, "protocol": "TCP"}])["spec"]
    assert [(p["port"], p["targetPort"], p.get("appProtocol")) for p in spec["ports"]] == [
        (80, "web", "http"),
        (81, "rpc", "kubernetes.io/h2c"),
        (82, "raw", None),
    ]
    assert spec["selector"] == {"trimtab.dev/microservice": "orders", "app.kubernetes.io/component": "service"}


def test_a_worker_has_no_service() -> None:
    assert child("Service", ports=[]) is None
    assert child("Deployment", ports=[]) is not None


def test_the_deployment_never_goes_below_the_wanted_number() -> None:
    spec = child("Deployment", replicas=3)["spec"]
    assert spec["replicas"] == 3
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": "25%"}
    assert child("Deployment")["spec"]["replicas"] == 1


def test_the_budget_lets_a_drain_take_the_last_pod() -> None:
    spec = child("PodDisruptionBudget", replicas=1)["spec"]
    assert spec["maxUnavailable"] == 1
    assert "minAvailable" not in spec
    assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert child("PodDisruptionBudget", availability={"maxUnavailable": "25%"})["spec"]["maxUnavailable"] == "25%"


def test_the_autoscaler_measures_the_service_alone_and_scales_the_microservice() -> None:
    spec = child("HorizontalPodAutoscaler", scaling={"min": 2, "max": 20, "cpu": "70%", "memory": "80%"})["spec"]
    assert spec["scaleTargetRef"] == {"apiVersion": "trimtab.dev/v1alpha1", "kind": "Microservice", "name": "orders"}
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 20)
    resources = [metric["containerResource"] for metric in spec["metrics"]]
    assert [(r["name"], r["container"], r["target"]["averageUtilization"]) for r in resources] == [
        ("cpu", "app", 70),
        ("memory", "app", 80),
    ]
    assert child("HorizontalPodAutoscaler", replicas=2) is None


def test_replicas_are_written_once_for_the_autoscaler_to_begin_from() -> None:
    world = World({"image": "r.example/orders:1", "replicas": 4})
    world.settle()
    world.change({"image": "r.example/orders:1", "scaling": {"min": 2, "max": 9}})
    world.settle()
    assert world.resource["spec"]["replicas"] == 4
    assert world.find("Deployment")["spec"]["replicas"] == 4  # type: ignore[index]
    fresh = World({"image": "r.example/orders:1", "scaling": {"min": 2, "max": 9}})
    fresh.settle()
    assert fresh.resource["spec"]["replicas"] == 2


def test_the_autoscaler_and_kubectl_scale_the_deployment() -> None:
    world = World({"image": "r.example/orders:1", "replicas": 2})
    world.settle()
    revision = world.status["revision"]
    world.update(replicas=5)
    world.settle()
    assert world.status["ready"] == "5/5"
    assert world.status["replicas"] == world.status["readyReplicas"] == 5
    assert world.status["revision"] == revision
    assert world.status["selector"] == "app.kubernetes.io/component=service,trimtab.dev/microservice=orders"


def test_the_service_account_is_ours_unless_one_is_named() -> None:
    annotations = {"eks.amazonaws.com/role-arn": "arn"}
    ours = child("ServiceAccount", serviceAccount={"annotations": annotations})
    assert annotations.items() <= ours["metadata"]["annotations"].items()
    assert ours["automountServiceAccountToken"] is False
    assert child("ServiceAccount", serviceAccount={"name": "mine"}) is None


def test_configuration_that_is_part_of_the_revision_never_changes() -> None:
    config = {"data": {"a": "1"}, "mountPath": "/etc/orders"}
    world = World({"image": "r.example/orders:1", "config": config})
    world.settle()
    [first] = world.names("ConfigMap")
    assert world.find("ConfigMap")["immutable"] is True  # type: ignore[index]
    revision = world.status["revision"]
    world.update(config={**config, "data": {"a": "2"}})
    world.reconcile()
    assert len(world.names("ConfigMap")) == 2, "pods of both revisions need theirs"
    world.settle()
    [second] = world.names("ConfigMap")
    assert second != first
    assert world.status["revision"] != revision


def test_configuration_that_is_to_be_ignored_changes_in_place_and_restarts_nothing() -> None:
    config = {"data": {"a": "1"}, "mountPath": "/etc/orders", "onChange": "Ignore"}
    world = World({"image": "r.example/orders:1", "config": config})
    world.settle()
    template = world.find("Deployment")["spec"]["template"]  # type: ignore[index]
    world.update(config={**config, "data": {"a": "2"}})
    world.settle()
    assert world.names("ConfigMap") == ["orders-config"]
    assert world.find("ConfigMap")["data"] == {"a": "2"}  # type: ignore[index]
    assert world.find("Deployment")["spec"]["template"] == template  # type: ignore[index]


def test_a_route_leads_from_the_gateway_to_the_first_port() -> None:
    expose = {
        "gateway": {"name": "public", "namespace": "infra", "sectionName": "https"},
        "hosts": ["shop.example"],
        "paths": [{"prefix": "/orders", "rewrite": "/"}, {"prefix": "/raw"}],
        "timeout": "15s",
    }
    spec = child("HTTPRoute", expose=expose)["spec"]
    [parent] = spec["parentRefs"]
    assert (parent["name"], parent["namespace"], parent["sectionName"]) == ("public", "infra", "https")
    assert spec["hostnames"] == ["shop.example"]
    first, second = spec["rules"]
    assert first["matches"] == [{"path": {"type": "PathPrefix", "value": "/orders"}}]
    assert first["filters"][0]["urlRewrite"]["path"] == {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
    assert first["timeouts"] == {"request": "15s"}
    assert second["filters"] == []
    assert [(b["name"], b["port"]) for b in second["backendRefs"]] == [("orders", 8080)]


def test_a_grpc_port_gets_a_grpc_route() -> None:
    ports = [{"name": "rpc", "port": 9000, "protocol": "GRPC"}]
    world = World({"image": "r.example/orders:1", "ports": ports, "expose": {"gateway": {"name": "public"}}})
    world.settle()
    assert world.find("HTTPRoute") is None
    spec = world.find("GRPCRoute")["spec"]  # type: ignore[index]
    assert spec["parentRefs"][0]["namespace"] == "shop"
    assert spec["rules"][0]["backendRefs"][0]["port"] == 9000


def test_a_scheduled_job_follows_the_revision_that_serves() -> None:
    schedule = {"name": "report", "run": "Schedule", "schedule": "0 3 * * *", "timeZone": "Europe/Berlin"}
    world = World({"image": "r.example/orders:1", "jobs": [schedule]})
    world.settle()
    spec = world.find("CronJob")["spec"]  # type: ignore[index]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("0 3 * * *", "Europe/Berlin", "Forbid")
    revision = world.status["revision"]
    world.update(jobs=[{**schedule, "schedule": "0 4 * * *"}])
    world.settle()
    assert world.find("CronJob")["spec"]["schedule"] == "0 4 * * *"  # type: ignore[index]
    assert world.status["revision"] == revision
    world.update(jobs=[])
    world.settle()
    assert world.find("CronJob") is None


def test_what_the_cluster_does_not_have_is_said_and_the_rest_goes_on() -> None:
    world = World({"image": "r.example/orders:1", "expose": {"gateway": {"name": "public"}}})
    world.served = frozenset({(GATEWAY_API_VERSION, "GRPCRoute")})
    world.settle()
    assert world.ready == ("True", "Available")
    exposed = world.condition("Exposed")
    assert exposed is not None
    assert (exposed["status"], exposed["reason"]) == ("False", "APINotInstalled")
    assert "install the Gateway API" in exposed["message"]
    assert [entry["reason"] for entry in world.status["waitingFor"]] == ["APINotInstalled"]
