"""Classes of Gateways and Ingresses are read by name, once in a while, and only if there is one to read."""

from typing import Any

import pytest

from trimtab.adapters.memory.cluster import MemoryCluster
from trimtab.adapters.memory.server import MemoryServer
from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.objects import ObjectRef
from trimtab.ports.cluster import DeniedError
from trimtab.reconcilers.classes import LIFE, Classes

GATEWAY = {"spec": {"gatewayClassName": "contour"}}


class Cluster(MemoryCluster):
    """Holds whatever class is asked for, and counts."""

    def __init__(self, *, denied: bool = False) -> None:
        super().__init__(MemoryServer())
        self.asked: list[ObjectRef] = []
        self._denied = denied

    async def get(self, ref: ObjectRef) -> dict[str, Any]:
        self.asked.append(ref)
        if self._denied:
            raise DeniedError("forbidden")
        return {"kind": ref.kind, "metadata": {"name": ref.name}}


def spec(**expose: Any) -> MicroserviceSpec:
    return MicroserviceSpec.model_validate({"image": "a:1", "expose": expose or None})


@pytest.mark.parametrize(
    ("exposed", "gateway", "kind"),
    [
        (spec(gateway={"name": "public"}), GATEWAY, "GatewayClass"),
        (spec(gateway={"name": "public"}), None, None),
        (spec(ingressClassName="alb"), None, "IngressClass"),
        (spec(), None, None),
    ],
)
async def test_the_class_of_what_exposes(exposed: MicroserviceSpec, gateway: Any, kind: str | None) -> None:
    found = await Classes(Cluster()).of(exposed, gateway)
    assert (found or {}).get("kind") == kind


@pytest.mark.parametrize("denied", [False, True])
async def test_it_is_read_once_in_a_while(*, denied: bool) -> None:
    now, cluster = [0.0], Cluster(denied=denied)
    classes = Classes(cluster, lambda: now[0])
    for _ in range(3):
        assert (await classes.of(spec(ingressClassName="alb"), None) is None) is denied
    assert len(cluster.asked) == 1
    now[0] = LIFE
    await classes.of(spec(ingressClassName="alb"), None)
    assert len(cluster.asked) == 2


async def test_names_that_nobody_uses_any_more_are_forgotten() -> None:
    now, cluster = [0.0], Cluster()
    classes = Classes(cluster, lambda: now[0])
    for number in range(10):
        now[0] += LIFE
        await classes.of(spec(ingressClassName=f"class-{number}"), None)
    assert len(classes) == 1
