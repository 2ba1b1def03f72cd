"""One Envoy process with a rendered bootstrap. Its ports are moved to free ones, so that several can run at once."""

import asyncio
import functools
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import aiohttp
from tests.support.kube import poll
from tests.support.operator import free_port

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain import names
from trimtab.domain.service.meta import Identity
from trimtab.domain.service.proxy import container, numbers
from trimtab.domain.service.proxy.bootstrap import bootstrap

HACK = Path(__file__).parents[3] / "hack"
OWNER = Identity(name="orders", namespace="shop", uid="uid-0")
REVISION = "abcdefghij"
STARTS_WITHIN = 120.0

_SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')

_loopback = "127.0.0.1"


class Envoy:
    """The proxy of a pod with this spec; `direct`, `routed` and `metrics` are where its listeners are now."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = MicroserviceSpec.model_validate({"image": "r.example/orders:1", **spec})
        self.moved: dict[int, int] = {}

    @property
    def direct(self) -> int:
        return self.moved[numbers.direct(0)]

    @property
    def routed(self) -> int:
        return self.moved[numbers.routed(0)]

    @property
    def metrics(self) -> int:
        return self.moved[numbers.METRICS]

    @property
    def admin(self) -> int:
        return self.moved[numbers.ADMIN]

    async def __aenter__(self) -> "Envoy":
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name) / "envoy.json"
        file.write_text(names.canonical(self._move(bootstrap(OWNER, self.spec, REVISION))))
        arguments = [
            argument.replace("$(CPU_LIMIT)", "1")
            for argument in container.container(self.spec, "image")["args"]
            if not argument.startswith("/etc/")
        ]
        arguments.insert(1, str(file))
        self.process = await asyncio.create_subprocess_exec(_program(), *arguments)
        self.session = aiohttp.ClientSession()
        await poll(self._ready, STARTS_WITHIN, "the proxy is ready", every=0.05)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        self.folder.cleanup()

    async def _ready(self) -> bool:
        assert self.process.returncode is None, "the proxy ended"
        try:
            async with self.session.get(f"http://{_loopback}:{self.metrics}/ready") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    def _move(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._move(item) for item in value]
        if not isinstance(value, dict):
            return value
        moved = {key: self._move(item) for key, item in value.items()}
        number = moved.get("port_value", 0)
        if 15000 <= number < 16000:
            moved["port_value"] = self.moved.setdefault(number, free_port())
        return moved

    def routes(self) -> list[dict[str, Any]]:
        """Where the listeners of the service's ports send requests, as configured."""
        return [
            route["route"]
            for listener in bootstrap(OWNER, self.spec, REVISION)["static_resources"]["listeners"]
            if listener["name"] != "metrics"
            for host in listener["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
            for route in host["routes"]
        ]

    async def samples(self) -> dict[str, list[tuple[dict[str, str], float]]]:
        """What a scrape gives: labels and values by name."""
        async with self.session.get(f"http://{_loopback}:{self.metrics}/stats/prometheus") as answer:
            assert answer.status == 200
            text = await answer.text()
        found: dict[str, list[tuple[dict[str, str], float]]] = {}
        for line in text.splitlines():
            if sample := _SAMPLE.fullmatch(line):
                name, labels, value = sample.groups()
                found.setdefault(name, []).append((dict(_LABEL.findall(labels or "")), float(value)))
        return found

    async def count(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels; 0 if it was never counted."""
        samples = (await self.samples()).get(name, [])
        return sum(value for found, value in samples if labels.items() <= found.items())


@functools.cache
def _program() -> str:
    find = "from devcluster import wheels; print(wheels.ensure() / 'envoy')"
    done = subprocess.run([sys.executable, "-c", find], cwd=HACK, capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]
