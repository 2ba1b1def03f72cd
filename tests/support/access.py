"""Where the API server is and how to prove who one is, as a kubeconfig file says."""

import base64
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Access:
    """Where the API server is and how to prove who one is, as a kubeconfig file says."""

    server: str
    tls: ssl.SSLContext | None
    token: str | None


def access(kubeconfig: str | Path | None = None) -> Access:
    """Reads the current context of `kubeconfig` (default: $KUBECONFIG)."""
    document = yaml.safe_load(Path(kubeconfig or os.environ["KUBECONFIG"]).read_text())
    context = next(c["context"] for c in document["contexts"] if c["name"] == document["current-context"])
    cluster = next(c["cluster"] for c in document["clusters"] if c["name"] == context["cluster"])
    user = next(u["user"] for u in document["users"] if u["name"] == context["user"])
    return Access(cluster["server"], _tls(cluster, user), user.get("token"))


def _tls(cluster: Mapping[str, str], user: Mapping[str, str]) -> ssl.SSLContext | None:
    if not cluster["server"].startswith("https:"):
        return None
    with _file(cluster, "certificate-authority") as authority:
        tls = ssl.create_default_context(cafile=authority)
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    with _file(user, "client-certificate") as certificate, _file(user, "client-key") as key:
        if certificate:
            tls.load_cert_chain(certificate, key)
    return tls


@contextmanager
def _file(section: Mapping[str, str], field: str) -> Iterator[str | None]:
    """The path of a credential that a kubeconfig gives either as a path or inline."""
    if f"{field}-data" not in section:
        yield section.get(field)
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(base64.b64decode(section[f"{field}-data"]))
        file.flush()
        yield file.name
