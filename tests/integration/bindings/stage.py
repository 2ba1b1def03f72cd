"""A namespace that may bind, its account of AWS, and one life of the operator after another on both."""

import re
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tests.integration.bindings.life import Died, Ground, Life, living
from tests.integration.bindings.sample import Sample
from tests.support.aws import ACCOUNT, REGION, Aws
from tests.support.kube import Kube, KubeError, poll

from trimtab.adapters.aws.services import KINDS
from trimtab.adapters.memory.clock import MemoryClock
from trimtab.api.backing import MEMBERS
from trimtab.domain.binding.grant import Grant
from trimtab.domain.binding.place import Place
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.binding.services import SERVICES
from trimtab.domain.objects import Object
from trimtab.domain.outcome import Done, Outcome, Stalled, Waiting
from trimtab.ports.cloud import CloudError
from trimtab.ports.cluster import ClusterError
from trimtab.reconcilers.binding.reconciler import FRESH

CLUSTER = "cluster-one"
PREFIX = "acme-"
NAME = "orders"
POLL = FRESH + 10.0
"""Seconds after which a look is too old."""

TRANSIENT = 30.0
_RANDOM = re.compile(r"^(arn:.*:secret:.*)-[A-Za-z0-9]{6}$|(?<=:)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
"""What AWS makes up: endings of secrets' ARNs, and subscriptions' ids."""
VOLATILE = frozenset(
    {"resourceVersion", "uid", "generation", "managedFields", "creationTimestamp", "deletionTimestamp"}
)


@dataclass(slots=True)
class Stage:
    """See above. `sample` is the service that plays; other bindings that it needs are there before."""

    kube: Kube
    aws: Aws
    space: str
    sample: Sample
    ground: Ground
    clock: MemoryClock

    def life(self, cluster_id: str = CLUSTER, **options: Any) -> AbstractAsyncContextManager[Life]:
        """An operator that begins to live; what the one before knew is gone."""
        return living(self.aws, self.ground, self.clock, cluster_id=cluster_id, **options)

    async def permit(self, **spec: Any) -> None:
        """Gives the namespace a policy, or changes it."""
        wanted = {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.space}},
            "services": [name for name, model in MEMBERS.items() if model.external],
            "regions": [REGION],
            "roleARN": f"arn:aws:iam::{ACCOUNT}:role/bindings",
            "namePrefix": PREFIX,
            "kmsKeys": ["*"],
            "maxBindings": 100,
        }
        manifest = _object("BindingPolicy", "", self.space, spec=wanted | spec)
        await self.kube.apply(manifest)

    async def ask(self, member: Mapping[str, Any] | None = None, name: str = NAME, **fields: Any) -> Object:
        """Applies the ServiceBinding as a user does; `member` is the spec of the sample's service."""
        asked = {self.sample.member: self.sample.spec if member is None else dict(member)}
        return await self.kube.apply(_object("ServiceBinding", self.space, name, spec={**asked, **fields}))

    async def need(self) -> None:
        """Applies the other bindings that the sample needs."""
        for name, spec in self.sample.beside.items():
            await self.kube.apply(_object("ServiceBinding", self.space, name, spec=spec))

    async def annotate(self, name: str = NAME, **annotations: str | None) -> None:
        """Sets or removes annotations `trimtab.dev/...` of the binding."""
        keys = {f"trimtab.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
        await self.kube.patch("ServiceBinding", self.space, name, {"metadata": {"annotations": keys}})

    async def binding(self, name: str = NAME) -> Object | None:
        """The ServiceBinding as it is."""
        return await self.kube.get("ServiceBinding", self.space, name)

    async def condition(self, type_: str, name: str = NAME) -> Object:
        """A condition of the ServiceBinding; empty if it has none."""
        found = await self.binding(name)
        conditions = ((found or {}).get("status") or {}).get("conditions") or ()
        return next((each for each in conditions if each["type"] == type_), {})

    async def secret(self, name: str = f"{NAME}-binding") -> Object | None:
        """A Secret of the namespace."""
        return await self.kube.get("Secret", self.space, name)

    async def run(self, life: Life, name: str = NAME) -> Outcome:
        """One run of the operator over one binding, with all that a watch would have brought."""
        life.see(await self._watched())
        return await life.reconcile(self.space, name)

    async def settle(self, life: Life, *, names: Collection[str] = (), rounds: int = 200) -> list[Outcome]:
        """Runs the operator, and lets time pass, until it has nothing more to do. Raises Died if it was killed."""
        names = names or (*self.sample.beside, NAME)
        for _ in range(rounds):
            before = len(life.kube.writes) + len(life.aws.writes)
            outcomes = [await self._attempt(life, name) for name in names]
            if all(isinstance(each, Done | Stalled) for each in outcomes):
                if len(life.kube.writes) + len(life.aws.writes) == before:
                    return [each for each in outcomes if each]
                continue
            pauses = [each.after if isinstance(each, Waiting) else TRANSIENT for each in outcomes if each != Done()]
            self.clock.advance(min(max(*pauses, 1.0), 60.0))
        raise AssertionError(f"no rest: {outcomes}\n{await self.told()}")

    async def _attempt(self, life: Life, name: str) -> Outcome | None:
        try:
            return await self.run(life, name)
        except (ClusterError, CloudError, KubeError):
            if life.dead:
                raise Died from None
            return None  # transient: the queue would try again

    async def told(self) -> str:
        """What the binding says of itself, for messages of failures."""
        found = await self.binding()
        status = (found or {}).get("status") or {}
        conditions = [f"{c['type']}={c['status']} {c['reason']}: {c['message']}" for c in status.get("conditions", ())]
        return "\n".join([*conditions, str(status.get("resources")), str(status.get("waitingFor"))])

    def place(self, found: Object | None = None, **fields: Any) -> Place:
        """Where the binding's resources are."""
        status = (found or {}).get("status") or {}
        recorded = {each["key"]: each["name"] for each in status.get("resources", ())}
        place = Place(
            partition="aws",
            account=ACCOUNT,
            region=REGION,
            cluster=CLUSTER,
            prefix=PREFIX,
            namespace=self.space,
            name=NAME,
            uid="",
            recorded=recorded,
        )
        return replace(place, **fields)

    @property
    def grant(self) -> Grant:
        """What the policy lets the namespace do."""
        return Grant(
            policy=self.space,
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/bindings",
            external_id="",
            region=REGION,
            cluster=CLUSTER,
            namespace=self.space,
            services=frozenset({self.sample.member}),
            prefix=PREFIX,
        )

    async def resources(self, member: Mapping[str, Any] | None = None) -> dict[str, Resource]:
        """What the sample declares, by key; `member` is its spec."""
        asked = dict(member or self.sample.spec)
        spec = MEMBERS[self.sample.member].model_validate(asked)
        targets = {name: await self._arn(name) for name in spec.targets}
        declared = SERVICES[self.sample.member].resources(spec, self.place(await self.binding(), targets=targets))
        return {each.key: each for each in declared}

    async def _arn(self, name: str) -> str:
        found = await self.binding(name)
        return str((found or {}).get("status", {}).get("arn", ""))

    async def lives(self, member: Mapping[str, Any] | None = None) -> dict[str, Live]:
        """What the binding has in AWS, seen past all faults; what is not there is left out."""
        looks = {key: self.look(resource) for key, resource in (await self.resources(member)).items()}
        return {key: live for key, live in looks.items() if live is not None}

    def look(self, resource: Resource, arn: str = "") -> Live | None:
        """One resource, seen past all faults."""
        calls = KINDS[resource.kind]
        return calls.look(self.aws.client(calls.service), resource, arn)

    async def differing(self, member: Mapping[str, Any] | None = None) -> dict[str, list[str]]:
        """By key of the resource, the settings that AWS has otherwise than the sample says; of a missing one, all."""
        lives = await self.lives(member)
        found: dict[str, list[str]] = {}
        for key, resource in (await self.resources(member)).items():
            settings = lives[key].settings if key in lives else {}
            keys = [each for each, wanted in resource.settings.items() if settings.get(each, ...) != wanted]
            if keys or key not in lives:
                found[key] = keys
        return found

    async def snapshot(self) -> Object:
        """All that is left of a run, without what differs from one to the next."""
        found = await self.binding()
        if not found:
            await poll(self._is_collected, 300, "the garbage collector has taken what the binding owned")
        secret = await self.secret()
        uid = found["metadata"]["uid"] if found else ""
        lives = await self.lives() if found else {}
        return {
            "status": _essence((found or {}).get("status") or {}, uid),
            "finalizers": (found or {"metadata": {}})["metadata"].get("finalizers"),
            "secret": sorted((secret or {}).get("data") or ()),
            "secret metadata": secret and {**_essence(secret["metadata"], uid), "name": secret["metadata"]["name"]},
            "tags": {key: _essence(dict(live.tags), uid) for key, live in lives.items() if live.tags is not None},
            "settings": {key: dict(live.settings) for key, live in lives.items()},
            "inventory": len(self.sample.inventory(self.aws)),
        }

    async def _is_collected(self) -> bool:
        secret = await self.secret()
        return not (secret and secret["metadata"].get("ownerReferences"))

    async def clear(self) -> None:
        """Takes everything away, as if nothing had been."""
        for item in (await self.kube.list("ServiceBinding", self.space))["items"]:
            name = item["metadata"]["name"]
            if item["metadata"].get("finalizers"):
                await self.kube.patch("ServiceBinding", self.space, name, {"metadata": {"finalizers": None}})
            await self.kube.delete("ServiceBinding", self.space, name)
        for item in (await self.kube.list("Secret", self.space))["items"]:
            await self.kube.delete("Secret", self.space, item["metadata"]["name"])
        self.aws.reset()

    async def _watched(self) -> Iterable[Object]:
        namespace = await self.kube.call("GET", f"/api/v1/namespaces/{self.space}")
        policy = await self.kube.get("BindingPolicy", "", self.space)
        found = [{"apiVersion": "v1", "kind": "Namespace", **namespace}, *([policy] if policy else [])]
        for kind in ("ServiceBinding", "Microservice", "Deployment"):
            found += (await self.kube.list(kind, self.space))["items"]
        return found


def _object(kind: str, namespace: str, name: str, **rest: Any) -> Object:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "trimtab.dev/v1alpha1", "kind": kind, "metadata": metadata, **rest}


def _essence(value: Any, uid: str) -> Any:
    """Times and versions differ from run to run, and the UID."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key not in VOLATILE and not _is_time(key)}
        return {key: _essence(each, uid) for key, each in kept.items()}
    if isinstance(value, list | tuple):
        return [_essence(each, uid) for each in value]
    if isinstance(value, str):
        return "<uid>" if value == uid and uid else _RANDOM.sub(lambda found: found[1] or "", value)
    return value


def _is_time(key: str) -> bool:
    return key in ("at", "since", "first", "last", "observedGeneration", "trimtab.dev/retained") or key.endswith("Time")


@asynccontextmanager
async def staged(kube: Kube, aws: Aws, space: str, sample: Sample, ground: Ground) -> AsyncIterator[Stage]:
    """An empty stage; it is cleared afterwards."""
    stage = Stage(kube, aws, space, sample, ground, MemoryClock(datetime.now(UTC).replace(microsecond=0)))
    await stage.permit()
    try:
        yield stage
    finally:
        await stage.clear()
        await kube.delete("BindingPolicy", "", space)
