"""What `trimtab plan` foretells is what the operator then does: no more, no less, for every service."""

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
import yaml
from tests.integration.good_servicebindings import LEAST_MEMBERS
from tests.integration.test_admission import binding_policy, service_binding
from tests.support.aws import REGION, Aws, Proxy
from tests.support.cli import trimtab
from tests.support.kube import Kube, namespace, poll
from tests.support.operator import running

from trimtab.api.backing import MEMBERS

Object = dict[str, Any]
CLUSTER = "cluster-7"
SERVICES = [name for name, model in MEMBERS.items() if model.external]


@pytest_asyncio.fixture
async def shop(kube: Kube) -> AsyncIterator[str]:
    async with namespace(kube, f"true-{uuid.uuid4().hex[:8]}") as space:
        own = {"matchLabels": {"kubernetes.io/metadata.name": space}}
        await kube.create(binding_policy({"services": SERVICES, "regions": [REGION], "namespaceSelector": own}, space))
        yield space
        await kube.delete("BindingPolicy", "", space)


class Shop:
    """ServiceBindings of every service, and what is foretold of them."""

    def __init__(self, kube: Kube, space: str, file: Path, aws: Aws) -> None:
        self._kube, self._space, self._file, self._aws = kube, space, file, aws

    async def plan(self, manifests: list[Object]) -> dict[str, list[str]]:
        """The actions by the binding's name."""
        self._file.write_text(yaml.safe_dump_all(manifests))
        asked = ("plan", "-f", str(self._file), "-n", self._space, "--cluster-id", CLUSTER, "-o", "json")
        with self._aws.proxy() as proxy:
            code, output = await trimtab(*asked, env=proxy.env)
            assert [each for each in proxy.writes if each.service != "sts"] == []
        assert code == 0, output
        return {
            each["name"]: [f"{action['verb']} {action['kind']} {action['name']}" for action in each["actions"]]
            for each in json.loads(output)["serviceBindings"]
        }

    async def apply(self, manifests: list[Object]) -> None:
        """Applies them, and waits until all are bound."""
        for each in manifests:
            await self._kube.apply({**each, "metadata": {**each["metadata"], "namespace": self._space}})
        await poll(self._bound, 240, "all are bound")

    async def _bound(self) -> bool:
        return all(_is_bound(each) for each in (await self._kube.list("ServiceBinding", self._space))["items"])

    async def resources(self) -> dict[str, list[str]]:
        """What the operator says that there is, by the binding's name."""
        found = (await self._kube.list("ServiceBinding", self._space))["items"]
        return {
            each["metadata"]["name"]: [f"{r['kind']} {r['name']}" for r in each["status"]["resources"]]
            for each in found
        }


def _is_bound(binding: Object) -> bool:
    status = binding.get("status") or {}
    current = status.get("observedGeneration") == binding["metadata"]["generation"]
    return current and any((c["type"], c["status"]) == ("Ready", "True") for c in status.get("conditions", ()))


async def test_what_is_foretold_comes_true(kube: Kube, shop: str, tmp_path: Path, aws: Aws, aws_proxy: Proxy) -> None:
    space = Shop(kube, shop, tmp_path / "manifests.yaml", aws)
    manifests = [service_binding({member: LEAST_MEMBERS[member]}, member.lower()) for member in SERVICES]
    foretold = await space.plan(manifests)
    env = {**aws_proxy.env, "TRIMTAB_CLUSTER_ID": CLUSTER, "TRIMTAB_NAMESPACES": "", "TRIMTAB_LEASE_NAME": shop}
    async with running(tmp_path / "log", env={**env, "TRIMTAB_LEASE_NAMESPACE": shop}):
        await space.apply(manifests)
        made = await space.resources()
        assert {name: [f"Create {each}" for each in found] for name, found in made.items()} == foretold
        assert await space.plan(manifests) == {member.lower(): [] for member in SERVICES}, "nothing is left to do"
        (queue,) = (each for each in manifests if "sqs" in each["spec"])
        changed = {**queue, "spec": {"sqs": {"visibilityTimeout": "2m", "deadLetter": {"maxReceives": 3}}}}
        foretold = await space.plan([changed])
        aws_proxy.forget()
        await space.apply([changed])
        written = [each.operation for each in aws_proxy.writes if each.service == "sqs"]
        assert len(written) == len(foretold["sqs"]), (written, foretold)
