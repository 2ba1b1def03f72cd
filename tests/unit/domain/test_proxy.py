"""The proxy: when pods have one, what it changes of them, and what moves services to another platform."""

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.unit.domain.restricted import violations
from tests.unit.domain.specs import specs
from tests.unit.domain.world import World, effects

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain import labels
from trimtab.domain.service import job, pods, revision
from trimtab.domain.service.meta import Identity
from trimtab.domain.service.observation import ClusterSettings
from trimtab.domain.service.proxy import container
from trimtab.domain.service.proxy.bootstrap import bootstrap
from trimtab.domain.service.revision import Rendering, Revision

OWNER = Identity(name="orders", namespace="shop", uid="u")
IMAGE = "r.example/orders:1"
PROXY = "r.example/envoy:1"
TWO_PORTS = [{"name": "http", "port": 8080}, {"name": "grpc", "port": 9090, "protocol": "GRPC"}]


def parsed(**spec: Any) -> MicroserviceSpec:
    return MicroserviceSpec.model_validate({"image": IMAGE, **spec})


def template(**spec: Any) -> dict[str, Any]:
    return pods.template(OWNER, parsed(**spec), "abc", proxy_image=PROXY)


def proxied_world(**spec: Any) -> World:
    world = World(
        {"image": IMAGE, "ports": TWO_PORTS, "resilience": {}, **spec}, settings=ClusterSettings(proxy_image=PROXY)
    )
    world.settle()
    return world


def with_image(world: World, image: str) -> None:
    world.settings = replace(world.settings, proxy_image=image)


def found(world: World, kind: str, name: str = "") -> dict[str, Any]:
    obj = world.find(kind, name)
    assert obj is not None
    return obj


# --- the pod


@settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
def test_pods_with_the_proxy_meet_the_restricted_standard(spec: dict[str, Any]) -> None:
    model = MicroserviceSpec.model_validate(spec)
    rendered = pods.template(OWNER, model, "abc", proxy_image=PROXY)
    assert list(violations(rendered["spec"])) == []


def test_the_proxy_carries_the_names_of_the_ports_and_the_service_none() -> None:
    pod = template(ports=TWO_PORTS)["spec"]
    assert [port.get("name") for port in pod["containers"][0]["ports"]] == [None, None]
    ports = {
        port.get("name", str(index)): port["containerPort"]
        for index, port in enumerate(pod["initContainers"][0]["ports"])
    }
    assert ports == {"http": 15100, "grpc": 15101, "2": 15200, "3": 15201, "trimtab-metrics": 15090}


def test_the_proxy_starts_before_and_ends_after_all_others() -> None:
    pod = template(initContainers=[{"name": "wait", "image": "w"}], shutdown={"drain": "12s", "grace": "30s"})["spec"]
    assert [each["name"] for each in pod["initContainers"]] == ["trimtab-proxy", "wait"]
    proxy = pod["initContainers"][0]
    assert proxy["restartPolicy"] == "Always"
    assert proxy["lifecycle"] == pod["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 12}}}
    assert proxy["startupProbe"]["httpGet"] == {"path": "/ready", "port": 15090}
    assert "readinessProbe" not in proxy
    assert "livenessProbe" not in proxy


def test_the_probes_ask_the_service_not_the_proxy() -> None:
    app = template(ports=TWO_PORTS, health={"liveness": {"path": "/livez"}})["spec"]["containers"][0]
    assert (app["readinessProbe"]["tcpSocket"]["port"], app["livenessProbe"]["httpGet"]["port"]) == (8080, 8080)


def test_jobs_have_neither_the_proxy_nor_its_volume() -> None:
    spec = parsed(
        jobs=[{"name": "migrate", "run": "BeforeRollout"}], volumes=[{"name": "a", "emptyDir": {}, "mountPath": "/a"}]
    )
    pod = job.job_spec(OWNER, pods.template(OWNER, spec, "abc", proxy_image=PROXY), spec.jobs[0])["template"]["spec"]
    assert "initContainers" not in pod
    assert [volume["name"] for volume in pod["volumes"]] == ["a"]


# --- its configuration


@pytest.mark.parametrize(
    ("drain", "age", "close"), [("2s", "1s", "0.5s"), ("10s", "5s", "2.5s"), ("60s", "10s", "15s")]
)
def test_connections_end_within_the_drain(drain: str, age: str, close: str) -> None:
    spec = parsed(
        ports=[*TWO_PORTS, {"name": "raw", "port": 5000, "protocol": "TCP"}], shutdown={"drain": drain, "grace": "99s"}
    )
    filters = {
        listener["name"]: listener["filter_chains"][0]["filters"][0]["typed_config"]
        for listener in bootstrap(OWNER, spec, "abc")["static_resources"]["listeners"]
    }
    for name in ("direct-http", "routed-http", "direct-grpc", "routed-grpc"):
        assert filters[name]["common_http_protocol_options"]["max_connection_duration"] == age
        assert filters[name]["drain_timeout"] == close
        assert filters[name]["http1_safe_max_connection_duration"] is True
    for name in ("direct-raw", "routed-raw"):
        assert "max_downstream_connection_duration" not in filters[name]


def test_the_configuration_is_an_immutable_config_map_of_the_revision() -> None:
    world = proxied_world()
    revision_name = world.status["revision"]
    config_map = found(world, "ConfigMap", f"orders-proxy-{revision_name}")
    assert config_map["immutable"] is True
    tags = json.loads(config_map["data"]["envoy.json"])["stats_config"]["stats_tags"]
    assert {"tag_name": "trimtab_revision", "fixed_value": revision_name} in tags
    volumes = found(world, "Deployment")["spec"]["template"]["spec"]["volumes"]
    assert [volume["configMap"]["name"] for volume in volumes] == [config_map["metadata"]["name"]]


def test_old_configurations_go_when_no_pod_needs_them() -> None:
    world = proxied_world()
    world.update(image="r.example/orders:2")
    world.settle()
    assert [name for name in world.names("ConfigMap") if "proxy" in name] == [
        f"orders-proxy-{world.status['revision']}"
    ]


# --- when


@pytest.mark.parametrize(
    ("spec", "released", "wanted"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"resilience": {}}, False, True),
        ({"ports": []}, True, False),
        ({"ports": [], "resilience": {}}, True, False),
    ],
)
def test_the_proxy_is_on_where_something_asks_for_it(spec: dict[str, Any], *, released: bool, wanted: bool) -> None:
    assert revision.proxied(parsed(**spec), released=released) is wanted


def resolved(records: list[Revision], *, proxied: bool, image: str = PROXY, asked: str = "", **spec: Any) -> Revision:
    rendering = Rendering(proxied=proxied, settings=ClusterSettings(proxy_image=image), asked=asked)
    known = {record.name: record for record in records}
    return revision.resolve(OWNER, parsed(**spec), known, records[-1].name if records else None, rendering)


def test_the_proxy_makes_a_revision_and_stays_until_the_next_one() -> None:
    plain = resolved([], proxied=False)
    added = resolved([plain], proxied=True)
    assert (plain.proxied, added.proxied) == (False, True)
    assert added.name != plain.name
    assert resolved([plain, added], proxied=False) == added, "nothing asks for it any more"
    assert not resolved([plain, added], proxied=False, command=["/other"]).proxied


def test_revisions_from_before_there_was_a_proxy_keep_their_shape() -> None:
    assert revision.shape(parsed()) == f'{{"image":"{IMAGE}"}}'


# --- the platform


def test_another_proxy_changes_nothing_that_runs() -> None:
    world = proxied_world()
    before = copy.deepcopy(world.objects)
    with_image(world, "r.example/envoy:2")
    assert effects(world.decide()) == []
    world.settle()
    assert world.objects == before


def test_the_next_revision_has_the_new_proxy() -> None:
    world = proxied_world()
    with_image(world, "r.example/envoy:2")
    world.update(image="r.example/orders:2")
    world.settle()
    proxy = container.of_template(found(world, "Deployment")["spec"]["template"])
    assert proxy is not None
    assert proxy["image"] == "r.example/envoy:2"


def test_asking_for_the_available_platform_renders_the_same_spec_anew() -> None:
    world = proxied_world()
    before = world.status["revision"]
    with_image(world, "r.example/envoy:2")
    world.annotate(labels.PLATFORM, revision.platform(world.settings))
    world.settle()
    after = world.status["revision"]
    assert after != before
    proxy = container.of_template(found(world, "Deployment")["spec"]["template"])
    assert proxy is not None
    assert proxy["image"] == "r.example/envoy:2"
    world.annotate(labels.PLATFORM, "")
    world.settle()
    assert world.status["revision"] == after, "the annotation may go"


def test_asking_for_a_platform_that_is_not_available_does_nothing() -> None:
    world = proxied_world()
    with_image(world, "r.example/envoy:2")
    world.annotate(labels.PLATFORM, "other00000")
    assert effects(world.decide()) == []


def test_services_without_the_proxy_have_nothing_to_upgrade() -> None:
    world = World({"image": IMAGE})
    world.settle()
    with_image(world, "r.example/envoy:2")
    world.annotate(labels.PLATFORM, revision.platform(world.settings))
    assert effects(world.decide()) == []


def test_status_says_which_platform_runs_and_which_there_is() -> None:
    world = proxied_world()
    first = revision.platform(world.settings)
    assert world.status["platform"] == {"version": first}
    with_image(world, "r.example/envoy:2")
    world.settle()
    assert world.status["platform"] == {"version": first, "available": revision.platform(world.settings)}
    plain = World({"image": IMAGE})
    plain.settle()
    assert "platform" not in plain.status


# --- beside the pods


def test_callers_reach_the_ports_of_all_pods_while_the_proxy_comes() -> None:
    network = {"allowFrom": [{"microservice": "web"}]}
    world = World({"image": IMAGE, "network": network})
    world.settle()
    assert policy_ports(world) == {8080}
    world.update(resilience={})
    world.reconcile()
    assert policy_ports(world) == {8080, 15100, 15200}
    world.settle()
    assert policy_ports(world) == {15100, 15200}


def policy_ports(world: World) -> set[int]:
    policy = found(world, "NetworkPolicy", "orders")
    return {port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]}


def test_prometheus_is_told_of_the_proxies_where_its_operator_is_installed() -> None:
    world = proxied_world()
    endpoints = found(world, "PodMonitor")["spec"]["podMetricsEndpoints"]
    assert endpoints == [{"port": "trimtab-metrics", "path": "/stats/prometheus", "interval": "10s"}]
    plain = World({"image": IMAGE})
    plain.settle()
    assert plain.find("PodMonitor") is None
    lacking = World({"image": IMAGE, "resilience": {}})
    lacking.served = frozenset()
    lacking.settle()
    assert lacking.find("PodMonitor") is None
    assert lacking.ready == ("True", "Available")


@pytest.mark.parametrize(("every", "interval"), [(5.0, "5s"), (1.5, "1500ms")])
def test_prometheus_is_told_to_scrape_as_often_as_releases_count_on(every: float, interval: str) -> None:
    world = proxied_world()
    world.settings = replace(world.settings, scrape_interval=every)
    world.settle()
    assert found(world, "PodMonitor")["spec"]["podMetricsEndpoints"][0]["interval"] == interval
