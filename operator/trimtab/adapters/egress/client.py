"""The guarded HTTP client: POST by https to allowed hosts, and nothing of the answer but its status.

No redirects, no cookies, no proxies from the environment, no kept connections, an answer within seconds or none. The
body of the answer is not even read, so nothing of it can end up anywhere.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

import aiohttp
from yarl import URL

from trimtab import __version__
from trimtab.adapters.egress.addresses import refusal
from trimtab.adapters.egress.allowlist import AllowList, RefusedError
from trimtab.adapters.egress.metrics import REQUESTS
from trimtab.adapters.egress.resolver import ForbiddenAddressError, GuardedResolver

SECONDS = 5.0
CONNECTIONS = 32
MAX_RETRY_AFTER = 600.0


class UnreachableError(Exception):
    """No answer came. The message names the host and what was missing, never the rest of the URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What was answered: the HTTP status, and how many seconds to wait before the next attempt (0: not said)."""

    host: str
    status: int
    retry_after: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether it was a 2xx."""
        return 200 <= self.status < 300


class EgressClient:
    """Made inside the event loop that it is used in. `tls`: what to trust; default: the system's CAs."""

    def __init__(self, allowed: AllowList, *, tls: ssl.SSLContext | None = None) -> None:
        self._allowed = allowed
        self._resolver = GuardedResolver(allowed)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS, resolver=self._resolver, use_dns_cache=False, force_close=True, ssl=tls or True
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"trimtab/{__version__}", "Accept-Encoding": "identity"},
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = SECONDS) -> Reply:
        """One POST, answered within `seconds`. Raises UnreachableError; RefusedError if nothing may be sent there."""
        code = "refused"
        try:
            target = self._allowed.admit(url)
            self._check_literal(target)
            code = "error"
            reply = await self._send(target, body, headers, seconds)
            code = str(reply.status)
        except ForbiddenAddressError as error:
            code = "refused"
            raise RefusedError(str(error)) from None
        finally:
            REQUESTS.labels(code).inc()
        return reply

    async def close(self) -> None:
        """Ends all connections."""
        await self._session.close()
        await self._resolver.close()

    async def _send(self, target: URL, body: bytes, headers: Mapping[str, str], seconds: float) -> Reply:
        """The causes are cut off: aiohttp's errors quote the URL, whose path may be a secret."""
        host = str(target.host)
        try:
            async with self._session.post(
                target, data=body, headers=headers, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=seconds)
            ) as response:
                status, after = response.status, _seconds(response.headers.get("Retry-After", ""))
                response.close()
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, ForbiddenAddressError):
                raise error.os_error from None
            raise UnreachableError(f"{host} cannot be resolved") from None
        except TimeoutError:
            raise UnreachableError(f"{host} did not answer within {seconds:g} s") from None
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError):
            raise UnreachableError(f"{host} has no certificate that the operator trusts") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise UnreachableError(f"{host} did not answer") from None
        return Reply(host=host, status=status, retry_after=after)

    def _check_literal(self, target: URL) -> None:
        """An address in the URL itself is connected to without any look-up."""
        host, port = str(target.host), int(target.port or 0)
        try:
            ip_address(host.partition("%")[0])
        except ValueError:
            return
        if reason := refusal(host, self._allowed.networks(host, port)):
            raise RefusedError(f"{host} is a {reason} address")


def _seconds(value: str) -> float:
    """Retry-After in seconds; a date or nonsense counts as not said."""
    return min(float(value), MAX_RETRY_AFTER) if value.isdecimal() else 0.0
