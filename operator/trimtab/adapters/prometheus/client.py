"""HTTP to Prometheus: one query in, series or an error out.

The API: https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
"""

import asyncio
import logging
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import aiohttp

from trimtab import __version__
from trimtab.adapters.prometheus import answers, metrics
from trimtab.adapters.prometheus.access import Certificates, Credentials, Nothing, Renewed
from trimtab.adapters.prometheus.answers import Found, QueryError, TooLargeError

logger = logging.getLogger("trimtab.prometheus")

USER_AGENT = f"trimtab/{__version__}"
CONNECTIONS = 4
TIMEOUT = 10.0
_CHUNK = 2**16
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Encoding": "gzip"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Series of a query. `at`: unix time by the store's clock, not later than when it looked; None if it tells none."""

    at: float | None
    series: list[Found]


class PrometheusClient:
    """Queries through a session of its own, which carries no credentials of anything else."""

    def __init__(
        self,
        url: str,
        *,
        certificates: Certificates | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, ttl_dns_cache=60),
            headers={"User-Agent": USER_AGENT},
            auto_decompress=False,
            trust_env=False,
        )
        self._endpoint = url.rstrip("/") + "/api/v1/query"
        self._tls = Renewed(certificates or Certificates())
        self._credentials = credentials or Nothing()
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Ends all connections."""
        await self._session.close()

    async def matrix(self, query: str, within: float = TIMEOUT) -> Answer:
        """The series of an instant query that selects a range, within so many seconds. Raises QueryError."""
        started = time.perf_counter()
        result = "error"
        try:
            answer = await self._ask(query, within)
            result = "ok"
            return answer
        except QueryError as error:
            result = error.result
            raise
        finally:
            metrics.QUERIES.labels(result).inc()
            metrics.SECONDS.observe(time.perf_counter() - started)

    async def _ask(self, query: str, within: float) -> Answer:
        try:
            async with asyncio.timeout(within):
                status, body, compressed, at = await self._post(query, within)
                async with self._turn:
                    series, length = await asyncio.to_thread(answers.series, status, body, compressed=compressed)
        except TimeoutError as error:
            raise QueryError("timeout", "Prometheus did not answer in time") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            logger.warning("query failed: %s", _named(error))
            raise QueryError("unreachable", "Prometheus cannot be reached") from error
        metrics.BYTES.inc(length)
        return Answer(at=at, series=series)

    async def _post(self, query: str, within: float) -> tuple[int, bytes, bool, float | None]:
        """Status, body, whether it is compressed, and the store's time when the request reached it at the earliest."""
        body = urlencode({"query": query, "timeout": f"{max(int(within * 1000), 1)}ms"}).encode()
        headers = {**_FORM, **await self._credentials.headers(self._endpoint, body)}
        tls = self._tls.context() if self._endpoint.startswith("https:") else True
        sent = time.perf_counter()
        async with self._session.post(
            self._endpoint, data=body, headers=headers, allow_redirects=False, ssl=tls
        ) as response:
            at = _date(response.headers.get("Date"), time.perf_counter() - sent)
            compressed = response.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip")
            return response.status, await _read(response), compressed, at


def _named(error: Exception) -> str:
    """What went wrong, without what was said: an error's text may quote headers."""
    return type(error).__name__ if isinstance(error, ValueError) else str(error) or type(error).__name__


def _date(text: str | None, elapsed: float) -> float | None:
    """The moment before `elapsed` seconds, by the clock that an answer's header tells, in unix time."""
    try:
        return parsedate_to_datetime(text).timestamp() - elapsed if text else None
    except (TypeError, ValueError, OverflowError):
        return None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, cut off beyond the limit also if it has no declared length."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > answers.MAX_BYTES:
            raise TooLargeError
    return bytes(body)
