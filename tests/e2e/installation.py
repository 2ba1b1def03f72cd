"""The operator in the cluster, from its image by its charts, and the images that the tests run."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from tests.support.kubectl import kubectl, run

CHARTS = Path(__file__).parents[2] / "charts"
NAMESPACE = "trimtab-system"
RELEASE = "trimtab"
DEPLOYMENT = f"deployment/{RELEASE}"
CRDS = ("crd/microservices.trimtab.dev", "crd/canaryreleases.trimtab.dev")
SCRAPE_INTERVAL = "2s"
"""Of the cluster's Prometheus."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """References of images that `hack/images` has put into the cluster. `root` is v1 run by root; `operator_again` is
    the operator under another tag.
    """

    operator: str = "trimtab:dev"
    operator_again: str = "trimtab:dev-again"
    v1: str = "trimtab-demo-app:1.0.0"
    v2: str = "trimtab-demo-app:2.0.0"
    root: str = "trimtab-demo-app:root"
    proxy: str = "trimtab-proxy:dev"

    @staticmethod
    def version(image: str) -> str:
        """What the demo application in an image says of itself."""
        return image.rsplit(":", 1)[1]


async def install_crds() -> None:
    """The CRDs, by their own chart."""
    await _helm("trimtab-crds", CHARTS / "trimtab-crds")
    await kubectl("wait", "--for=condition=Established", *CRDS, "--timeout=30s")


async def install(image: str) -> None:
    """Installs or upgrades the operator to an image, and waits until all its replicas are available."""
    repository, tag = image.rsplit(":", 1)
    values = {
        "image.repository": repository,
        "image.tag": tag,
        "settings.proxyImage": Images.proxy,
        "settings.prometheusURL": "http://prometheus.monitoring.svc:9090",
        "settings.scrapeInterval": SCRAPE_INTERVAL,
    }
    await _helm(RELEASE, CHARTS / "trimtab", *(f"--set={key}={value}" for key, value in values.items()))
    await _available()


async def renew() -> None:
    """Starts the operator's pods anew: in a cluster that was kept, the image may have changed under its tag."""
    await kubectl("-n", NAMESPACE, "rollout", "restart", DEPLOYMENT)
    await _available()


async def is_installed() -> bool:
    """Whether the operator is there from an earlier run."""
    return RELEASE in (await run("helm", "list", "-n", NAMESPACE, "-q")).split()


async def _available() -> None:
    await kubectl("-n", NAMESPACE, "rollout", "status", DEPLOYMENT, "--timeout=120s", seconds=130)


async def _helm(release: str, chart: Path, *options: str) -> None:
    await run("helm", "upgrade", "--install", release, str(chart), "-n", NAMESPACE, "--create-namespace", *options)


def gateway_url() -> str:
    """Where the Gateway listens, as the tests and the pods reach it."""
    return os.environ["TRIMTAB_GATEWAY_URL"]


def gateway_reference() -> dict[str, str]:
    """The Gateway of the cluster, as `spec.expose.gateway` names it."""
    return {"name": "public", "namespace": "infra"}


async def through_gateway(host: str) -> Any:
    """The JSON answer to a request through the Gateway; None while there is none, or an error."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.get(gateway_url(), headers={"Host": host}) as response,
        ):
            return await response.json() if response.status == 200 else None
    except (aiohttp.ClientError, TimeoutError):
        return None
