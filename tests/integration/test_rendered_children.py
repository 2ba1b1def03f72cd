"""What the API server makes of rendered children (defaults, its own forms of values) never looks like drift.

If it did, the operator would write such a child for ever.
"""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.integration.good_microservices import GOOD
from tests.support.kube import APPLY, Kube, path
from tests.unit.domain.specs import specs
from tests.unit.domain.test_properties import finish
from tests.unit.domain.world import World

from trimtab.domain.drift import differs

NOT_HERE = frozenset({"HTTPRoute", "GRPCRoute", "PodMonitor"})
"""Kinds whose API the control-plane profile does not have."""


async def assert_taken_as_written(kube: Kube, namespace: str, spec: dict[str, Any]) -> None:
    """A dry run of every child of `spec` gives back an object that does not differ from what was sent."""
    world = World(spec)
    world.resource["metadata"]["namespace"] = namespace
    finish(world)
    for ref, manifest in world.applied.items():
        if ref.kind not in NOT_HERE:
            url = path(ref.kind, namespace, ref.name)
            query = {"fieldManager": "trimtab", "force": "true", "dryRun": "All"}
            live = await kube.call("PATCH", url, manifest, APPLY, **query)
            assert not differs(manifest, live), (json.dumps(manifest), json.dumps(live))


@pytest.mark.parametrize("name", [*GOOD])
async def test_children_of_each_documented_feature(kube: Kube, space: str, name: str) -> None:
    await assert_taken_as_written(kube, space, {"image": "registry.example/orders:1", **GOOD[name]})


@settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(spec=specs())
async def test_children_of_combinations(kube: Kube, space: str, spec: dict[str, Any]) -> None:
    await assert_taken_as_written(kube, space, spec)
