"""The commands that users type, against a real API server with the operator running."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.integration.shop import Shop
from tests.support.cli import trimtab
from tests.support.kube import Kube, namespace, poll
from tests.support.operator import running


@pytest_asyncio.fixture(scope="module")
async def shop(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with namespace(kube, f"cli-{uuid.uuid4().hex[:8]}") as space:
        env = {"TRIMTAB_NAMESPACES": space, "TRIMTAB_LEASE_NAMESPACE": space}
        async with running(tmp_path_factory.mktemp("cli") / "log", env=env):
            shop = Shop(kube, space)
            await shop.apply(jobs=[{"name": "reindex", "run": "OnDemand", "command": ["/app/reindex"]}])
            await shop.ready()
            yield shop


async def test_status_shows_what_there_is_to_know(shop: Shop) -> None:
    code, output = await trimtab("status", "orders", "-n", shop.space)
    assert code == 0
    assert output.splitlines()[0].startswith(f"{shop.space}/orders  ✔ Available  2/2  version 1.4.2")
    for part in ("Conditions", "Deployment/orders", "Pod/orders-", "Running", "Revisions", "(wanted, stable)"):
        assert part in output, output


async def test_status_as_json_is_the_whole_status(shop: Shop) -> None:
    code, output = await trimtab("status", "orders", "-n", shop.space, "-o", "json")
    assert code == 0
    found = json.loads(output)
    assert found["status"]["ready"] == "2/2"
    assert len(found["pods"]) == 2


async def test_status_of_nothing_says_where_it_looked(shop: Shop) -> None:
    code, output = await trimtab("status", "nobody", "-n", shop.space)
    assert code == 1
    assert f"no Microservice 'nobody' in namespace '{shop.space}'" in output
    assert "Traceback" not in output


async def test_a_job_is_run_once_and_followed_to_its_end(shop: Shop) -> None:
    run = asyncio.create_task(trimtab("job", "run", "orders", "reindex", "-n", shop.space))

    async def job() -> str | None:
        items = (await shop.kube.list("Job", shop.space))["items"]
        return items[0]["metadata"]["name"] if items else None

    name = await poll(job, 120, "the Job exists")
    await poll(lambda: _finish(shop, name), 120, "the Job is finished")
    code, output = await run
    assert code == 0, output
    assert "Succeeded" in output
    assert len((await shop.kube.list("Job", shop.space))["items"]) == 1


async def _finish(shop: Shop, name: str) -> bool:
    """Lets the Job's pods succeed, which simulated nodes may or may not do by themselves."""
    pods = (await shop.kube.list("Pod", shop.space, f"batch.kubernetes.io/job-name={name}"))["items"]
    for pod in pods:
        if pod.get("status", {}).get("phase") != "Succeeded":
            await shop.kube.patch(
                "Pod", shop.space, pod["metadata"]["name"], {"status": {"phase": "Succeeded"}}, "status"
            )
    found = await shop.get("Job", name)
    return any(c["type"] == "Complete" for c in (found or {}).get("status", {}).get("conditions", ()))


async def test_a_job_that_is_not_there_is_refused_with_those_that_are(shop: Shop) -> None:
    code, output = await trimtab("job", "run", "orders", "typo", "-n", shop.space)
    assert code == 1
    assert "it has: reindex" in output
    _, output = await trimtab("status", "orders", "-n", shop.space)
    assert "Refused request\n└─ typo/" in output


async def test_a_suspended_service_runs_no_job_and_says_so_at_once(shop: Shop) -> None:
    await shop.kube.apply(
        {
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "Microservice",
            "metadata": {"name": "frozen", "namespace": shop.space},
            "spec": {"image": "registry.example/frozen:1", "suspend": True},
        }
    )
    code, output = await trimtab("job", "run", "frozen", "reindex", "-n", shop.space)
    assert code == 1
    assert "frozen is suspended" in output


async def test_a_file_that_is_no_kubeconfig_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("not a kubeconfig")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    code, output = await trimtab("status", "orders", "-n", "shop")
    assert code == 1
    assert f"{tmp_path / 'config'} is no usable kubeconfig" in output
    assert "Traceback" not in output


async def test_without_a_kubeconfig_one_line_says_so(tmp_path: Path) -> None:
    env = {"KUBECONFIG": str(tmp_path / "none")}
    code, output = await trimtab("status", "orders", env=env)
    assert code == 1
    assert output.splitlines() == [
        f"Error: no Kubernetes cluster to talk to: {tmp_path / 'none'} does not exist; set KUBECONFIG"
    ]


async def test_the_version_needs_no_cluster() -> None:
    code, output = await trimtab("version")
    assert code == 0
    assert output.strip()


async def test_help_names_all_commands() -> None:
    code, output = await trimtab("--help")
    assert code == 0
    for command in ("job", "platform", "release", "run", "status", "version"):
        assert f"\n  {command} " in output
