"""HTTP to Prometheus: one query in, raw series or an error out.

The API: https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
"""

import asyncio
import json
import logging
import re
import time
from typing import Any

import aiohttp

from trimtab import __version__
from trimtab.adapters.prometheus import metrics

logger = logging.getLogger("trimtab.prometheus")

USER_AGENT = f"trimtab/{__version__}"
CONNECTIONS = 4
TIMEOUT = 10.0
MAX_BYTES = 16 * 2**20
_CHUNK = 2**16
_ERROR_TYPE = re.compile(r"[a-z_]{1,40}")


class QueryError(Exception):
    """The store did not answer, or not as it should. The message is safe to show: it holds nothing of the answer."""

    def __init__(self, result: str, message: str) -> None:
        super().__init__(message)
        self.result = result


class TooLargeError(QueryError):
    """The answer is longer than we read; a narrower query may do."""


class PrometheusClient:
    """Queries through a session of its own, which carries no credentials of anything else."""

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, ttl_dns_cache=60), headers={"User-Agent": USER_AGENT}
        )
        self._endpoint = url.rstrip("/") + "/api/v1/query"
        self._timeout = timeout

    async def close(self) -> None:
        """Ends all connections."""
        await self._session.close()

    async def matrix(self, query: str) -> list[Any]:
        """The series of an instant query that selects a range, as decoded JSON. Raises QueryError."""
        started = time.perf_counter()
        result = "error"
        try:
            answer = await self._ask(query)
            result = "ok"
            return answer
        except QueryError as error:
            result = error.result
            raise
        finally:
            metrics.QUERIES.labels(result).inc()
            metrics.SECONDS.observe(time.perf_counter() - started)

    async def _ask(self, query: str) -> list[Any]:
        form = {"query": query, "timeout": f"{self._timeout:g}s"}
        try:
            async with asyncio.timeout(self._timeout):
                async with self._session.post(self._endpoint, data=form, allow_redirects=False) as response:
                    body = await _read(response)
        except TimeoutError as error:
            raise QueryError("timeout", f"Prometheus did not answer within {self._timeout:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            logger.warning("query failed: %s", error or type(error).__name__)
            raise QueryError("unreachable", "Prometheus cannot be reached") from error
        return _series(response.status, body)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, cut off beyond the limit also if it is compressed or has no declared length."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > MAX_BYTES:
            raise TooLargeError("too_large", f"Prometheus answers with more than {MAX_BYTES // 2**20} MiB")
    metrics.BYTES.inc(len(body))
    return bytes(body)


def _series(status: int, body: bytes) -> list[Any]:
    """What the answer holds; a partial answer is none, since no decision may rest on half of the pods."""
    if 300 <= status < 400:
        raise QueryError("redirect", "Prometheus redirects to another address, which is not followed")
    answer = _decoded(body)
    if status >= 400 or answer.get("status") != "success":
        kind = str(answer.get("errorType") or "")
        logger.warning("query refused with HTTP %d: %s", status, str(answer.get("error") or "no reason")[:512])
        reason = f": {kind}" if _ERROR_TYPE.fullmatch(kind) else ""
        raise QueryError("refused", f"Prometheus answers with HTTP {status}{reason}")
    if answer.get("warnings"):
        logger.warning("partial answer: %s", str(answer["warnings"])[:512])
        raise QueryError("partial", "Prometheus warns that its answer may be incomplete")
    data = answer.get("data")
    if not isinstance(data, dict) or data.get("resultType") != "matrix" or not isinstance(data.get("result"), list):
        raise QueryError("malformed", "Prometheus does not answer with series of samples")
    return list(data["result"])


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
