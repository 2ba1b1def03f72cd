"""Every setting of the operator: a flag, an environment variable `TRIMTAB_<NAME>`, and a check at start."""

import ipaddress
import json
import os
import re
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml
from pydantic import TypeAdapter, ValidationError

from trimtab.adapters.aws.arns import PATTERN
from trimtab.adapters.egress.allowlist import AllowedHost
from trimtab.api.scalars import Image, parse_duration
from trimtab.domain.service.observation import PROXY_IMAGE, ClusterSettings, DataPlane
from trimtab.shell import aws_settings, binding_settings, prometheus_settings
from trimtab.shell.aws_settings import AwsSettings
from trimtab.shell.binding_settings import BindingSettings
from trimtab.shell.options import Function, option
from trimtab.shell.prometheus_settings import PrometheusSettings

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SERVICE_ACCOUNT_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The operator's configuration, checked. Durations are in seconds; no namespaces means all of them."""

    namespaces: tuple[str, ...]
    log_format: str
    log_level: str
    http_host: str
    http_port: int
    leader_election: bool
    lease_name: str
    lease_namespace: str
    identity: str
    workers: int
    resync: float
    events_per_second: float
    prometheus: PrometheusSettings
    scrape_interval: float
    allow_promql: bool
    webhook_hosts: tuple[AllowedHost, ...]
    notify_arns: tuple[str, ...]
    cluster: ClusterSettings
    bindings: BindingSettings
    aws: AwsSettings

    def serves(self, namespace: str) -> bool:
        """Whether objects of this namespace are ours to deal with. The only place that decides it."""
        return not self.namespaces or namespace in self.namespaces


def options(command: Function) -> Function:
    """Adds one option per setting to a click command."""
    for add in reversed(_OPTIONS):
        command = add(command)
    return command


def build(**values: Any) -> Settings:
    """The settings from the values of the options. Raises click.BadParameter with field, value and remedy."""
    cluster = ClusterSettings(
        data_planes=values.pop("gateway_data_planes"),
        monitoring_namespace=values.pop("monitoring_namespace"),
        load_balancer_cidrs=values.pop("load_balancer_cidrs"),
        proxy_image=values.pop("proxy_image"),
        scrape_interval=values["scrape_interval"],
    )
    prometheus = prometheus_settings.build(values)
    bindings = binding_settings.build(values)
    aws = aws_settings.build(values)
    values["identity"] = values["identity"] or f"{socket.gethostname()}_{secrets.token_hex(4)}"
    values["lease_namespace"] = values["lease_namespace"] or _own_namespace()
    return Settings(**values, cluster=cluster, prometheus=prometheus, bindings=bindings, aws=aws)


def _own_namespace() -> str:
    try:
        return _SERVICE_ACCOUNT_NAMESPACE.read_text().strip()
    except OSError:
        return os.environ.get("POD_NAMESPACE", "default")


def _split(value: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[,\s]+", value) if part)


def _namespaces(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    names = _split(value)
    if value.strip() and not names:
        raise click.BadParameter(f"{value!r} names no namespace: name one, or leave it empty to serve all")
    for name in names:
        _namespace(_context, _parameter, name)
    return names


def _namespace(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value and not _NAMESPACE.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no namespace: use lower-case letters, digits and '-', such as team-a")
    return value


def _image(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return TypeAdapter(Image).validate_python(value)
    except ValidationError as error:
        raise click.BadParameter(f"{value!r} is no image: write it as {PROXY_IMAGE}") from error


def _cidrs(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    return tuple(_cidr(cidr) for cidr in _split(value))


def _cidr(value: Any) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no CIDR ({error}): write it as 10.0.0.0/16") from error
    return str(value)


def _duration(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    try:
        return parse_duration(value).total_seconds()
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no duration: write it as 10m or 1h30m") from error


def _resync(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    seconds = _duration(_context, _parameter, value)
    if seconds < 10:
        raise click.BadParameter(f"{value!r} is shorter than 10s, which would keep the API server busy for nothing")
    return seconds


def _scrape_interval(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    seconds = _duration(_context, _parameter, value)
    if not 1 <= seconds <= 300:
        raise click.BadParameter(f"{value!r} is not between 1s and 5m: give the interval at which pods are scraped")
    return seconds


def _hosts(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[AllowedHost, ...]:
    try:
        return tuple(AllowedHost.parse(entry) for entry in _split(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _arns(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    for pattern in _split(value):
        if not PATTERN.fullmatch(pattern):
            raise click.BadParameter(
                f"{pattern!r} is no pattern of an ARN: write it as arn:aws:sns:eu-central-1:123456789012:releases-*"
            )
    return _split(value)


def _data_planes(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[DataPlane, ...]:
    if not value:
        return ()
    inline = value.lstrip().startswith("[")
    try:
        entries = json.loads(value) if inline else yaml.safe_load(Path(value).read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise click.BadParameter(f"{value!r} is neither a JSON list nor a readable YAML file: {error}") from error
    if not isinstance(entries, list):
        raise click.BadParameter(f"{value!r} must hold a list of data planes")
    return tuple(_data_plane(entry) for entry in entries)


def _data_plane(entry: Any) -> DataPlane:
    known = {"gatewayClass", "namespaceSelector", "podSelector", "cidrs"}
    if not isinstance(entry, dict) or not entry.get("gatewayClass") or set(entry) - known:
        raise click.BadParameter(f"{entry!r}: a data plane has gatewayClass and either namespaceSelector or cidrs")
    namespaces, cidrs = entry.get("namespaceSelector"), entry.get("cidrs") or ()
    if isinstance(namespaces, dict) == bool(cidrs):
        raise click.BadParameter(f"{entry!r}: set exactly one of namespaceSelector (with podSelector) and cidrs")
    return DataPlane(
        gateway_class=entry["gatewayClass"],
        namespace_selector=namespaces,
        pod_selector=entry.get("podSelector"),
        cidrs=tuple(_cidr(cidr) for cidr in cidrs),
    )


_OPTIONS = (
    option("--namespaces", default="", callback=_namespaces, help="Namespaces to serve, comma-separated; empty: all."),
    option("--log-format", default="text", type=click.Choice(["text", "json"]), help="One line per record, as what."),
    option(
        "--log-level",
        default="info",
        type=click.Choice(["debug", "info", "warning", "error"]),
        help="The least severe records to write.",
    ),
    option("--http-host", default="0.0.0.0", help="Address for probes and metrics."),  # noqa: S104 - a pod's probes need it
    option(
        "--http-port",
        default=8080,
        type=click.IntRange(0, 65535),
        help="Port for /healthz, /readyz and /metrics; 0: any.",
    ),
    option(
        "--leader-election/--no-leader-election",
        default=True,
        help="Without it, there must never be two operators at once.",
    ),
    option("--lease-name", default="trimtab", help="Name of the Lease object that replicas compete for."),
    option("--lease-namespace", default="", callback=_namespace, help="Its namespace; empty: the operator's own."),
    option("--identity", default="", help="This replica's name in the Lease; empty: host name and a random part."),
    option("--workers", default=16, type=click.IntRange(1, 256), help="Resources reconciled side by side."),
    option("--resync", default="10m", callback=_resync, help="Every resource is looked at this often, jittered."),
    option(
        "--events-per-second",
        default=5.0,
        type=click.FloatRange(0.1, 1000),
        help="Budget for publishing Kubernetes Events.",
    ),
    *prometheus_settings.OPTIONS,
    option(
        "--scrape-interval",
        default="10s",
        callback=_scrape_interval,
        help="How often Prometheus scrapes the pods of services; releases are judged no more often.",
    ),
    option(
        "--allow-promql/--no-allow-promql",
        default=False,
        help="Run the PromQL of KPIs, confined to their revisions; whoever writes CanaryReleases can then ask "
        "Prometheus for costly things.",
    ),
    option(
        "--webhook-hosts",
        default="",
        callback=_hosts,
        help="Hosts that gates and notifications may call by https, comma-separated: host[:port], with =cidr[+cidr] if "
        "it has private addresses; empty: none.",
    ),
    option(
        "--notify-arns",
        default="",
        callback=_arns,
        help="SNS topics and EventBridge buses that notifications may go to: ARNs with * and ?, comma-separated; "
        "empty: none.",
    ),
    *binding_settings.OPTIONS,
    *aws_settings.OPTIONS,
    option(
        "--gateway-data-planes",
        default="",
        callback=_data_planes,
        help="Where Gateways' proxies run, for NetworkPolicies: a JSON list, or the path of a YAML file, of "
        "{gatewayClass, namespaceSelector, podSelector | cidrs}.",
    ),
    option(
        "--monitoring-namespace",
        default="",
        callback=_namespace,
        help="Namespace whose pods NetworkPolicies admit to scrape metrics.",
    ),
    option(
        "--load-balancer-cidrs",
        default="",
        callback=_cidrs,
        help="Subnets of load balancers that NetworkPolicies admit, comma-separated.",
    ),
    option(
        "--proxy-image",
        default=PROXY_IMAGE,
        callback=_image,
        help="Image of the proxy (Envoy) in pods that have one.",
    ),
)
