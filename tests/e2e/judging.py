"""Releases that are judged by what is really counted: a service, its users, and candidates with faults of their own."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e.installation import Images, gateway_reference, gateway_url, through_gateway
from tests.e2e.load import ALLOW, LONGEST, Load
from tests.e2e.releases import Releases
from tests.e2e.space import UNDER_LOAD, Space, new_space
from tests.support.kube import Kube, Object, path, poll

ERRORS: Object = {"name": "errors", "requests": {"source": "Proxy", "successRate": "97%"}}
SLOW: Object = {"name": "slow", "requests": {"source": "Proxy", "latency": {"under": "750ms", "share": "97%"}}}
ROUTED: Object = {"name": "routed", "requests": {"source": "Contour", "successRate": "97%"}}
APP_ERRORS: Object = {"name": "errors", "requests": {"source": "App", "successRate": "97%"}}
APP_SLOW: Object = {"name": "slow", "requests": {"source": "App", "latency": {"under": "750ms", "share": "97%"}}}
CHECKOUT: Object = {
    "name": "checkout",
    "counter": {
        "total": {"metric": "checkout_attempts_total", "matchLabels": {"method": "card"}},
        "bad": {"metric": "checkout_failures_total", "matchLabels": {"method": "card"}},
        "successRate": "97%",
    },
}
LAG: Object = {"name": "lag", "gauge": {"metric": "orders_lag_seconds", "aggregate": "max", "max": "30"}}

ANALYSIS = {
    "interval": "2s",
    "warmup": "4s",
    "minRequests": 30,
    "falsePromote": "20%",
    "floor": "2%",
    "readyWithin": "180s",
}
"""The real rule, with settings by which it decides within a minute at the load of a test.

A busy machine stands still for moments. What is slow then comes in bursts, by which hardly anything is proven, least
of all that one revision is no worse than the other: up to `floor` of it does not matter.
"""

DECIDED = 600
"""Seconds in which there is a verdict, also where many answers are late: more requests are needed then."""

SCRAPED = {"annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}}
"""The `podMetadata` of a service whose own metrics are read."""


@dataclass(frozen=True, slots=True)
class Shop:
    """The service `web` behind the Gateway, its policy, and its users."""

    releases: Releases
    images: Images
    spec: Mapping[str, Any]

    @property
    def space(self) -> Space:
        """Its namespace."""
        return self.releases.space

    async def deploy(self, image: str, faults: Mapping[str, Any] | None = None) -> None:
        """Applies `web` with faults that it has from its start."""
        env = {**self.spec.get("env", {}), **({"FAULTS": json.dumps(faults)} if faults else {})}
        expose = {"gateway": gateway_reference(), "hosts": [f"{self.space.name}.example"]}
        health = {"readiness": {"path": "/readyz", "periodSeconds": 2, "timeoutSeconds": 2}}
        parts = {"replicas": 2, "network": ALLOW, "expose": expose, "health": health, **UNDER_LOAD, **self.spec}
        await self.space.apply("web", image, **{**parts, "env": env})

    async def release(self, faults: Mapping[str, Any] | None = None) -> str:
        """Applies version 2, and returns its revision once a release of it is under way."""
        await self.deploy(self.images.v2, faults)
        await self.releases.begun("web")
        return await self.releases.revision("web")

    async def users(self, rate: int = 60) -> Load:
        """Users who come through the Gateway until they are stopped."""
        host = f"{self.space.name}.example"
        users = Load(
            space=self.space, name="users", url=gateway_url(), host=host, image=self.images.v1, rate=rate,
            seconds=LONGEST,
        )  # fmt: skip
        return await users.begin()


@asynccontextmanager
async def shop(
    kube: Kube,
    images: Images,
    title: str,
    *kpis: Object,
    policy: Mapping[str, Any] | None = None,
    beside: Mapping[str, Mapping[str, Any]] | None = None,
    **spec: Any,
) -> AsyncIterator[Shop]:
    """`web` at version 1 with a policy of these KPIs, at rest.

    `policy` and `spec` are further parts of the specs; `beside`: other services by name, with parts of their specs.
    """
    async with new_space(kube, title) as space:
        for name, parts in (beside or {}).items():
            await space.apply(name, images.v1, **parts)
        await space.ready(*(beside or {}))
        found = Shop(Releases(space), images, spec)
        await found.deploy(images.v1)
        parts = dict(policy or {})
        analysis = {**ANALYSIS, **parts.pop("analysis", {})}
        await found.releases.apply("web", kpis=list(kpis), analysis=analysis, **parts)
        await found.releases.settled("web", seconds=240)
        await poll(lambda: through_gateway(f"{space.name}.example"), 120, "the Gateway answers")
        yield found


async def break_pod(space: Space, pod: Object, faults: Mapping[str, Any]) -> None:
    """Gives one pod of the demo application these faults, and no others, from now on."""
    name = pod["metadata"]["name"]
    await space.kube.call("POST", path("Pod", space.name, f"{name}:8080", "proxy") + "/admin/faults", dict(faults))


async def side_by_side(*cases: Awaitable[None]) -> None:
    """Runs all of them at once, and fails with every failure there was."""
    done = await asyncio.gather(*cases, return_exceptions=True)
    failures = [result for result in done if isinstance(result, Exception)]
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(done)} failed", failures)


def kpi(status: Object, name: str) -> Object:
    """What the status says of a KPI; empty while it says nothing."""
    return next((found for found in status.get("kpis", ()) if found["name"] == name), {})


def held(status: Object) -> str:
    """Why the release holds, in one word; empty if it does not."""
    found = (c for c in status.get("conditions", ()) if c["type"] == "Held" and c["status"] == "True")
    return next((str(condition["reason"]) for condition in found), "")
