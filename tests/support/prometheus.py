"""A Prometheus on loopback that scrapes what the test says, twice a second."""

import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import yaml
from aiohttp import web
from tests.support.kube import poll
from tests.support.operator import free_port

SCRAPE = 0.5
"""Seconds from one scrape to the next, and until one is given up. One that a busy machine does not answer is a gap."""


class Targets:
    """Pods, each with a page of its own, which Prometheus knows from the start: it takes 5 s to notice others.

    `pages` are texts by (namespace, pod); a pod without one is scraped in vain.
    """

    def __init__(self, pods: Collection[tuple[str, str]]) -> None:
        self.pods = tuple(pods)
        self.pages: dict[tuple[str, str], str] = {}
        self.url = ""

    async def scrapes(self, number: int, *pods: tuple[str, str]) -> None:
        """So many that began after this call are stored, of each pod; of one with a page, those that were answered.

        `pods`: of these only, so that hardly more are stored of them, even if those of others fail on a busy machine.
        """
        begin = time.time()

        async def scraped() -> bool:
            stored = await self._stored(begin)
            return all(stored.get((pod, "1" if pod in self.pages else "0"), 0) >= number for pod in pods or self.pods)

        await poll(scraped, 120, "scrapes", every=0.05)

    async def _stored(self, begin: float) -> dict[tuple[tuple[str, str], str], int]:
        """The number of scrapes since a time by pod and whether one was answered ("1"), as Prometheus itself says."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.url}/api/v1/query", params={"query": "up[10m]"}) as response,
            ):
                found = (await response.json())["data"]["result"] if response.status == 200 else []
        except aiohttp.ClientConnectionError:  # it does not listen yet
            return {}
        counts: dict[tuple[tuple[str, str], str], int] = {}
        for each in found:
            pod = each["metric"]["namespace"], each["metric"]["pod"]
            for at, answered in each["values"]:
                if at > begin:
                    counts[pod, answered] = counts.get((pod, answered), 0) + 1
        return counts

    async def forget(self) -> None:
        """Lets nothing be exported, and removes what was stored."""
        self.pages.clear()
        await self.scrapes(1)
        url, matching = f"{self.url}/api/v1/admin/tsdb/delete_series", {"match[]": '{__name__=~".+"}'}
        async with aiohttp.ClientSession() as session, session.post(url, params=matching) as response:
            assert response.status == 204, await response.text()

    async def handle(self, request: web.Request) -> web.Response:
        namespace, pod = request.path.strip("/").split("/")
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
        pace = f"{SCRAPE * 1000:.0f}ms"
        job = {"job_name": "pods", "scrape_interval": pace, "scrape_timeout": pace, "static_configs": static}
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
    address = f"127.0.0.1:{free_port()}"
    options = ["--web.enable-admin-api", f"--web.listen-address={address}", f"--storage.tsdb.path={home / 'data'}"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [found, f"--config.file={home / 'prometheus.yml'}", *options], stdout=log, stderr=log
        )
    try:
        targets.url = f"http://{address}"
        await targets.scrapes(1)
        yield
    finally:
        process.kill()
        process.wait()
        await runner.cleanup()
