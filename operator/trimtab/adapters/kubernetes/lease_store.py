"""The Lease object on the API server."""

from typing import Any

import aiohttp

from trimtab.adapters.kubernetes.errors import translate
from trimtab.adapters.kubernetes.kinds import LEASE
from trimtab.domain.objects import Object
from trimtab.ports.cluster import NotFoundError, UnavailableError

TIMEOUT = 5.0


class KubernetesLeaseStore:
    """See LeaseStore. It has a session of its own: a renewal must not wait behind other requests."""

    def __init__(self, session: aiohttp.ClientSession, server: str, namespace: str, name: str) -> None:
        self._session = session
        self._collection = server + LEASE.path(namespace)
        self._namespace = namespace
        self._name = name

    async def read(self) -> Object | None:
        """The Lease, None if it does not exist."""
        try:
            return await self._request("GET", f"{self._collection}/{self._name}", None)
        except NotFoundError:
            return None

    async def write(self, spec: dict[str, Any], previous: Object | None) -> Object:
        """Creates the Lease, or updates `previous` under its resourceVersion."""
        if previous is not None:
            return await self._request("PUT", f"{self._collection}/{self._name}", {**previous, "spec": spec})
        lease = {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": spec,
        }
        return await self._request("POST", self._collection, lease)

    async def _request(self, method: str, url: str, body: Object | None) -> Object:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        try:
            async with self._session.request(method, url, json=body, timeout=timeout) as response:
                data = await response.read()
                if response.status >= 400:
                    raise translate(response.status, data, response.headers)
                answer: Object = await response.json()
                return answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"{method} lease: {error or type(error).__name__}") from error
