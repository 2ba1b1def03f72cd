"""What is told for a moment only is overheard from a real API server; the data of Secrets is not looked at."""

import uuid

from tests.support.kube import Kube, Object, namespace
from tests.support.markers import Search
from tests.support.overhearing import overhearing

MARK, PLAIN = "mkqqqqbbbbrrrr", "mkvvvvddddzzzz"


def config_map(space: str, **annotations: str) -> Object:
    metadata = {"namespace": space, "name": "x", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


async def test_what_was_told_and_taken_back_is_found(kube: Kube) -> None:
    search = Search(MARK, PLAIN)  # of its own, so that what it finds does not fail this run
    async with overhearing(search), namespace(kube, f"heard-{uuid.uuid4().hex[:8]}") as space:
        await kube.create(config_map(space, a=MARK))
        await kube.apply({**config_map(space), "metadata": {"namespace": space, "name": "x"}})
        await kube.patch("ConfigMap", space, "x", {"metadata": {"annotations": None}})
        login: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": space, "name": "login"}}
        await kube.create({**login, "stringData": {"password": MARK}})
        quiet = search.take()
        assert not [leak for leak in quiet if leak.startswith("Secret")]
        await kube.patch("Secret", space, "login", {"metadata": {"annotations": {"a": MARK}}})
        await kube.delete("Secret", space, "login")
        reference = {"kind": "ConfigMap", "namespace": space, "name": "x"}
        await kube.create(event(space, reference))
    found = [*quiet, *search.take()]
    assert {leak.partition(": ")[0] for leak in found} == {
        f"ConfigMap {space}/x metadata.annotations.a",
        f"Secret {space}/login metadata.annotations.a",
        f"Event {space}/told note",
    }


def event(space: str, regarding: Object) -> Object:
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"namespace": space, "name": "told"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "test",
        "reportingInstance": "test",
        "type": "Warning",
        "reason": "Told",
        "action": "Tell",
        "regarding": regarding,
        "note": f"the password is {PLAIN}",
    }
