"""What tests see of the API server is complete, also when streams end and versions expire."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.kube import KubeError, Object
from tests.support.mirror import Follower, Mirror


def pod(name: str, version: int) -> Object:
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"kind": "Pod", "metadata": metadata}


class Script(Exception):  # noqa: N818 - it is over, nothing is wrong
    """The server has no more to say."""


class Server:
    """Answers lists and watches in the order of a script, and notes from where each watch was to begin."""

    def __init__(self, lists: list[list[Object]], watches: list[list[tuple[str, Object] | KubeError]]) -> None:
        self.lists, self.watches = lists, watches
        self.begun: list[str] = []

    async def list(self, *_: str) -> Object:
        return {"metadata": {"resourceVersion": "10"}, "items": self.lists.pop(0)}

    async def watch(self, kind: str, namespace: str, labels: str, since: str) -> AsyncIterator[tuple[str, Object]]:
        self.begun.append(since)
        if not self.watches:
            raise Script
        for event in self.watches.pop(0):
            if isinstance(event, KubeError):
                raise event
            yield event


async def told(server: Any) -> list[tuple[str, str]]:
    mirror = Mirror()
    try:
        await Follower(mirror, server, "Pod").follow()
    except Script:
        return [(seen.type, seen.key[2]) for seen in mirror.history]
    raise AssertionError("it ended")


async def test_a_stream_that_ends_goes_on_where_it_was() -> None:
    server = Server([[pod("a", 4)]], [[("ADDED", pod("b", 11))], [("DELETED", pod("b", 12))], []])
    assert await told(server) == [("LISTED", "a"), ("ADDED", "b"), ("DELETED", "b")]
    assert server.begun == ["10", "11", "12", "12"]


async def test_after_an_expired_version_what_was_missed_is_told() -> None:
    server = Server([[pod("a", 4), pod("b", 5)], [pod("b", 5), pod("c", 14)]], [[KubeError(410, "Expired")]])
    assert await told(server) == [("LISTED", "a"), ("LISTED", "b"), ("DELETED", "a"), ("LISTED", "b"), ("ADDED", "c")]


async def test_what_went_unseen_was_there_until_it_was_missed() -> None:
    mirror = Mirror()
    server: Any = Server([[pod("a", 4)], []], [[KubeError(410, "Expired")]])
    with pytest.raises(Script):
        await Follower(mirror, server, "Pod").follow()
    versions = [(seen.type, seen.obj["metadata"]["resourceVersion"]) for seen in mirror.history]
    assert versions == [("LISTED", "4"), ("DELETED", "10")]
