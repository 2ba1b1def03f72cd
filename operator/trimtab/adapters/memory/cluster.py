"""The cluster port on the API server in memory, as one process of the operator sees it, with faults on demand."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.adapters.memory.server import MemoryServer
from trimtab.domain import labels
from trimtab.domain.binding.users import is_live, secrets_in
from trimtab.domain.binding.workload import KIND as BINDING
from trimtab.domain.binding.workload import binds
from trimtab.domain.labels import BINDING_FINALIZER
from trimtab.domain.objects import Object, ObjectRef, controller_uid, ref_of
from trimtab.domain.release.policy import KIND as POLICY
from trimtab.domain.release.policy import targets_of
from trimtab.domain.service.meta import KIND as MICROSERVICE
from trimtab.ports.cluster import ConflictError, KindNotServedError, LeaseLostError, NotFoundError, UnavailableError
from trimtab.ports.lease import Lease

UNCACHED = "Secret"
"""The kind that no cache ever holds."""


class Crash(BaseException):
    """The process is killed at this point; whoever drives the test starts another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens at the write number `at` (from 1).

    `before`: killed before the request is sent; `after`: killed once it was carried out; `lost`: carried out, but the
    answer never arrives and the process lives on.
    """

    kind: str
    at: int


class MemoryCluster:
    """See trimtab.ports.cluster. The cache is what this process has seen; `stale` stops the watch for a while."""

    def __init__(self, server: MemoryServer, lease: Lease | None = None, fault: Fault | None = None) -> None:
        self._server = server
        self._lease = lease
        self._fault = fault
        self._dead = False
        self._seen: dict[ObjectRef, Object] = {ref_of(obj): obj for obj in server.all() if obj["kind"] != UNCACHED}
        self.stale = False
        self.writes = 0
        self.requests = 0
        server.listeners.append(self._watch)

    def cached(self, ref: ObjectRef) -> Object | None:
        """See the port."""
        return self._seen.get(ref)

    def children(self, owner_uid: str) -> Iterable[Object]:
        """See the port."""
        return [self._seen[ref] for ref in sorted(self._seen) if controller_uid(self._seen[ref]) == owner_uid]

    def pods(self, namespace: str, microservice: str) -> Iterable[Object]:
        """See the port."""
        return self._labelled("Pod", namespace, microservice)

    def endpoint_slices(self, namespace: str, microservice: str) -> Iterable[Object]:
        """See the port."""
        return self._labelled("EndpointSlice", namespace, microservice)

    def policies(self, namespace: str, microservice: str = "") -> Iterable[Object]:
        """See the port."""
        found = (self._seen[ref] for ref in sorted(self._seen) if (ref.kind, ref.namespace) == (POLICY, namespace))
        return [policy for policy in found if not microservice or microservice in targets_of(policy)]

    def bindings(self, namespace: str = "", microservice: str = "") -> Iterable[Object]:
        """See the port."""
        found = [each for each in self._of_kind(BINDING) if namespace in ("", each["metadata"]["namespace"])]
        if not microservice:
            return found
        owner = next((each for each in self._of_kind(MICROSERVICE) if _is_named(each, namespace, microservice)), None)
        given = (owner["metadata"].get("labels") or {}) if owner is not None else {}
        return [binding for binding in found if binds(binding, microservice, given)]

    def workloads(self, binding: Object) -> Iterable[Object]:
        """See the port."""
        namespace = binding["metadata"]["namespace"]
        return [
            each
            for each in self._of_kind(MICROSERVICE)
            if each["metadata"]["namespace"] == namespace
            and binds(binding, each["metadata"]["name"], each["metadata"].get("labels") or {})
        ]

    def binding_policies(self) -> Iterable[Object]:
        """See the port."""
        return self._of_kind("BindingPolicy")

    def namespace(self, name: str) -> Object | None:
        """See the port."""
        return self._seen.get(ObjectRef(api_version="v1", kind="Namespace", namespace="", name=name))

    async def secret_users(self, namespace: str, secret: str) -> tuple[str, ...]:
        """See the port. This process has seen the pods of others, too."""
        found = (self._seen[ref] for ref in sorted(self._seen) if ref.namespace == namespace)
        return tuple(str(ref_of(obj)) for obj in found if secret in secrets_in(obj) and is_live(obj))

    def serves(self, api_version: str, kind: str) -> bool:
        """See the port."""
        return (api_version, kind) not in self._server.unserved

    def is_current(self, kind: str) -> bool:
        """See the port."""
        return kind not in self._server.older

    async def get(self, ref: ObjectRef) -> Object | None:
        """See the port."""
        self._request(ref)
        return self._look(ref)

    async def apply(self, manifest: Object, *, uid: str | None = None) -> Object:
        """See the port."""
        ref = ref_of(manifest)
        return self._write(ref, lambda: self._server.apply(manifest, "trimtab", uid=uid))

    async def apply_status(
        self, ref: ObjectRef, status: Mapping[str, Any], *, uid: str, resource_version: str | None = None
    ) -> Object:
        """See the port."""
        body = {
            "apiVersion": ref.api_version,
            "kind": ref.kind,
            "metadata": {"name": ref.name, "namespace": ref.namespace},
            "status": status,
        }
        return self._write(
            ref,
            lambda: self._server.apply(body, "trimtab-status", uid=uid, version=resource_version, status=True),
        )

    async def set_finalizer(self, ref: ObjectRef, *, uid: str, present: bool) -> None:
        """See the port."""

        def carry_out() -> Object:
            try:
                return self._server.finalize(ref, BINDING_FINALIZER, uid=uid, present=present) or {}
            except (NotFoundError, ConflictError):
                if present:
                    raise
                return {}

        self._write(ref, carry_out)
        self._look(ref)

    async def refresh_bindings(self, microservice: Object) -> None:
        """See the port."""
        self.requests += 1
        self._seen |= {ref_of(each): each for each in self._server.of_kind(BINDING)}

    async def ending(self, kind: str) -> bool:
        """See the port."""
        self.requests += 1
        return self._server.ending.get(kind, False)

    async def dry_run(self, manifest: Object) -> Object:
        """See the port."""
        self._request(ref_of(manifest))
        return self._server.admitted(manifest)

    async def evict(self, ref: ObjectRef, *, uid: str) -> None:
        """See the port."""
        await self.delete(ref, uid=uid)

    async def scale(self, ref: ObjectRef, replicas: int) -> None:
        """See the port."""
        if self._server.get(ref) is None:
            raise NotFoundError(f"{ref} not found")
        self._write(
            ref, lambda: self._server.edit(ref, lambda obj: obj["spec"].update(replicas=replicas), "trimtab-scale")
        )

    async def delete(self, ref: ObjectRef, *, uid: str) -> None:
        """See the port."""

        def carry_out() -> Object:
            try:
                self._server.delete(ref, uid=uid)
            except (NotFoundError, ConflictError):
                self._look(ref)
            return {}

        self._write(ref, carry_out)

    async def log_tail(self, namespace: str, pod: str, container: str, lines: int) -> str:
        """See the port."""
        ref = ObjectRef(api_version="v1", kind="Pod", namespace=namespace, name=pod)
        self._request(ref)
        found = self._server.get(ref)
        if found is None:
            raise NotFoundError(f"{ref} not found")
        log = str(found["metadata"].get("annotations", {}).get("log", ""))
        return "\n".join(log.splitlines()[-lines:])

    def _of_kind(self, kind: str) -> list[Object]:
        return [self._seen[ref] for ref in sorted(self._seen) if ref.kind == kind]

    def _labelled(self, kind: str, namespace: str, microservice: str) -> list[Object]:
        found = (self._seen[ref] for ref in sorted(self._seen) if (ref.kind, ref.namespace) == (kind, namespace))
        return [obj for obj in found if obj["metadata"].get("labels", {}).get(labels.MICROSERVICE) == microservice]

    def _request(self, ref: ObjectRef) -> None:
        if self._dead:
            raise Crash
        self.requests += 1
        if (ref.api_version, ref.kind) in self._server.unserved:
            raise KindNotServedError(f"the server could not find {ref.kind}")

    def _write(self, ref: ObjectRef, carry_out: Callable[[], Object]) -> Object:
        self._request(ref)
        if self._lease is not None and self._lease.remaining() < 2.0:
            raise LeaseLostError("not sent: the lease is over")
        self.writes += 1
        hit = self._fault.kind if self._fault is not None and self._fault.at == self.writes else None
        if hit == "before":
            self._die()
        try:
            answer = carry_out()
        except (ConflictError, NotFoundError):
            self._look(ref)
            raise
        if hit == "after":
            self._die()
        if hit == "lost":
            raise UnavailableError("no answer")
        if answer and ref.kind != UNCACHED:
            self._seen[ref] = answer
        return answer

    def _die(self) -> None:
        self._dead = True
        self._server.listeners.remove(self._watch)
        raise Crash

    def _look(self, ref: ObjectRef) -> Object | None:
        live = self._server.get(ref)
        if live is not None and ref in self._seen:
            self._seen[ref] = live
        elif live is None:
            self._seen.pop(ref, None)
        return live

    def _watch(self, type_: str, obj: Object) -> None:
        if self.stale or obj["kind"] == UNCACHED:
            return
        if type_ == "DELETED":
            self._seen.pop(ref_of(obj), None)
        else:
            self._seen[ref_of(obj)] = obj


def _is_named(obj: Object, namespace: str, name: str) -> bool:
    return (obj["metadata"]["namespace"], obj["metadata"]["name"]) == (namespace, name)
