"""The life of one service under releases that fault plans go through: one release goes through, the next comes back."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.fault.world import QUIET, World
from tests.support.kube import Object
from tests.support.mirror import Mirror
from tests.support.release_properties import violations

PATIENCE = 240
"""Seconds after which a run that has not reached the next phase has failed."""

NOWHERE = {"placement": {"nodeSelector": {"example.test/no-node": "has-this"}}}
"""No node is like that: pods stay pending."""


def service(namespace: str, version: str, **spec: Any) -> Object:
    """The Microservice; `spec` adds to its spec."""
    body = {
        "image": f"registry.example/orders:{version}",
        "replicas": 2,
        "expose": {"gateway": {"name": "public"}, "hosts": ["shop.example"]},
        **spec,
    }
    metadata = {"namespace": namespace, "name": "orders"}
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": "Microservice", "metadata": metadata, "spec": body}


def policy(namespace: str, ready_within: str = "120s") -> Object:
    """Its CanaryRelease: one step, and nothing but pods to judge by."""
    spec = {
        "targets": [{"name": "orders"}],
        "strategy": {"canary": {"steps": [{"weight": "50%", "bake": "1s"}]}},
        "kpis": [{"name": "pods", "pods": {"maxRestarts": 0}}],
        "analysis": {"interval": "1s", "readyWithin": ready_within},
        "watch": "0s",
    }
    metadata = {"namespace": namespace, "name": "orders"}
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": "CanaryRelease", "metadata": metadata, "spec": spec}


def status(mirror: Mirror, namespace: str, kind: str = "CanaryRelease") -> Object:
    """What one of the two says."""
    found: Object = mirror.objects.get((kind, namespace, "orders"), {}).get("status") or {}
    return found


async def phase(this: World, wanted: str, releases: int) -> None:
    """Waits until the CanaryRelease is in a phase, with so many releases behind it."""

    def reached() -> bool:
        found = status(this.mirror, this.namespace)
        return found.get("phase") == wanted and len(found.get("history", ())) == releases

    await this.mirror.until(reached, PATIENCE, lambda: f"{wanted}: {status(this.mirror, this.namespace)}")


async def adopt(this: World) -> None:
    """A service that runs side by side from its first pod on: the operator has heard of its policy before."""
    await _hear(this, policy(this.namespace))
    await this.kube.apply(service(this.namespace, "1"))
    await this.mirror.until(lambda: _side_by_side(this), PATIENCE, lambda: f"side by side: {_both(this)}")


async def _hear(this: World, wanted: Object) -> None:
    applied = await this.kube.apply(wanted)
    generation = applied["metadata"]["generation"]

    def heard() -> bool:
        return bool(status(this.mirror, this.namespace).get("observedGeneration") == generation)

    await this.mirror.until(heard, PATIENCE, "the operator has looked at the policy")


def _side_by_side(this: World) -> bool:
    release, microservice = _both(this)
    ordered = any(target.get("order") for target in release.get("targets", ()))
    return bool(ordered and release.get("phase") == "Idle" and microservice.get("release", {}).get("inPlace"))


def _both(this: World) -> tuple[Object, Object]:
    return status(this.mirror, this.namespace), status(this.mirror, this.namespace, "Microservice")


async def promote(this: World) -> None:
    """A revision that goes through."""
    await this.kube.apply(service(this.namespace, "2"))
    await phase(this, "Promoted", 1)


async def abort(this: World) -> None:
    """A revision whose pods never get ready, for which nobody waits long."""
    await _hear(this, policy(this.namespace, "10s"))
    await this.kube.apply(service(this.namespace, "3", **NOWHERE))
    await phase(this, "Aborted", 2)


@dataclass(frozen=True, slots=True)
class End:
    """What must be the same however often the operator died: outcomes, who serves, and how many pods were started."""

    outcomes: Sequence[tuple[str, str, str]]
    replicas: dict[str, int]
    route: dict[str, int]
    started: dict[str, int]
    rejected: Sequence[str]


async def end_of(this: World, quiet: float = QUIET) -> End:
    """Looks once everything has been quiet for so many seconds."""
    await this.quiet(quiet)
    mirror, namespace = this.mirror, this.namespace
    deployments = {each["metadata"]["name"]: each["spec"]["replicas"] for each in mirror.of("Deployment", namespace)}
    (route,) = mirror.of("HTTPRoute", namespace)
    backends = route["spec"]["rules"][-1]["backendRefs"]
    pods = [seen for seen in mirror.history if seen.kind == "Pod" and seen.type == "ADDED" and seen.key[1] == namespace]
    revisions = [seen.obj["metadata"]["labels"]["trimtab.dev/revision"] for seen in pods]
    return End(
        outcomes=[
            (each["outcome"], each["reason"], each["versions"][0]["revision"])
            for each in status(mirror, namespace)["history"]
        ],
        replicas={name: replicas for name, replicas in sorted(deployments.items()) if replicas},
        route={each["name"]: each.get("weight", 1) for each in backends},
        started={revision: revisions.count(revision) for revision in sorted(set(revisions))},
        rejected=[each["revision"] for each in status(mirror, namespace, "Microservice").get("rejectedRevisions", ())],
    )


def broken_properties(this: World) -> list[str]:
    """S1, S2, S5 and S6 at every write in this world's namespace."""
    own = Mirror()
    own.history = [seen for seen in this.mirror.history if seen.key[1] == this.namespace]
    return violations(own)


async def live(this: World) -> None:
    """All of it, but for what follows from the last decision."""
    for stage in (adopt, promote, abort):
        await stage(this)


async def end_like(this: World, expected: End) -> End:
    """The end, once it is as expected. An operator that stands still is quiet, too, and is given time.

    Less than until its resync: what only that would mend is found.
    """
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while (end := await end_of(this)) != expected and asyncio.get_running_loop().time() < deadline:
        print(f"still otherwise in {this.namespace}: {end}")
    return end
