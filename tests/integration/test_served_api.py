"""The Microservice as clients see it: defaults, subresources, columns, merging, `kubectl explain`."""

import json
import tempfile
from typing import Any

import pytest
from tests.integration.test_admission import microservice
from tests.support.kube import Kube, KubeError, path, poll
from tests.support.kubectl import CommandError, run


async def create(kube: Kube, namespace: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    manifest = microservice(spec, name)
    manifest["metadata"]["namespace"] = namespace
    return await kube.create(manifest)


async def kubectl(*arguments: str) -> str:
    # Test clusters share an address, and kubectl keeps what it discovered by address.
    with tempfile.TemporaryDirectory() as cache:
        return await run("kubectl", "--cache-dir", cache, *arguments)


def condition(status: str, reason: str) -> dict[str, Any]:
    return {
        "type": "Ready",
        "status": status,
        "reason": reason,
        "message": "a message",
        "lastTransitionTime": "2026-01-02T03:04:05Z",
        "observedGeneration": 1,
    }


async def test_what_is_absent_stays_absent_and_given_objects_get_their_scalars(kube: Kube, space: str) -> None:
    bare = await create(kube, space, "bare", {})
    assert bare["spec"] == {"image": "registry.example/orders:1.4.2", "suspend": False}
    given = await create(kube, space, "given", {"shutdown": {"drain": "12s"}, "ports": [{"name": "a", "port": 1}]})
    assert given["spec"]["shutdown"] == {"drain": "12s", "grace": "30s"}
    assert given["spec"]["ports"] == [{"name": "a", "port": 1, "protocol": "HTTP"}]


async def test_a_status_nobody_has_written_is_not_taken_for_settled(kube: Kube, space: str) -> None:
    await create(kube, space, "fresh", {})
    fresh = await kube.get("Microservice", space, "fresh")
    assert fresh is not None
    assert fresh["status"] == {"observedGeneration": -1}


async def test_scale_reads_and_writes(kube: Kube, space: str) -> None:
    await create(kube, space, "scaled", {"replicas": 2})
    status = {"status": {"replicas": 2, "selector": "trimtab.dev/microservice=scaled"}}
    await kube.patch("Microservice", space, "scaled", status, "status")
    url = path("Microservice", space, "scaled", "scale")
    scale = await kube.call("GET", url)
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"] == {"replicas": 2, "selector": "trimtab.dev/microservice=scaled"}
    await kube.patch("Microservice", space, "scaled", {"spec": {"replicas": 5}}, "scale")
    changed = await kube.get("Microservice", space, "scaled")
    assert changed is not None
    assert changed["spec"]["replicas"] == 5


async def test_a_status_write_leaves_spec_and_generation_alone(kube: Kube, space: str) -> None:
    before = await create(kube, space, "split", {})
    patch = {"spec": {"image": "other"}, "status": {"revision": "abc"}}
    after = await kube.patch("Microservice", space, "split", patch, "status")
    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert after["status"]["revision"] == "abc"


async def test_two_appliers_own_entries_of_one_list(kube: Kube, space: str) -> None:
    await create(kube, space, "merged", {"env": [{"name": "A", "value": "1"}]})
    manifest = microservice({"env": [{"name": "B", "value": "2"}]}, "merged")
    manifest["metadata"]["namespace"] = space
    merged = await kube.apply(manifest, "another")
    assert {entry["name"] for entry in merged["spec"]["env"]} == {"A", "B"}


async def test_the_columns_answer_the_first_questions(kube: Kube, space: str) -> None:
    await create(kube, space, "listed", {})
    status = {
        "observedGeneration": 1,
        "conditions": [condition("False", "ImagePullBackOff")],
        "version": "1.4.2",
        "revision": "k3v9x0q2aa",
        "ready": "1/2",
        "waitingFor": [{"kind": "Pod", "name": "listed-x2x7f", "reason": "ImagePullBackOff"}],
    }
    await kube.patch("Microservice", space, "listed", {"status": status}, "status")
    header, row = (await kubectl("get", "msvc", "listed", "-n", space)).splitlines()
    assert header.split() == ["NAME", "READY", "REASON", "VERSION", "REVISION", "REPLICAS", "WAITING-FOR", "AGE"]
    assert row.split()[:-1] == ["listed", "False", "ImagePullBackOff", "1.4.2", "k3v9x0q2aa", "1/2", "listed-x2x7f"]
    wide = await kubectl("get", "msvc", "listed", "-n", space, "-o", "wide")
    assert "a message" in wide
    assert "registry.example/orders:1.4.2" in wide
    assert "listed" in await kubectl("get", "trimtab", "-n", space)


async def _published() -> str:
    """What `kubectl explain` says of a field; nothing while the schema of a new kind is not published yet."""
    try:
        return await kubectl("explain", "microservice.spec.shutdown.drain")
    except CommandError:
        return ""


async def test_explain_is_the_reference() -> None:
    text = " ".join((await poll(_published, 120, "the API server publishes the reference")).split())
    assert "at least 2s" in text
    assert "Default: 10s. Example: 15s" in text
    assert "waitingFor" in await kubectl("explain", "msvc.status")
    whole = await kubectl("explain", "microservice.spec", "--recursive")
    assert "nodeSelectorTerms" in whole


@pytest.mark.parametrize("status", [{"conditions": [{"type": "Ready"}]}, {"replicas": -1}, {"ready": 2}])
async def test_a_status_that_is_none_is_refused(kube: Kube, space: str, status: dict[str, Any]) -> None:
    name = f"refused-{abs(hash(json.dumps(status)))}"
    await create(kube, space, name[:40], {})
    with pytest.raises(KubeError) as refusal:
        await kube.patch("Microservice", space, name[:40], {"status": status}, "status")
    assert refusal.value.code == 422
