"""Settings of the way to Prometheus: where it is, how it lets us in, and which of its series are this cluster's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from trimtab.shell.aws_settings import region
from trimtab.shell.options import option

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusSettings:
    """No `url`: there is no Prometheus. Files are read when they are needed, and again when they change.

    At most one of `user`, `token_file` and `sigv4_region` is set. `labels` are those that all series of this cluster
    carry in a store that others share.
    """

    url: str
    ca_file: Path | None
    cert_file: Path | None
    key_file: Path | None
    user: str
    password_file: Path | None
    token_file: Path | None
    sigv4_region: str
    labels: Mapping[str, str]


def build(values: dict[str, Any]) -> PrometheusSettings:
    """Takes its values out of those of all options. Raises click.BadParameter for what does not fit together."""
    prefix = "prometheus_"
    names = [name for name in values if name.startswith(prefix)]
    made = PrometheusSettings(**{name.removeprefix(prefix): values.pop(name) for name in names})
    for unfit, message in _unfit(made):
        if unfit:
            raise click.BadParameter(message)
    return made


def _unfit(made: PrometheusSettings) -> list[tuple[bool, str]]:
    secrets = [bool(made.user), made.token_file is not None, bool(made.sigv4_region)]
    tls = [made.ca_file, made.cert_file]
    return [
        (
            sum(secrets) > 1,
            "give Prometheus one of --prometheus-user, --prometheus-token-file and --prometheus-sigv4-region",
        ),
        (
            bool(made.user) != bool(made.password_file),
            "--prometheus-user and --prometheus-password-file belong together: give both or none",
        ),
        (
            bool(made.cert_file) != bool(made.key_file),
            "--prometheus-cert-file and --prometheus-key-file belong together: give both or none",
        ),
        (
            (any(secrets) or any(tls)) and not made.url.startswith("https://"),
            "credentials and certificates of Prometheus need an --prometheus-url that begins with https://",
        ),
    ]


def _url(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    remedy = "write it as http://prometheus.monitoring.svc:9090"
    try:
        url = urlsplit(value)
        usable = not value or (url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0)
    except ValueError as error:
        raise click.BadParameter(f"the address of Prometheus is malformed ({error}): {remedy}") from error
    if url.username is not None or url.password is not None:
        raise click.BadParameter(f"the address of Prometheus holds credentials, which end up in logs: {remedy}")
    if not usable or url.query or url.fragment or re.search(r"[\s\x00-\x1f]", value):
        raise click.BadParameter(f"{value!r} is no address of a Prometheus: {remedy}")
    return value.rstrip("/")


def _file(_context: click.Context, _parameter: click.Parameter, value: str) -> Path | None:
    """It need not be there yet; it must not be the secret itself, by mistake."""
    if value and not Path(value).is_absolute():
        raise click.BadParameter("this is no absolute path: name a file, such as /etc/trimtab/prometheus/token")
    return Path(value) if value else None


def _user(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if ":" in value or not value.isprintable():
        raise click.BadParameter(f"{value!r} is no user name of basic authentication: leave out ':'")
    return value


def _labels(_context: click.Context, _parameter: click.Parameter, value: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for entry in (part.strip() for part in value.split(",") if part.strip()):
        label, equals, text = entry.partition("=")
        if not equals or not text or not _LABEL.fullmatch(label):
            raise click.BadParameter(f"{entry!r} is no label with its value: write it as cluster=prod-eu")
        found[label] = text
    return found


OPTIONS = (
    option(
        "--prometheus-url",
        default="",
        callback=_url,
        help="Where to read the counters of requests from; empty: nowhere, releases go by readiness and time.",
    ),
    option(
        "--prometheus-ca-file",
        default="",
        callback=_file,
        help="Authorities that its certificate may be from, in PEM; empty: those that the system trusts.",
    ),
    option(
        "--prometheus-cert-file",
        default="",
        callback=_file,
        help="Certificate that is shown to it, in PEM; empty: none.",
    ),
    option("--prometheus-key-file", default="", callback=_file, help="The key of that certificate, in PEM."),
    option("--prometheus-user", default="", callback=_user, help="User of basic authentication; empty: none."),
    option("--prometheus-password-file", default="", callback=_file, help="File with that user's password."),
    option(
        "--prometheus-token-file",
        default="",
        callback=_file,
        help="File with a bearer token; read again when it changes. Empty: none.",
    ),
    option(
        "--prometheus-sigv4-region",
        default="",
        callback=region,
        help="Region of an Amazon Managed Service for Prometheus, whose requests are signed with the operator's own "
        "AWS identity; empty: they are not signed.",
    ),
    option(
        "--prometheus-labels",
        default="",
        callback=_labels,
        help="Labels that all series of this cluster carry there, comma-separated, such as cluster=prod-eu; needed "
        "where several clusters share it.",
    ),
)
