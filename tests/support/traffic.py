"""A metrics store for clusters whose pods do not run: it speaks Prometheus' API, and counts what would reach each pod.

Every second each ready pod behind a service's address gets requests on its `direct` listener, and each pod that the
service's HTTPRoute leads to on its `routed` one. Samples are those that a scrape a second would have taken.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from aiohttp import web
from tests.support.kube import Object
from tests.support.mirror import Mirror

KINDS = ("Pod", "EndpointSlice", "HTTPRoute")
"""What a mirror must hold."""

SERVICE, REVISION = "trimtab.dev/microservice", "trimtab.dev/revision"
SCRAPE = 1.0
REQUESTS = 10

Series = tuple[str, str, str, str, str]
"""Namespace, microservice, revision, listener, pod."""


class Traffic:
    """`queries` counts what was asked. While `broken`, the store answers 503."""

    def __init__(self, mirror: Mirror) -> None:
        self.queries = 0
        self.broken = False
        self._mirror = mirror
        self._samples: dict[Series, deque[tuple[float, float]]] = {}

    async def run(self) -> None:
        """Counts until cancelled."""
        while True:
            self._scrape(time.time())
            await asyncio.sleep(SCRAPE)

    def _scrape(self, now: float) -> None:
        reached = set(self._reached())
        alive = set()
        for pod in self._pods():
            labels, name = pod["metadata"]["labels"], pod["metadata"]["name"]
            for listener in ("direct", "routed"):
                key = (pod["metadata"]["namespace"], labels[SERVICE], labels[REVISION], listener, name)
                alive.add(key)
                samples = self._samples.setdefault(key, deque(maxlen=4))
                before = samples[-1][1] if samples else 0.0
                samples.append((now, before + (REQUESTS if (listener, key[0], name) in reached else 0)))
        for gone in self._samples.keys() - alive:
            del self._samples[gone]

    def _pods(self) -> list[Object]:
        pods = (obj for (kind, _, _), obj in self._mirror.objects.items() if kind == "Pod")
        return [pod for pod in pods if REVISION in pod["metadata"].get("labels", {})]

    def _reached(self) -> Iterator[tuple[str, str, str]]:
        """(listener, namespace, pod) of whatever gets requests."""
        ready: dict[tuple[str, str], list[str]] = {}
        for (kind, namespace, _), obj in self._mirror.objects.items():
            labels = obj["metadata"].get("labels", {})
            if kind == "EndpointSlice" and SERVICE in labels:
                found = [each for each in obj.get("endpoints") or () if each["conditions"].get("ready")]
                names = [each["targetRef"]["name"] for each in found]
                ready.setdefault((namespace, labels["kubernetes.io/service-name"]), []).extend(names)
                if labels["kubernetes.io/service-name"] == labels[SERVICE]:
                    yield from (("direct", namespace, name) for name in names)
        for (kind, namespace, _), obj in self._mirror.objects.items():
            for service in led_to(obj) if kind == "HTTPRoute" else ():
                yield from (("routed", namespace, name) for name in ready.get((namespace, service), ()))

    async def handle(self, request: web.Request) -> web.Response:
        """Answers an instant query of a range."""
        self.queries += 1
        if self.broken:
            return web.json_response({"status": "error", "errorType": "unavailable"}, status=503)
        query = str((await request.post())["query"])
        wanted = {label: set(values.split("|")) for label, values in re.findall(r'(\w+)=~"([^"]*)"', query)}
        labels = ("namespace", "trimtab_microservice", "trimtab_revision", "envoy_http_conn_manager_prefix")
        result = []
        for key, samples in self._samples.items():
            if all(value in wanted[label] for label, value in zip(labels, key, strict=False)):
                metric = {**dict(zip(labels, key, strict=False)), "trimtab_namespace": key[0], "pod": key[4]}
                result.append({"metric": metric, "values": [[at, str(value)] for at, value in samples]})
        return web.json_response({"status": "success", "data": {"resultType": "matrix", "result": result}})


def led_to(route: Object) -> set[str]:
    """The Services to which a route gives any requests."""
    found = set()
    for rule in route["spec"].get("rules") or ():
        backends = rule.get("backendRefs") or ()
        found |= {each["name"] for each in backends if len(backends) == 1 or each.get("weight", 1) > 0}
    return found


@asynccontextmanager
async def counting(mirror: Mirror) -> AsyncIterator[tuple[Traffic, str]]:
    """A store over a mirror of KINDS, and its address."""
    traffic = Traffic(mirror)
    app = web.Application()
    app.router.add_post("/api/v1/query", traffic.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    task = asyncio.create_task(traffic.run())
    try:
        yield traffic, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        task.cancel()
        await runner.cleanup()
