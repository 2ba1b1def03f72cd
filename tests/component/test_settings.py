"""Settings: every one a flag and a variable, shown in --help, and refused at start when wrong."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from trimtab.shell.aws_settings import AwsSettings
from trimtab.shell.prometheus_settings import PrometheusSettings
from trimtab.shell.settings import Settings, build, options


def settings(*arguments: str, **environment: str) -> tuple[Settings | None, str]:
    """The settings, or None and what the user is told."""
    built: list[Settings] = []

    @click.command()
    @options
    def command(**values: Any) -> None:
        built.append(build(**values))

    result = CliRunner().invoke(command, arguments, env=environment)
    return (built[0] if built else None), result.output


def test_without_any_setting_the_whole_cluster_is_served() -> None:
    made, _ = settings()
    assert made is not None
    assert made.serves("anything")
    assert made.leader_election
    assert made.resync == 600.0
    assert made.identity


def test_namespaces_are_served_and_others_are_not() -> None:
    made, _ = settings(TRIMTAB_NAMESPACES="shop, billing")
    assert made is not None
    assert made.namespaces == ("shop", "billing")
    assert made.serves("billing")
    assert not made.serves("kube-system")


def test_commas_alone_are_not_all_namespaces() -> None:
    made, message = settings("--namespaces", ",,")
    assert made is None
    assert "',,' names no namespace" in message


def test_a_flag_wins_over_its_variable() -> None:
    made, _ = settings("--log-format", "json", TRIMTAB_LOG_FORMAT="text")
    assert made is not None
    assert made.log_format == "json"


def test_data_planes_come_as_json_or_from_a_file(tmp_path: Path) -> None:
    planes = [{"gatewayClass": "contour", "namespaceSelector": {"matchLabels": {"a": "b"}}}]
    file = tmp_path / "planes.yaml"
    file.write_text(json.dumps(planes))
    inline, _ = settings("--gateway-data-planes", json.dumps(planes))
    mounted, _ = settings("--gateway-data-planes", str(file))
    assert inline is not None
    assert mounted is not None
    assert inline.cluster == mounted.cluster
    assert inline.cluster.data_planes[0].gateway_class == "contour"


def test_nobody_is_called_unless_listed() -> None:
    made, _ = settings()
    assert made is not None
    assert (made.webhook_hosts, made.notify_arns) == ((), ())
    made, _ = settings(
        TRIMTAB_WEBHOOK_HOSTS="hooks.slack.com, gate.infra.svc:8443=10.96.0.0/12+fd00::/8",
        TRIMTAB_NOTIFY_ARNS="arn:aws:sns:*:123456789012:releases-*,arn:aws:events:eu-central-1:123456789012:event-bus/shop",
    )
    assert made is not None
    assert [(each.host, each.port, len(each.networks)) for each in made.webhook_hosts] == [
        ("hooks.slack.com", 443, 0),
        ("gate.infra.svc", 8443, 2),
    ]
    assert len(made.notify_arns) == 2


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("TRIMTAB_NAMESPACES", "Shop", "'Shop' is no namespace"),
        ("TRIMTAB_LEASE_NAMESPACE", "a/b", "is no namespace"),
        ("TRIMTAB_RESYNC", "soon", "10m"),
        ("TRIMTAB_RESYNC", "1s", "shorter than 10s"),
        ("TRIMTAB_LOG_FORMAT", "xml", "json"),
        ("TRIMTAB_LOG_LEVEL", "loud", "debug"),
        ("TRIMTAB_HTTP_PORT", "99999", "65535"),
        ("TRIMTAB_WORKERS", "0", "256"),
        ("TRIMTAB_EVENTS_PER_SECOND", "0", "1000"),
        ("TRIMTAB_LOAD_BALANCER_CIDRS", "10.0.0.1/8", "is no CIDR"),
        ("TRIMTAB_WEBHOOK_HOSTS", "*.example", "write it as hooks.example"),
        ("TRIMTAB_WEBHOOK_HOSTS", "http://hooks.example", "write it as hooks.example"),
        ("TRIMTAB_WEBHOOK_HOSTS", "gate.svc=10.0.0.1/8", "10.96.0.0/12"),
        ("TRIMTAB_NOTIFY_ARNS", "releases", "is no pattern of an ARN"),
        ("TRIMTAB_NOTIFY_ARNS", "arn:aws:iam::123456789012:role/x", "is no pattern of an ARN"),
        ("TRIMTAB_CLUSTER_ID", "prod eu", "is no cluster id"),
        ("TRIMTAB_OIDC_ISSUER", "http://oidc.example", "write it as https://"),
        ("TRIMTAB_BINDING_POLICIES", "policies.yaml", "no absolute path"),
        ("TRIMTAB_BINDING_POLICIES", "/etc/trimtab/policies.yaml", "is for an operator with --namespaces"),
        ("TRIMTAB_AWS_REGION", "Frankfurt", "write it as eu-central-1"),
        ("TRIMTAB_AWS_READ_RATE", "0", "1000"),
        ("TRIMTAB_AWS_WRITE_RATE", "0", "1000"),
        ("TRIMTAB_AWS_EVENTS_QUEUE", "https://sqs.eu-central-1.amazonaws.com/123456789012/changes", "arn:aws:sqs:"),
        ("TRIMTAB_AWS_EVENTS_QUEUE", "arn:aws:sqs:eu-central-1:123456789012:changes.fifo", "arn:aws:sqs:"),
        ("TRIMTAB_GATEWAY_DATA_PLANES", "/nonexistent", "YAML file"),
        ("TRIMTAB_GATEWAY_DATA_PLANES", '[{"gatewayClass": "alb", "cidrs": []}]', "exactly one of"),
        ("TRIMTAB_GATEWAY_DATA_PLANES", '[{"gatewayClass": "alb", "cidrs": ["10.0.0.1/8"]}]', "is no CIDR"),
        ("TRIMTAB_GATEWAY_DATA_PLANES", '[{"gatewayClass": "alb", "namespaceSelector": null}]', "exactly one of"),
        ("TRIMTAB_GATEWAY_DATA_PLANES", "[{}]", "gatewayClass"),
        ("TRIMTAB_GATEWAY_DATA_PLANES", '[{"gatewayClass": "x"}]', "exactly one of"),
        ("TRIMTAB_GATEWAY_DATA_PLANES", '{"gatewayClass": "x"}', "YAML file"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_the_remedy(variable: str, value: str, told: str) -> None:
    made, output = settings(**{variable: value})
    flat = " ".join(output.split())
    assert made is None
    assert told in flat
    assert "--" + variable.removeprefix("TRIMTAB_").lower().replace("_", "-") in flat


def test_help_shows_every_setting_with_its_variable_and_default() -> None:
    _, output = settings("--help")
    flat = " ".join(output.split())
    names = {*Settings.__dataclass_fields__, "cluster_id", "cluster_name", "oidc_issuer", "binding_policies"}
    names |= {f"prometheus_{name}" for name in PrometheusSettings.__dataclass_fields__}
    names |= {f"aws_{name}" for name in AwsSettings.__dataclass_fields__}
    for name in names - {"cluster", "prometheus", "bindings", "aws"}:
        assert f"TRIMTAB_{name.upper()}" in flat.replace("- ", "-"), name
    assert "default: 10m" in flat


def test_policies_from_a_file_need_to_know_which_cluster_this_is() -> None:
    made, message = settings(TRIMTAB_NAMESPACES="shop", TRIMTAB_BINDING_POLICIES="/etc/trimtab/policies.yaml")
    assert made is None
    assert "needs --cluster-id" in " ".join(message.split())
    made, _ = settings(
        TRIMTAB_NAMESPACES="shop", TRIMTAB_BINDING_POLICIES="/etc/trimtab/policies.yaml", TRIMTAB_CLUSTER_ID="prod-eu"
    )
    assert made is not None
    assert made.bindings.policies == Path("/etc/trimtab/policies.yaml")


@pytest.mark.parametrize("url", ["http://prometheus:9090", "https://mimir.example/prometheus", "http://[::1]:9090"])
def test_the_address_of_prometheus(url: str) -> None:
    made, _ = settings(TRIMTAB_PROMETHEUS_URL=f"{url}/", TRIMTAB_SCRAPE_INTERVAL="15s")
    assert made is not None
    assert made.prometheus.url == url
    assert made.scrape_interval == 15.0


def test_the_way_to_aws() -> None:
    queue = "arn:aws:sqs:eu-central-1:123456789012:changes"
    made, _ = settings(TRIMTAB_AWS_REGION="us-gov-west-1", TRIMTAB_AWS_WRITE_RATE="2", TRIMTAB_AWS_EVENTS_QUEUE=queue)
    assert made is not None
    assert made.aws == AwsSettings(region="us-gov-west-1", read_rate=20.0, write_rate=2.0, events_queue=queue)


def test_without_an_address_there_is_no_prometheus() -> None:
    made, _ = settings()
    assert made is not None
    assert made.prometheus.url == ""
    assert made.scrape_interval == 10.0


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("prometheus:9090", "is no address of a Prometheus: write it as http://"),
        ("ftp://prometheus", "is no address"),
        ("http://", "is no address"),
        ("http://prometheus:99999", "malformed"),
        ("http://prometheus:0", "is no address"),
        ("http://[::1", "malformed"),
        ("http://prometheus:9090?x=1", "is no address"),
        ("http://prometheus:9090#x", "is no address"),
        ("http://prome theus:9090", "is no address"),
        ("http://user:s3cret@prometheus:9090", "holds credentials"),
    ],
)
def test_a_malformed_address_of_prometheus_is_refused(url: str, told: str) -> None:
    made, message = settings("--prometheus-url", url)
    assert made is None
    assert told in message
    assert "s3cret" not in message


SECURE = {"TRIMTAB_PROMETHEUS_URL": "https://prometheus.example"}


def test_the_way_into_prometheus() -> None:
    files = {"CA_FILE": "/p/ca.crt", "CERT_FILE": "/p/tls.crt", "KEY_FILE": "/p/tls.key", "TOKEN_FILE": "/p/token"}
    labels = {"TRIMTAB_PROMETHEUS_LABELS": "cluster=prod-eu, tenant=a=b"}
    made, told = settings(**SECURE, **labels, **{f"TRIMTAB_PROMETHEUS_{name}": file for name, file in files.items()})
    assert made is not None, told
    way = made.prometheus
    assert [way.ca_file, way.cert_file, way.key_file, way.token_file] == [Path(file) for file in files.values()]
    assert way.labels == {"cluster": "prod-eu", "tenant": "a=b"}
    assert (way.user, way.password_file, way.sigv4_region) == ("", None, "")


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({**SECURE, "USER": "x", "PASSWORD_FILE": "/p/p", "TOKEN_FILE": "/p/t"}, "give Prometheus one of"),
        ({**SECURE, "SIGV4_REGION": "eu-central-1", "TOKEN_FILE": "/p/t"}, "give Prometheus one of"),
        ({**SECURE, "SIGV4_REGION": "Frankfurt"}, "write it as eu-central-1"),
        ({**SECURE, "USER": "x"}, "belong together"),
        ({**SECURE, "PASSWORD_FILE": "/p/p"}, "belong together"),
        ({**SECURE, "CERT_FILE": "/p/c"}, "belong together"),
        ({**SECURE, "USER": "x:y", "PASSWORD_FILE": "/p/p"}, "is no user name"),
        ({**SECURE, "TOKEN_FILE": "s3cret"}, "no absolute path"),
        ({**SECURE, "LABELS": "cluster"}, "write it as cluster=prod-eu"),
        ({**SECURE, "LABELS": 'a"b=c'}, "write it as cluster=prod-eu"),
        ({"URL": "http://prometheus", "TOKEN_FILE": "/p/t"}, "begins with https://"),
        ({"URL": "http://prometheus", "CA_FILE": "/p/c"}, "begins with https://"),
        ({"TOKEN_FILE": "/p/t"}, "begins with https://"),
    ],
)
def test_a_way_into_prometheus_that_is_none_is_refused(environment: dict[str, str], told: str) -> None:
    made, message = settings(
        **{(name if "_URL" in name else f"TRIMTAB_PROMETHEUS_{name}"): text for name, text in environment.items()}
    )
    assert made is None
    assert told in " ".join(message.split())
    assert "s3cret" not in message


@pytest.mark.parametrize("value", ["10", "0s", "500ms", "6m", ""])
def test_an_interval_that_nobody_scrapes_at_is_refused(value: str) -> None:
    made, message = settings("--scrape-interval", value)
    assert made is None
    assert repr(value) in message
