"""The operator in the cluster, from its image by its charts, and the images that the tests run."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from tests.support.kubectl import kubectl, run
from tests.support.markers import plain

ROOT = Path(__file__).parents[2]
CHARTS = ROOT / "charts"
NAMESPACE = "trimtab-system"
RELEASE = "trimtab"
DEPLOYMENT = f"deployment/{RELEASE}"
CRDS = tuple(f"crd/{file.stem}" for file in sorted((ROOT / "crds").glob("*.yaml")))
AWS_NAMESPACE = "aws-emulator"
AWS_URL = f"http://moto.{AWS_NAMESPACE}.svc"
AWS_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "emulator", "AWS_SECRET_ACCESS_KEY": plain("of-aws")}
"""Anything does, but something has to be there."""

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
    await kubectl("wait", "--for=condition=Established", *CRDS, "--timeout=120s")


async def install(image: str) -> None:
    """Installs or upgrades the operator to an image, and waits until all its replicas are available."""
    repository, tag = image.rsplit(":", 1)
    values = {
        "image.repository": repository,
        "image.tag": tag,
        "settings.proxyImage": Images.proxy,
        "settings.prometheusURL": "http://prometheus.monitoring.svc:9090",
        "settings.scrapeInterval": SCRAPE_INTERVAL,
        # The emulator of AWS, which need not run for tests without bindings.
        "settings.aws.endpointURL": AWS_URL,
    }
    environment = [{"name": name, "value": value} for name, value in AWS_CREDENTIALS.items()]
    lists = {"extraEnv": environment, "networkPolicy.extraEgress": [_TO_AWS]}
    options = [f"--set={key}={value}" for key, value in values.items()]
    options += [f"--set-json={key}={json.dumps(value)}" for key, value in lists.items()]
    await _helm(RELEASE, CHARTS / "trimtab", *options)
    await _available()


_TO_AWS = {
    "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": AWS_NAMESPACE}}}],
    "ports": [{"port": 5000, "protocol": "TCP"}],
}


async def install_aws() -> None:
    """The emulator of AWS, empty."""
    await kubectl("apply", "-f", str(ROOT / "hack" / "aws-emulator" / "emulator.yaml"))
    await kubectl("-n", AWS_NAMESPACE, "rollout", "restart", "deployment/moto")
    await kubectl("-n", AWS_NAMESPACE, "rollout", "status", "deployment/moto", "--timeout=240s", seconds=250)


async def aws(*args: str) -> Any:
    """The answer of the emulator to a call, spelled as for AWS's own command line."""
    return json.loads(await kubectl("-n", AWS_NAMESPACE, "exec", "deploy/moto", "--", "aws", *args))


async def renew() -> None:
    """Starts the operator's pods anew: in a cluster that was kept, the image may have changed under its tag."""
    await kubectl("-n", NAMESPACE, "rollout", "restart", DEPLOYMENT)
    await _available()


async def is_installed() -> bool:
    """Whether the operator is there from an earlier run."""
    return RELEASE in (await run("helm", "list", "-n", NAMESPACE, "-q")).split()


async def _available() -> None:
    await kubectl("-n", NAMESPACE, "rollout", "status", DEPLOYMENT, "--timeout=300s", seconds=310)


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
