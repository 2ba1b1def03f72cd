"""Many writes at once, and how long the cluster takes to settle."""

import asyncio
import time
from collections.abc import Collection, Iterable, Sequence

from tests.perf.workloads import is_ready
from tests.support.audit import Request
from tests.support.kube import Kube, Object, path

PARALLEL = 16


async def apply_all(kube: Kube, manifests: Iterable[Object], parallel: int = PARALLEL) -> float:
    """Server-side applies with `parallel` requests in flight; the seconds that it took."""
    waiting = iter(manifests)

    async def worker() -> None:
        for manifest in waiting:
            await kube.apply(manifest, manager="bare-client")

    begin = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for _ in range(parallel):
            group.create_task(worker())
    return time.monotonic() - begin


async def all_ready(kube: Kube, kind: str, namespace: str, names: Collection[str], since: str, seconds: float) -> None:
    """Watches from the resourceVersion `since` until each of `names` is ready."""
    missing = set(names)
    try:
        async with asyncio.timeout(seconds):
            while missing:
                async for _, obj in kube.watch(kind, namespace, since=since):
                    since = obj["metadata"]["resourceVersion"]
                    if is_ready(obj):
                        missing.discard(obj["metadata"]["name"])
                    if not missing:
                        return
    except TimeoutError:
        some = sorted(missing)[:5]
        raise AssertionError(f"{len(missing)} of {kind} not ready after {seconds} s, such as {some}") from None


async def settle(kube: Kube, manifests: Sequence[Object], seconds: float) -> float:
    """Applies all of one kind and namespace and returns the seconds until the last is ready."""
    kind, namespace = manifests[0]["kind"], manifests[0]["metadata"]["namespace"]
    since = (await kube.list(kind, namespace))["metadata"]["resourceVersion"]
    names = [manifest["metadata"]["name"] for manifest in manifests]
    begin = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(apply_all(kube, manifests))
        group.create_task(all_ready(kube, kind, namespace, names, since, seconds))
    return time.monotonic() - begin


async def remove_namespace(kube: Kube, name: str, seconds: float = 300) -> None:
    """Deletes a namespace and waits until it is gone, so that its end burdens no later measurement."""
    await kube.delete("Namespace", "", name)
    async with asyncio.timeout(seconds):
        while await kube.get("Namespace", "", name):
            await asyncio.sleep(0.5)


async def make_namespace(kube: Kube, name: str) -> str:
    """Creates a namespace, after the end of one that an earlier run left behind; returns its name."""
    if await kube.get("Namespace", "", name):
        await remove_namespace(kube, name)
    await kube.call("POST", path("Namespace"), {"metadata": {"name": name}})
    return name


def rate(requests: Sequence[Request]) -> float:
    """Requests per second, from the first one's begin to the last one's end."""
    span = max(r.end for r in requests) - min(r.begin for r in requests)
    return len(requests) / span
