"""A Prometheus on loopback that scrapes what the test says, five times a second."""

import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import yaml
from aiohttp import web
from tests.support.kube import poll


class Targets:
    """Pods, each with a page of its own, which Prometheus knows from the start: it takes 5 s to notice others.

    `pages` are texts by (namespace, pod); a pod without one is scraped in vain.
    """

    def __init__(self, pods: Collection[tuple[str, str]]) -> None:
        self.pods = tuple(pods)
        self.pages: dict[tuple[str, str], str] = {}
        self.url = ""
        self._scraped: Counter[tuple[str, str]] = Counter()

    async def scrapes(self, number: int) -> None:
        """One more than asked has begun, so the last one asked for is stored."""
        wanted = {pod: self._scraped[pod] + number + 1 for pod in self.pods}

        async def scraped() -> bool:
            return all(self._scraped[pod] >= times for pod, times in wanted.items())

        await poll(scraped, 30, "scrapes", every=0.02)

    async def forget(self) -> None:
        """Lets nothing be exported, and removes what was stored."""
        self.pages.clear()
        await self.scrapes(1)
        url, matching = f"{self.url}/api/v1/admin/tsdb/delete_series", {"match[]": '{__name__=~".+"}'}
        async with aiohttp.ClientSession() as session, session.post(url, params=matching) as response:
            assert response.status == 204, await response.text()

    async def handle(self, request: web.Request) -> web.Response:
        namespace, pod = request.path.strip("/").split("/")
        self._scraped[namespace, pod] += 1
        page = self.pages.get((namespace, pod))
        return web.Response(status=404) if page is None else web.Response(text=page)

    def config(self, port: int) -> str:
        """What Prometheus is to scrape."""
        static = [
            {
                "targets": [f"127.0.0.1:{port}"],
                "labels": {"namespace": namespace, "pod": pod, "__metrics_path__": f"/{namespace}/{pod}"},
            }
            for namespace, pod in self.pods
        ]
        job = {"job_name": "pods", "scrape_interval": "200ms", "scrape_timeout": "200ms", "static_configs": static}
        return yaml.safe_dump({"scrape_configs": [job]})


@asynccontextmanager
async def scraping(home: Path, targets: Targets) -> AsyncIterator[None]:
    """Runs Prometheus over `targets`, whose `url` is then where it answers. Skips the test where there is none."""
    found = shutil.which("prometheus")
    if found is None:
        pytest.skip("no prometheus on PATH")
    app = web.Application()
    app.router.add_get("/{path:.*}", targets.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    (home / "prometheus.yml").write_text(targets.config(runner.addresses[0][1]))
    address = f"127.0.0.1:{_free_port()}"
    options = ["--web.enable-admin-api", f"--web.listen-address={address}", f"--storage.tsdb.path={home / 'data'}"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [found, f"--config.file={home / 'prometheus.yml'}", *options], stdout=log, stderr=log
        )
    try:
        await targets.scrapes(1)
        targets.url = f"http://{address}"
        yield
    finally:
        process.kill()
        process.wait()
        await runner.cleanup()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number
