"""Where the API server is and who we are there: credentials, TLS and HTTP sessions.

The official client reads the kubeconfig or the service account (exec plugins, OIDC and token files included); the
sessions carry its credentials on every request, so that a rotated token is picked up without a restart.
"""

import json
import os
import ssl
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import yaml
from aiohttp import ClientHandlerType, ClientMiddlewareType, ClientRequest, ClientResponse
from kubernetes.aio import config
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTClientObject

from trimtab import __version__

USER_AGENT = f"trimtab/{__version__}"
RELOAD_PAUSE = 10.0
"""Seconds between two readings of the credentials after a 401, so that a revoked identity does not spin."""


UNUSABLE = (config.ConfigException, yaml.YAMLError, TypeError, AttributeError, UnicodeDecodeError)
"""What the client library raises on a file that is no kubeconfig; it checks no types."""


class NoClusterError(Exception):
    """Neither a usable kubeconfig nor a service account was found."""


class Connection:
    """One API server and our identity there. Sessions belong to the event loop that made them."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._tls: ssl.SSLContext = RESTClientObject(configuration).ssl_context
        # Python 3.13 began to refuse CAs without RFC 5280's key usage and key identifiers, which many clusters have.
        self._tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
        self._reloaded = 0.0

    @classmethod
    async def load(cls) -> "Connection":
        """Reads KUBECONFIG, else the pod's service account, else ~/.kube/config. Raises NoClusterError."""
        return cls(await _load_configuration())

    @property
    def server(self) -> str:
        """The address of the API server, without a trailing slash."""
        return str(self._configuration.host).rstrip("/")

    def session(
        self, *, user_agent: str = USER_AGENT, limit: int = 0, middlewares: Sequence[ClientMiddlewareType] = ()
    ) -> aiohttp.ClientSession:
        """A session with at most `limit` connections (0: any number) that authenticates each request anew."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limit, ssl=self._tls, ttl_dns_cache=60, keepalive_timeout=60),
            headers={"User-Agent": user_agent, "Accept": "application/json"},
            middlewares=[*middlewares, self._authenticate],
            proxy=self._configuration.proxy,
            read_bufsize=2**20,
            json_serialize=_compact,
        )

    async def _authenticate(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        await self._authorize(request)
        response = await handler(request)
        if response.status != 401 or time.monotonic() - self._reloaded < RELOAD_PAUSE:
            return response
        self._reloaded = time.monotonic()
        self._configuration = await _load_configuration()
        response.release()
        await self._authorize(request)
        return await handler(request)

    async def _authorize(self, request: ClientRequest) -> None:
        for setting in (await self._configuration.auth_settings()).values():
            if setting["in"] == "header" and setting["value"]:
                request.headers[setting["key"]] = setting["value"]


async def _load_configuration() -> Configuration:
    configuration = Configuration()
    if "KUBECONFIG" not in os.environ and "KUBERNETES_SERVICE_HOST" in os.environ:
        config.load_incluster_config(client_configuration=configuration)
        return configuration
    path = _kubeconfig()
    if not _exists(path):
        raise NoClusterError(f"no Kubernetes cluster to talk to: {path} does not exist; set KUBECONFIG")
    try:
        await config.load_kube_config(config_file=path, client_configuration=configuration)
    except UNUSABLE as error:
        raise NoClusterError(f"{path} is no usable kubeconfig: {error}") from error
    return configuration


def _kubeconfig() -> str:
    return os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())


def _exists(paths: str) -> bool:
    return any(Path(path).exists() for path in paths.split(os.pathsep))


def default_namespace() -> str:
    """The namespace of the kubeconfig's current context; `default` if there is none to be read."""
    path = _kubeconfig()
    if not _exists(path):
        return "default"
    try:
        _, active = config.list_kube_config_contexts(path)
    except UNUSABLE:
        return "default"
    return str(active["context"].get("namespace") or "default")


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
