"""A metrics store for clusters whose pods do not run: it speaks Prometheus' API, and counts what would reach each pod.

At each scrape each ready pod behind a service's address gets requests on its `direct` listener, and each pod that the
service's HTTPRoute leads to on its `routed` one.
"""

import asyncio
import json
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
KEPT = 60
REQUESTS = 10
BAD_EVERY, SLOW_EVERY = 200, 300
"""One request in so many fails, or takes longer than 250 ms."""

Labels = tuple[tuple[str, str], ...]
"""Of a series, sorted; its name is the label `__name__`."""


class Traffic:
    """`queries` counts what was asked, `sent` the bytes answered. While `broken`, the store answers 503."""

    def __init__(self, mirror: Mirror, scrape: float = SCRAPE) -> None:
        self.queries = 0
        self.sent = 0
        self.broken = False
        self._mirror = mirror
        self._every = scrape
        self._totals: dict[tuple[str, str, str], int] = {}
        self._samples: dict[Labels, deque[tuple[float, str]]] = {}

    async def run(self) -> None:
        """Counts until cancelled."""
        while True:
            self._scrape(time.time())
            await asyncio.sleep(self._every)

    def _scrape(self, now: float) -> None:
        reached = set(self._reached())
        alive = set()
        for pod in self._pods():
            namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
            for listener in ("direct", "routed"):
                key = (listener, namespace, name)
                self._totals[key] = self._totals.get(key, 0) + (REQUESTS if key in reached else 0)
                for labels, value in _exported(pod, listener, self._totals[key]):
                    alive.add(labels)
                    self._samples.setdefault(labels, deque(maxlen=KEPT)).append((now, str(value)))
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
        matches, since = _matchers(query), time.time() - _range(query)
        found = ((dict(labels), samples) for labels, samples in self._samples.items())
        result = [
            {"metric": metric, "values": [sample for sample in samples if sample[0] > since]}
            for metric, samples in found
            if all(pattern.fullmatch(metric.get(name, "")) for name, pattern in matches)
        ]
        body = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()
        self.sent += len(body)
        return web.Response(body=body, content_type="application/json")


def _exported(pod: Object, listener: str, total: int) -> Iterator[tuple[Labels, int]]:
    """What the proxy of a pod says of one listener, and what the service itself counts of the same requests."""
    labels, name, namespace = pod["metadata"]["labels"], pod["metadata"]["name"], pod["metadata"]["namespace"]
    own = {"namespace": namespace, "pod": name}
    proxy = {
        **own,
        "trimtab_namespace": namespace,
        "trimtab_microservice": labels[SERVICE],
        "trimtab_revision": labels[REVISION],
        "envoy_http_conn_manager_prefix": listener,
    }
    bad, slow = total // BAD_EVERY, total // SLOW_EVERY
    http = "envoy_http_downstream_rq"
    yield _labels(proxy, f"{http}_total"), total
    yield _labels(proxy, f"{http}_xx", envoy_response_code_class="5"), bad
    yield _labels(proxy, f"{http}_tx_reset"), 0
    yield _labels(proxy, f"{http}_time_bucket", le="250"), total - slow
    yield _labels(proxy, f"{http}_time_bucket", le="+Inf"), total
    if listener == "routed":
        yield _labels(own, "checkout_attempts_total"), total
        yield _labels(own, "checkout_failures_total"), bad


def _labels(labels: dict[str, str], name: str, **more: str) -> Labels:
    return tuple(sorted({**labels, **more, "__name__": name}.items()))


def _range(query: str) -> float:
    """Seconds of the range that a query selects."""
    milliseconds = re.search(r"\[(\d+)ms\]", query)
    assert milliseconds, query
    return int(milliseconds[1]) / 1000


def _matchers(query: str) -> list[tuple[str, re.Pattern[str]]]:
    """Of a selector with `=` and `=~` matchers, with or without a name before the braces."""
    found = re.findall(r'(\w+)(=~|=)"([^"]*)"', query)
    if name := re.match(r"[a-zA-Z_:][a-zA-Z0-9_:]*", query):
        found.append(("__name__", "=", name[0]))
    return [
        (label, re.compile(value.replace("\\\\", "\\") if operator == "=~" else re.escape(value)))
        for label, operator, value in found
    ]


def led_to(route: Object) -> set[str]:
    """The Services to which a route gives any requests."""
    found = set()
    for rule in route["spec"].get("rules") or ():
        backends = rule.get("backendRefs") or ()
        found |= {each["name"] for each in backends if len(backends) == 1 or each.get("weight", 1) > 0}
    return found


@asynccontextmanager
async def counting(mirror: Mirror, scrape: float = SCRAPE) -> AsyncIterator[tuple[Traffic, str]]:
    """A store over a mirror of KINDS that scrapes every `scrape` seconds, and its address."""
    traffic = Traffic(mirror, scrape)
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
