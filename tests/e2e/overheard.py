"""What the operator's pods tell, as long as they are there: their logs, line by line, and their metrics at the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
from tests.e2e.installation import NAMESPACE
from tests.e2e.space import is_pod_ready
from tests.support.kube import Kube, KubeError, Object, path
from tests.support.markers import Search
from tests.support.mirror import mirroring

OPERATOR = "app.kubernetes.io/component=operator"
_ENDLESS = aiohttp.ClientTimeout(total=None, sock_connect=10)


class _Logs:
    """The logs of all containers, each followed from its start to its end. A pod that is killed takes its log along."""

    def __init__(self, kube: Kube, search: Search) -> None:
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._kube = kube
        self._search = search

    def see(self, pod: Object) -> None:
        """Begins to follow the containers of a pod that are not followed yet."""
        for status in pod["status"].get("containerStatuses", ()):
            last = status.get("lastState", {}).get("terminated", {}).get("containerID", "")
            now = status.get("containerID", "") if "waiting" not in status["state"] else ""
            for container, query in ((last, {"previous": "true"}), (now, {"follow": "true"})):
                if container and container not in self.tasks:
                    reading = self._read(pod["metadata"]["name"], {"container": status["name"], **query})
                    self.tasks[container] = asyncio.create_task(reading)

    async def _read(self, pod: str, query: dict[str, str]) -> None:
        url = path("Pod", NAMESPACE, pod, "log")
        with suppress(aiohttp.ClientError):  # a connection ends with its pod
            async with self._kube.session.get(url, params=query, timeout=_ENDLESS) as log:
                async for line in log.content:
                    self._search.look("log", f"of pod {pod}", line)

    async def close(self) -> None:
        """Ends after what was written by now."""
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


@asynccontextmanager
async def overhearing_operator(kube: Kube, search: Search) -> AsyncIterator[None]:
    """Searches what the operator's pods tell until the end."""
    logs = _Logs(kube, search)
    async with mirroring(["Pod"], NAMESPACE, OPERATOR) as mirror:

        async def follow() -> None:
            while True:
                async with mirror.changed:
                    for pod in mirror.of("Pod", NAMESPACE):
                        logs.see(pod)
                    await mirror.changed.wait()

        following = asyncio.create_task(follow())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await logs.close()
        for pod in mirror.of("Pod", NAMESPACE):
            if is_pod_ready(pod):
                await _look_at(kube, search, pod["metadata"]["name"])


async def _look_at(kube: Kube, search: Search, pod: str) -> None:
    """The metrics of a pod, and once more all of its log, since what is followed may lag."""
    await _ask(kube, search, pod, "metrics", f"{path('Pod', NAMESPACE, f'{pod}:8080', 'proxy')}/metrics")
    await _ask(kube, search, pod, "log", path("Pod", NAMESPACE, pod, "log"))


async def _ask(kube: Kube, search: Search, pod: str, kind: str, url: str) -> None:
    async with kube.session.get(url) as response:
        text = await response.read()
        if response.status != 200:
            raise KubeError(response.status, text.decode(errors="replace"))
        search.look(kind, f"of pod {pod}", text)
