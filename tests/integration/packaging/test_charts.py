"""The charts as Helm renders them, and what a real API server says to the result."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.kubectl import kubectl

ROOT = Path(__file__).parents[3]
DIGEST = "sha256:" + "0" * 64
Object = dict[str, Any]


def helm(*args: str) -> subprocess.CompletedProcess[str]:
    """`helm args`, whatever comes of it."""
    return subprocess.run(["helm", *args], capture_output=True, text=True, cwd=ROOT)


def template(*options: str, chart: str = "charts/trimtab") -> list[Object]:
    """The objects of the chart with these options."""
    done = helm("template", "trimtab", chart, "--namespace", "trimtab-system", *options)
    assert done.returncode == 0, done.stderr
    return [obj for obj in yaml.safe_load_all(done.stdout) if obj]


def one(objects: list[Object], kind: str) -> Object:
    """The only object of this kind."""
    found = [obj for obj in objects if obj["kind"] == kind]
    assert len(found) == 1, [obj["kind"] for obj in objects]
    return found[0]


def container(objects: list[Object]) -> Object:
    """The operator's container."""
    first: Object = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    return first


def environment(objects: list[Object]) -> dict[str, Any]:
    """The operator's environment by name."""
    return {entry["name"]: entry.get("value") for entry in container(objects)["env"]}


def test_the_manifests_are_what_the_charts_say() -> None:
    done = subprocess.run([str(ROOT / ".venv/bin/python"), "hack/manifests", "--check"], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("chart", ["charts/trimtab", "charts/trimtab-crds"])
def test_the_charts_pass_lint(chart: str) -> None:
    done = helm("lint", "--strict", chart)
    assert done.returncode == 0, done.stdout + done.stderr


def test_named_namespaces_get_a_role_each_and_no_cluster_role() -> None:
    objects = template("--set", "namespaces={shop,billing}")
    assert not [obj for obj in objects if obj["kind"].startswith("ClusterRole")]
    for kind in ("Role", "RoleBinding"):
        found = {obj["metadata"]["namespace"] for obj in objects if obj["kind"] == kind}
        assert found == {"shop", "billing", "trimtab-system"}
    assert environment(objects)["TRIMTAB_NAMESPACES"] == "shop,billing"


def test_without_namespaces_one_cluster_role_serves_all() -> None:
    objects = template()
    assert one(objects, "ClusterRole")["rules"]
    assert one(objects, "Role")["metadata"]["name"] == "trimtab-leader"
    assert environment(objects)["TRIMTAB_NAMESPACES"] == ""


def test_a_prometheus_that_does_not_let_everybody_in() -> None:
    access = "secretName=prom,ca=ca.crt,user=trimtab,password=password"
    options = [f"settings.prometheusAccess.{each}" for each in access.split(",")]
    url = "settings.prometheusURL=https://prometheus.example"
    objects = template("--set", ",".join([url, *options]), "--set", "settings.prometheusLabels.cluster=prod-eu")
    given = environment(objects)
    assert given["TRIMTAB_PROMETHEUS_CA_FILE"] == "/etc/trimtab/prometheus/ca.crt"
    assert given["TRIMTAB_PROMETHEUS_PASSWORD_FILE"] == "/etc/trimtab/prometheus/password"
    assert given["TRIMTAB_PROMETHEUS_USER"] == "trimtab"
    assert given["TRIMTAB_PROMETHEUS_LABELS"] == "cluster=prod-eu"
    assert "TRIMTAB_PROMETHEUS_TOKEN_FILE" not in given
    (mount,) = container(objects)["volumeMounts"]
    (volume,) = one(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
    assert (mount["mountPath"], mount["readOnly"]) == ("/etc/trimtab/prometheus", True)
    assert (volume["name"], volume["secret"]["secretName"]) == (mount["name"], "prom")
    assert "volumes" not in one(template(), "Deployment")["spec"]["template"]["spec"]


def test_queries_are_run_only_if_allowed() -> None:
    assert "TRIMTAB_ALLOW_PROMQL" not in environment(template())
    assert environment(template("--set", "settings.allowPromQL=true"))["TRIMTAB_ALLOW_PROMQL"] == "true"


def test_amazons_prometheus_needs_no_secret() -> None:
    given = environment(template("--set", "settings.prometheusAccess.sigv4Region=eu-central-1"))
    assert given["TRIMTAB_PROMETHEUS_SIGV4_REGION"] == "eu-central-1"


def test_a_digest_wins_over_the_tag() -> None:
    image = ("--set", "image.repository=example/trimtab,image.tag=1.2.3")
    assert container(template(*image))["image"] == "example/trimtab:1.2.3"
    assert container(template(*image, "--set", f"image.digest={DIGEST}"))["image"] == f"example/trimtab@{DIGEST}"


def test_optional_parts_are_switched() -> None:
    everything = template("--set", "serviceMonitor.enabled=true")
    assert one(everything, "ServiceMonitor")["spec"]["endpoints"]
    least = template("--set", "podDisruptionBudget.enabled=false,networkPolicy.enabled=false")
    assert not {"PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor"} & {obj["kind"] for obj in least}


@pytest.mark.parametrize(
    ("option", "field"),
    [
        ("replica=2", "replica"),
        ("replicas=many", "replicas"),
        ("image.digest=latest", "image/digest"),
        ("image.pullPolicy=Sometimes", "image/pullPolicy"),
        ("namespaces={Shop}", "namespaces/0"),
        ("namespaces=shop", "namespaces"),
        ("settings.logLevel=loud", "settings/logLevel"),
        ("settings.aws.region=europe", "settings/aws/region"),
        ("settings.aws.writeRate=0", "settings/aws/writeRate"),
        ("settings.cluster.oidcIssuer=oidc.example", "settings/cluster/oidcIssuer"),
        ("bindingPolicies.Shop.regions={eu-central-1}", "Shop"),
        ("bindingPolicies.shop.regions={eu-central-1}", "set namespaces"),
        ("namespaces={shop},bindingPolicies.shop.regions={eu-central-1}", "settings.cluster.id is needed"),
        ("settings.loadBalancerCIDRs={10.0.0.0}", "settings/loadBalancerCIDRs/0"),
        ("settings.gatewayDataPlanes[0].gatewayClass=x", "settings/gatewayDataPlanes/0"),
        ("networkPolicy.apiServerPorts={0}", "networkPolicy/apiServerPorts/0"),
        ("extraEnv[0].value=x", "extraEnv/0"),
        ("serviceMonitor.interval=often", "serviceMonitor/interval"),
    ],
)
def test_wrong_values_are_refused_with_the_field(option: str, field: str) -> None:
    done = helm("template", "trimtab", "charts/trimtab", "--set", option)
    assert done.returncode != 0
    assert field in done.stderr, done.stderr


def test_settings_reach_the_operator_in_the_form_it_reads() -> None:
    from trimtab.shell.run import run
    from trimtab.shell.settings import build

    objects = template(
        "--set=namespaces={shop},settings.logLevel=debug,settings.monitoringNamespace=monitoring",
        "--set=settings.loadBalancerCIDRs={10.1.0.0/16}",
        '--set-json=settings.gatewayDataPlanes=[{"gatewayClass": "alb", "cidrs": ["10.2.0.0/16"]}]',
    )
    env = {name: value for name, value in environment(objects).items() if value is not None}
    context = run.make_context("run", [], default_map={})
    known = {parameter.envvar for parameter in run.params}
    assert set(environment(objects)) <= known, "every variable of the chart is a setting"
    arguments = [
        f"{parameter.opts[0]}={env[str(parameter.envvar)]}" for parameter in run.params if parameter.envvar in env
    ]
    context = run.make_context("run", arguments)
    settings = build(**context.params)
    assert settings.namespaces == ("shop",)
    assert settings.log_level == "debug"
    assert settings.cluster.monitoring_namespace == "monitoring"
    assert settings.cluster.load_balancer_cidrs == ("10.1.0.0/16",)
    assert settings.cluster.data_planes[0].cidrs == ("10.2.0.0/16",)


def test_the_definitions_survive_an_uninstall() -> None:
    crds = [obj for obj in template(chart="charts/trimtab-crds") if obj["kind"] == "CustomResourceDefinition"]
    assert [obj["metadata"]["name"] for obj in crds] == [path.stem for path in sorted((ROOT / "crds").glob("*.yaml"))]
    for crd in crds:
        assert crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_with_four_eyes_who_edits_services_neither_approves_nor_loosens_releases() -> None:
    objects = template("--set", "fourEyes=true", chart="charts/trimtab-crds")
    roles = {obj["metadata"]["name"]: obj for obj in objects if obj["kind"] == "ClusterRole"}
    assert "trimtab-admin" not in roles
    edit = roles["trimtab-edit"]["rules"]
    assert not [
        rule for rule in edit if {"canaryreleases/promote", "canaryreleases/promote-full"} & {*rule["resources"]}
    ]
    assert [rule["verbs"] for rule in edit if "canaryreleases" in rule["resources"]] == [["patch"]]


@pytest.mark.parametrize(
    ("switch", "gone"),
    [
        ("aggregateRoles", {"trimtab-view", "trimtab-edit", "trimtab-admin", "trimtab-approve"}),
        ("admissionPolicies.releaseVerbs", {"trimtab-release-verbs"}),
        ("admissionPolicies.oneReleasePolicy", {"trimtab-one-release-policy"}),
        ("admissionPolicies.deletionProtection", {"trimtab-deletion-protection"}),
    ],
)
def test_what_goes_with_the_definitions_is_switched(switch: str, gone: set[str]) -> None:
    everything, less = (
        {obj["metadata"]["name"] for obj in template("--set", f"{switch}={on}", chart="charts/trimtab-crds")}
        for on in ("true", "false")
    )
    assert everything - less == gone
    assert less < everything


@pytest.mark.parametrize("overlay", ["default", "namespaced"])
async def test_a_real_api_server_accepts_the_manifests_without_a_warning(overlay: str) -> None:
    namespaces = "".join(
        f"---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n"
        "  labels: {pod-security.kubernetes.io/warn: restricted}\n"
        for name in ("trimtab-system", "shop")
    )
    await kubectl("apply", "-f", "-", stdin=namespaces)
    rendered = await kubectl("kustomize", str(ROOT / "manifests" / overlay))
    await kubectl("apply", "--server-side", "--dry-run=server", "--warnings-as-errors", "-f", "-", stdin=rendered)


@pytest.mark.usefixtures("kube")
async def test_the_example_shop_is_accepted() -> None:
    await kubectl("apply", "-f", str(ROOT / "manifests/examples/shop/namespace.yaml"))
    rendered = await kubectl("kustomize", str(ROOT / "manifests/examples/shop"))
    await kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=rendered)
    policy = ROOT / "manifests/examples/binding-policy.yaml"
    await kubectl("apply", "--dry-run=server", "--validate=strict", "-f", str(policy))
