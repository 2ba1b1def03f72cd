"""The administrator's list of hosts that may be called on behalf of users. Empty: none."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from yarl import URL

from trimtab.adapters.egress.addresses import Network

MAX_URL = 2048
FORM = "write it as hooks.example, hooks.example:8443 or gate.infra.svc=10.96.0.0/12"

_ENTRY = re.compile(
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(?::(?P<port>\d{1,5}))?(?:=(?P<networks>[0-9a-f:./+]+))?"
)


class RefusedError(Exception):
    """A destination that nothing was or will be sent to. The message names the host, never the rest of the URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedHost:
    """One entry: `networks` are private addresses of that host which may be connected to as well."""

    host: str
    port: int
    networks: tuple[Network, ...] = ()

    @staticmethod
    def parse(entry: str) -> "AllowedHost":
        """Reads `host[:port][=cidr[+cidr...]]`. Raises ValueError with the remedy."""
        match = _ENTRY.fullmatch(entry.lower())
        if match is None:
            raise ValueError(f"{entry!r} is no allowed host: {FORM}")
        port = int(match["port"] or 443)
        try:
            networks = tuple(ip_network(each) for each in (match["networks"] or "").split("+") if each)
        except ValueError as error:
            raise ValueError(f"{entry!r}: {error}; {FORM}") from error
        if not 0 < port < 65536:
            raise ValueError(f"{entry!r}: {port} is no port; {FORM}")
        return AllowedHost(host=match["host"].strip("[]"), port=port, networks=networks)


class AllowList:
    """Answers whether a URL leads to an allowed host: host and port must be those of one entry, the scheme https."""

    def __init__(self, hosts: Iterable[AllowedHost] = ()) -> None:
        self._hosts = {(each.host, each.port): each.networks for each in hosts}

    def admit(self, url: str) -> URL:
        """The URL, parsed the way it will be connected to. Raises RefusedError."""
        try:
            parsed = URL(url)
            host, port = _host(parsed.host or ""), parsed.port
        except (ValueError, TypeError):
            raise RefusedError("the URL is malformed") from None
        if parsed.scheme != "https" or not host or port is None or len(url) > MAX_URL:
            raise RefusedError("the URL is not of the form https://host/path")
        if parsed.user is not None or parsed.password is not None:
            raise RefusedError(f"the URL of {host} holds credentials, which is refused")
        if (host, port) not in self._hosts:
            raise RefusedError(f"{host}:{port} is not among the hosts that the operator may call (--webhook-hosts)")
        return parsed.with_fragment(None)

    def networks(self, host: str, port: int) -> tuple[Network, ...]:
        """The networks that the administrator opened for this host."""
        return self._hosts.get((_host(host), port), ())


def _host(name: str) -> str:
    return name.lower().rstrip(".")
