"""The pod template."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from tests.unit.domain.restricted import violations
from tests.unit.domain.specs import specs

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain import labels
from trimtab.domain.service import job, pods
from trimtab.domain.service.meta import Identity

OWNER = Identity(name="orders", namespace="shop", uid="u")
IMAGE = "r.example/orders:1.4.2"


def template(**spec: Any) -> dict[str, Any]:
    return pods.template(OWNER, MicroserviceSpec.model_validate({"image": IMAGE, **spec}), "abc")


def app(**spec: Any) -> dict[str, Any]:
    container: dict[str, Any] = template(**spec)["spec"]["containers"][0]
    return container


@settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_pods_of_every_spec_meet_the_restricted_standard(spec: dict[str, Any]) -> None:
    model = MicroserviceSpec.model_validate(spec)
    rendered = pods.template(OWNER, model, "abc")
    assert list(violations(rendered["spec"])) == []
    for each in model.jobs:
        assert list(violations(job.job_spec(OWNER, rendered, each)["template"]["spec"])) == []


def test_pods_get_no_token_and_no_links() -> None:
    pod = template()["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["serviceAccountName"] == "orders"
    assert template(serviceAccount={"name": "mine"})["spec"]["serviceAccountName"] == "mine"


def test_labels_of_ours_win_over_those_of_the_user() -> None:
    metadata = template(podMetadata={"labels": {"team": "shop", labels.REVISION: "forged"}})["metadata"]
    assert metadata["labels"] == {
        "team": "shop",
        "app.kubernetes.io/name": "orders",
        "app.kubernetes.io/managed-by": "trimtab",
        "app.kubernetes.io/component": "service",
        "trimtab.dev/microservice": "orders",
        "trimtab.dev/revision": "abc",
    }
    assert metadata["annotations"]["kubectl.kubernetes.io/default-container"] == "app"


def test_the_user_is_the_images_unless_it_is_set() -> None:
    assert template()["spec"]["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    context = template(securityContext={"runAsUser": 10001, "fsGroup": 10002})["spec"]["securityContext"]
    assert (context["runAsUser"], context["fsGroup"]) == (10001, 10002)


def test_a_pod_drains_before_it_ends() -> None:
    pod = template(shutdown={"drain": "2500ms", "grace": "1m"}, sidecars=[{"name": "exporter", "image": "e"}])["spec"]
    assert pod["terminationGracePeriodSeconds"] == 60
    assert [c["lifecycle"]["preStop"] for c in pod["containers"]] == [{"sleep": {"seconds": 3}}] * 2


def test_readiness_is_a_connection_to_the_first_port_unless_it_is_given() -> None:
    assert app()["readinessProbe"]["tcpSocket"] == {"port": 8080}
    assert "livenessProbe" not in app()
    assert "readinessProbe" not in app(ports=[])
    assert app(health={"readiness": {"path": "/readyz"}})["readinessProbe"]["httpGet"] == {
        "path": "/readyz",
        "port": 8080,
    }
    grpc = app(
        ports=[{"name": "grpc", "port": 9000, "protocol": "GRPC"}], health={"readiness": {"grpc": {"service": "o"}}}
    )
    assert grpc["readinessProbe"]["grpc"] == {"port": 9000, "service": "o"}
    startup = app(health={"startup": {"exec": {"command": ["/ok"]}, "failureThreshold": 30}})["startupProbe"]
    assert startup["exec"] == {"command": ["/ok"]}
    assert startup["failureThreshold"] == 30


def test_what_has_neither_request_nor_limit_gets_a_request_to_measure_against() -> None:
    assert app()["resources"] == {"requests": {"cpu": "100m", "memory": "128Mi"}}
    limited = app(resources={"requests": {"cpu": "0.5"}, "limits": {"memory": "64Mi"}})["resources"]
    assert limited == {"requests": {"cpu": "500m"}, "limits": {"memory": "64Mi"}}


def test_pods_are_spread_evenly_where_that_is_possible() -> None:
    keys = [each["topologyKey"] for each in template()["spec"]["topologySpreadConstraints"]]
    assert keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    node = template(availability={"spread": "Node"})["spec"]["topologySpreadConstraints"]
    assert [each["topologyKey"] for each in node] == ["kubernetes.io/hostname"]
    assert {each["whenUnsatisfiable"] for each in node} == {"ScheduleAnyway"}
    assert node[0]["matchLabelKeys"] == ["pod-template-hash"]
    assert "topologySpreadConstraints" not in template(availability={"spread": "None"})["spec"]


def test_configuration_is_mounted_by_the_name_of_its_content() -> None:
    first = template(config={"data": {"a": "1"}, "mountPath": "/etc/orders"})["spec"]
    second = template(config={"data": {"a": "2"}, "mountPath": "/etc/orders"})["spec"]
    assert first["volumes"] != second["volumes"]
    assert first["containers"][0]["volumeMounts"] == [
        {"name": "trimtab-config", "mountPath": "/etc/orders", "readOnly": True}
    ]
    mutable = {"data": {"a": "1"}, "mountPath": "/etc/orders", "onChange": "Ignore"}
    assert template(config=mutable)["spec"]["volumes"] == [
        {"name": "trimtab-config", "configMap": {"name": "orders-config"}}
    ]


def test_an_absent_label_selector_in_an_affinity_means_every_pod() -> None:
    term = {"topologyKey": "kubernetes.io/hostname"}
    affinity = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}]
            }
        },
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [term],
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}],
        },
    }
    rendered = template(placement={"affinity": affinity})["spec"]["affinity"]
    everything = {"labelSelector": {}, **term}
    assert rendered["nodeAffinity"] == affinity["nodeAffinity"]
    assert rendered["podAntiAffinity"] == {
        "requiredDuringSchedulingIgnoredDuringExecution": [everything],
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": everything}],
    }


def test_a_job_runs_the_program_without_what_belongs_to_serving() -> None:
    spec = MicroserviceSpec.model_validate(
        {
            "image": IMAGE,
            "command": ["/serve"],
            "args": ["--port=1"],
            "env": [{"name": "A", "value": "1"}],
            "volumes": [{"name": "tmp", "mountPath": "/tmp", "emptyDir": {}}],
            "sidecars": [{"name": "exporter", "image": "e"}],
            "initContainers": [{"name": "wait", "image": "w"}],
            "health": {"liveness": {"path": "/livez"}},
            "jobs": [
                {"name": "migrate", "run": "BeforeRollout", "command": ["/migrate"], "retries": 1, "deadline": "10m"}
            ],
        }
    )
    body = job.job_spec(OWNER, pods.template(OWNER, spec, "abc"), spec.jobs[0])
    assert (body["backoffLimit"], body["activeDeadlineSeconds"]) == (1, 600)
    pod = body["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert "initContainers" not in pod
    assert "topologySpreadConstraints" not in pod
    [container] = pod["containers"]
    assert container["command"] == ["/migrate"]
    assert not {"args", "ports", "readinessProbe", "livenessProbe", "lifecycle"} & set(container)
    assert container["env"] == [{"name": "A", "value": "1"}]
    assert container["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]
    pod_labels = body["template"]["metadata"]["labels"]
    assert pod_labels[labels.COMPONENT] == "job"
    assert pod_labels[labels.REVISION] == "abc"
