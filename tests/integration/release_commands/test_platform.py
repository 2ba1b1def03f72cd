"""`trimtab platform upgrade` against a real API server."""

import asyncio

from tests.integration.release_commands.operator import API, Operator, condition
from tests.support.cli import start, trimtab


async def platform(operator: Operator, name: str, revision: str = "old", version: str = "p1") -> None:
    if await operator.kube.get("Microservice", operator.space, name) is None:
        metadata = {"name": name, "namespace": operator.space}
        spec = {"image": "registry.example/any:1"}
        await operator.kube.apply({"apiVersion": API, "kind": "Microservice", "metadata": metadata, "spec": spec})
    await operator.say(
        "Microservice",
        name,
        revision=revision,
        stableRevision=revision,
        platform={"version": version, "available": "p2" if version != "p2" else ""},
        conditions=[condition("True", "Available", "")],
    )


async def test_a_platform_upgrade_moves_one_service_after_another(operator: Operator) -> None:
    for name in ("a", "b"):
        await platform(operator, name)
    _, output = await trimtab("platform", "upgrade", "-n", operator.space, "--dry-run")
    assert output.splitlines() == [f"{operator.space}/{name}  would move to p2" for name in ("a", "b")]
    process = await start("platform", "upgrade", "-n", operator.space, "--timeout", "120s")
    for name in ("a", "b"):
        async with asyncio.timeout(120):
            assert await operator.annotation("trimtab.dev/platform", "Microservice", name) == "p2"
        if name == "a":
            later = await operator.kube.get("Microservice", operator.space, "b")
            assert "annotations" not in (later or {})["metadata"]
        await platform(operator, name, "new", "p2")
    said, _ = await process.communicate()
    assert process.returncode == 0
    assert said.decode().splitlines()[-1] == f"{operator.space}/b  done"
    code, output = await trimtab("platform", "upgrade", "-n", operator.space)
    assert (code, output) == (0, "all services are on the present platform version\n")
