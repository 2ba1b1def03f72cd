"""The cluster port on a real API server."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from trimtab.adapters.kubernetes import definitions
from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.cachedreads import CachedReads
from trimtab.adapters.kubernetes.catchup import CatchUp
from trimtab.adapters.kubernetes.client import APPLY_PATCH, MERGE_PATCH, ApiClient
from trimtab.adapters.kubernetes.declared import UNDECLARED, declared, schema
from trimtab.adapters.kubernetes.kinds import OPTIONAL, POD, SECRET, Kind, kind_of
from trimtab.adapters.kubernetes.listing import listed
from trimtab.adapters.kubernetes.secrets import without_values
from trimtab.domain.binding.users import is_live, secrets_in
from trimtab.domain.labels import BINDING_FINALIZER
from trimtab.domain.objects import Object, ObjectRef, ref_of, uid_of
from trimtab.ports.cluster import (
    ClusterError,
    ConflictError,
    InvalidError,
    KindNotServedError,
    NotFoundError,
)

logger = logging.getLogger("trimtab")

LOG_LIMIT = 2048

RELEARN = 60.0
"""Seconds after which a kind whose CRD was older than the operator is written in full once more."""

_FINALIZER_MANAGER = "trimtab-finalizer"

NEVER = "1"
"""A resourceVersion that no object has: an apply that carries it creates, or conflicts with what there is."""


class KubernetesCluster(CachedReads):
    """Reads through the informer cache, writes through server-side apply (see trimtab.ports.cluster).

    `on_status` hears of every status that we wrote, with the object as it was before, None if it was not known;
    `on_secret` of every Secret that we applied, by namespace and name; `on_found` of what a list found that no watch
    has told yet.
    """

    def __init__(
        self,
        client: ApiClient,
        cache: ObjectCache,
        on_status: Callable[[Object, Object | None], None] = lambda _new, _old: None,
        on_secret: Callable[[str, str], None] = lambda _namespace, _name: None,
        on_found: Callable[[Object], object] | None = None,
    ) -> None:
        super().__init__(cache)
        self._client = client
        self._on_status = on_status
        self._on_secret = on_secret
        self._catch_up = CatchUp(client, cache, on_found or cache.put)
        self._served: frozenset[tuple[str, str]] = frozenset()
        self._older: dict[str, tuple[float, Mapping[str, Any]]] = {}

    def serves(self, api_version: str, kind: str) -> bool:
        """See the port."""
        return (api_version, kind) in self._served

    def is_current(self, kind: str) -> bool:
        """See the port."""
        return kind not in self._older

    async def discover(self) -> bool:
        """Asks which of the optional kinds are installed; returns whether the answer differs from the last one."""
        served = frozenset((kind.api_version, kind.kind) for kind in await self._offered())
        changed = served != self._served
        self._served = served
        return changed

    async def discovery_lags(self) -> bool:
        """Whether an optional kind's CRD is established of which discovery does not tell yet. Raises ClusterError."""
        offered = await self._offered()
        told = [await definitions.is_established(self._client, kind) for kind in OPTIONAL if kind not in offered]
        return any(told)

    async def _offered(self) -> Collection[Kind]:
        """The optional kinds of which discovery tells."""
        found: list[Kind] = []
        for root in {kind.root for kind in OPTIONAL}:
            kinds = [kind for kind in OPTIONAL if kind.root == root]
            try:
                offered = await self._client.read(kinds[0], root, verb="discover")
            except (KindNotServedError, NotFoundError):
                continue
            plurals = {resource["name"] for resource in offered["resources"]}
            found += [kind for kind in kinds if kind.plural in plurals]
        return found

    async def get(self, ref: ObjectRef) -> Object | None:
        """See the port. What the cache holds of the object is brought up to date."""
        before = self._cache.get(ref)
        kind = kind_of(ref)
        try:
            answer: Object = await self._client.read(kind, kind.path(ref.namespace, ref.name))
        except NotFoundError:
            self._cache.absent(ref, before)
            return None
        if before is not None:
            self._cache.replace(answer, before)
        return answer

    async def apply(self, manifest: Object, *, uid: str | None = None) -> Object:
        """See the port."""
        ref = ref_of(manifest)
        precondition = {"resourceVersion": NEVER} if uid is None else {"uid": uid}
        body = {**manifest, "metadata": {**manifest["metadata"], **precondition}}
        return await self._apply(ref, body, manager="trimtab")

    async def apply_status(
        self, ref: ObjectRef, status: Mapping[str, Any], *, uid: str, resource_version: str | None = None
    ) -> Object:
        """See the port."""
        metadata = {"name": ref.name, "namespace": ref.namespace, "uid": uid}
        if resource_version is not None:
            metadata["resourceVersion"] = resource_version
        body = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata, "status": status}
        before = self._cache.get(ref)
        answer = await self._apply_declared(ref, body)
        self._on_status(answer, before)  # its watch event is old news by the time it comes
        return answer

    async def set_finalizer(self, ref: ObjectRef, *, uid: str, present: bool) -> None:
        """See the port. One that somebody else owns as well, such as a restored backup, outlives that we give it up."""
        wanted = {"finalizers": [BINDING_FINALIZER]} if present else {}
        metadata = {"name": ref.name, "namespace": ref.namespace, "uid": uid, **wanted}
        body = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata}
        try:
            answer = await self._apply(ref, body, manager=_FINALIZER_MANAGER)
        except (ConflictError, NotFoundError):
            found = None if present else await self.get(ref)
            if present or (found is not None and uid_of(found) == uid):
                raise
            return
        if not present and BINDING_FINALIZER in answer["metadata"].get("finalizers", ()):
            await self._strip_finalizer(ref, answer)

    async def secret_users(self, namespace: str, secret: str) -> tuple[str, ...]:
        """See the port."""
        known = self._cache.users_of(namespace, secret)
        if not known:
            pods = listed(self._client, POD, namespace)
            known = [pod async for pod in pods if secret in secrets_in(pod) and is_live(pod)]
        return tuple(str(ref_of(user)) for user in known)

    async def refresh_bindings(self, microservice: Object) -> None:
        """See the port."""
        await self._catch_up(microservice)

    async def ending(self, kind: str) -> bool:
        """See the port."""
        return await definitions.ending(self._client, next(each for each in OPTIONAL if each.kind == kind))

    async def dry_run(self, manifest: Object) -> Object:
        """See the port."""
        ref = ref_of(manifest)
        kind = kind_of(ref)
        query = {"dryRun": "All", "fieldManager": "trimtab"}
        path = kind.path(ref.namespace)
        return await self._client.write("POST", kind, path, manifest, verb="dry_run", query=query)  # type: ignore[no-any-return]

    async def evict(self, ref: ObjectRef, *, uid: str) -> None:
        """See the port."""
        kind = kind_of(ref)
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": ref.name, "namespace": ref.namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        }
        with suppress(NotFoundError, ConflictError):  # the pod of that UID is gone
            path = kind.path(ref.namespace, ref.name, "eviction")
            await self._client.write("POST", kind, path, eviction, verb="evict")

    async def scale(self, ref: ObjectRef, replicas: int) -> None:
        """See the port. A merge patch: the scale subresource of custom resources knows no server-side apply."""
        kind = kind_of(ref)
        await self._client.write(
            "PATCH",
            kind,
            kind.path(ref.namespace, ref.name, "scale"),
            {"spec": {"replicas": replicas}},
            verb="scale",
            query={"fieldManager": "trimtab-scale"},
            content_type=MERGE_PATCH,
        )

    async def delete(self, ref: ObjectRef, *, uid: str) -> None:
        """See the port."""
        kind = kind_of(ref)
        before = self._cache.get(ref)
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": uid},
        }
        try:
            answer = await self._client.write(
                "DELETE", kind, kind.path(ref.namespace, ref.name), options, verb="delete"
            )
        except (NotFoundError, ConflictError):
            found = await self.get(ref)
            if found is not None and uid_of(found) == uid:
                raise  # the conflict was about something else than the UID
            return  # the object of that UID is gone; another one may have its name
        if answer.get("kind") == "Status":
            self._cache.absent(ref, before)
        else:
            self._cache.put(answer)  # finalizers hold it; the watch will tell when it goes

    async def log_tail(self, namespace: str, pod: str, container: str, lines: int) -> str:
        """See the port."""
        query = {"container": container, "tailLines": str(lines), "limitBytes": "65536"}
        body = await self._client.read_bytes(POD, POD.path(namespace, pod, "log"), query=query)
        return body.decode(errors="replace")[-LOG_LIMIT:]

    async def _strip_finalizer(self, ref: ObjectRef, live: Object) -> None:
        kind, metadata = kind_of(ref), live["metadata"]
        left = [each for each in metadata["finalizers"] if each != BINDING_FINALIZER]
        conditions = {name: metadata[name] for name in ("uid", "resourceVersion")}
        answer = await self._client.write(
            "PATCH",
            kind,
            kind.path(ref.namespace, ref.name),
            {"metadata": {**conditions, "finalizers": left}},
            verb="patch",
            query={"fieldManager": _FINALIZER_MANAGER},
            content_type=MERGE_PATCH,
        )
        self._cache.put(answer)

    async def _apply(self, ref: ObjectRef, body: Object, *, manager: str, subresource: str = "") -> Object:
        kind = kind_of(ref)
        try:
            answer: Object = await self._client.write(
                "PATCH",
                kind,
                kind.path(ref.namespace, ref.name, subresource),
                body,
                verb="apply_status" if subresource else "apply",
                query={"fieldManager": manager, "force": "true"},
                content_type=APPLY_PATCH,
            )
        except ClusterError as error:
            if kind == SECRET:
                error.args = (without_values(str(error), body),)
            if isinstance(error, (ConflictError, NotFoundError)) and "uid" in body["metadata"]:
                await self._refresh(ref)
            raise
        if kind == SECRET:
            self._on_secret(ref.namespace, ref.name)
        else:
            self._cache.put(answer)
        return answer

    async def _apply_declared(self, ref: ObjectRef, body: Object) -> Object:
        """The status; where the CRD is older than the operator, what of it the CRD declares."""
        since, by = self._older.get(ref.kind, (float("-inf"), {}))
        whole = time.monotonic() >= since + RELEARN
        try:
            answer = await self._apply_status(ref, body if whole else _declared(body, by))
        except InvalidError as error:
            if UNDECLARED not in str(error):
                raise
            return await self._apply_status(ref, _declared(body, await self._learn(ref)))
        if whole:
            self._older.pop(ref.kind, None)
        return answer

    async def _apply_status(self, ref: ObjectRef, body: Object) -> Object:
        return await self._apply(ref, body, manager="trimtab-status", subresource="status")

    async def _learn(self, ref: ObjectRef) -> Mapping[str, Any]:
        """The schema of the status in the served CRD; said in the log the first time."""
        kind = kind_of(ref)
        document = await self._client.read(kind, f"/openapi/v3{kind.root}", verb="schema")
        found: Mapping[str, Any] = schema(document, ref.kind).get("properties", {}).get("status", {})
        if ref.kind not in self._older:
            logger.error("the CRD of %s is older than this operator: upgrade the chart trimtab-crds", ref.kind)
        self._older[ref.kind] = (time.monotonic(), found)
        return found

    async def _refresh(self, ref: ObjectRef) -> None:
        """What we believed about the object is wrong: look, so that the next decision starts from the truth."""
        try:
            await self.get(ref)
        except ClusterError:
            return  # the conflict itself is what the caller must hear of


def _declared(body: Object, by: Mapping[str, Any]) -> Object:
    return {**body, "status": declared(body["status"], by)}
