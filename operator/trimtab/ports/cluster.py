"""The Kubernetes API as the reconcilers see it.

Reads of the first group come from the informer cache and cost no request; all others are one request each, unless they
say otherwise. Secrets are never cached: they are read by `get`, and whatever an error says of one shows no value of it.

Errors::

    ClusterError
    ├── NotFoundError          404
    ├── ConflictError          409: resourceVersion or UID precondition failed, or already exists
    ├── DeniedError            403: RBAC, quota, an admission webhook or policy
    │   └── TerminatingError   403: the namespace is being deleted
    ├── InvalidError           400, 413, 422: the API server refuses the object as it stands
    ├── KindNotServedError     the API of that kind is not installed
    ├── ThrottledError         429; `retry_after` seconds
    ├── UnavailableError       5xx, time-outs, connection errors: outcome unknown, safe to repeat
    └── LeaseLostError         not sent: too little is left of the lease (design: no write of a stale leader)
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from trimtab.domain.objects import Object, ObjectRef


class ClusterError(Exception):
    """A request that the API server did not carry out, with the server's own message, capped at 512 characters."""


class NotFoundError(ClusterError):
    """The object does not exist."""


class ConflictError(ClusterError):
    """The object is not what the caller took it for; observe again before deciding anew."""


class DeniedError(ClusterError):
    """Not allowed: RBAC, quota, an admission webhook or policy."""


class TerminatingError(DeniedError):
    """The namespace is being deleted; nothing can or should be made in it."""


class InvalidError(ClusterError):
    """The object is refused as it stands; repeating it will not help."""


class KindNotServedError(ClusterError):
    """The API of that kind is not installed in the cluster."""


class ThrottledError(ClusterError):
    """Too many requests; try again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(ClusterError):
    """The answer is unknown (5xx, time-out, broken connection). Every write of ours is safe to repeat."""


class LeaseLostError(ClusterError):
    """The write was not sent, since the lease may be another's before it would arrive."""


class Cluster(Protocol):
    """Reads through the cache, writes through server-side apply."""

    def cached(self, ref: ObjectRef) -> Object | None:
        """The object as last seen on the watch, or None. A miss never proves absence."""

    def children(self, owner_uid: str) -> Iterable[Object]:
        """All cached objects whose controlling owner has this UID."""

    def pods(self, namespace: str, microservice: str) -> Iterable[Object]:
        """Cached pods (projections: metadata, spec.nodeName, status) labelled with this Microservice."""

    def endpoint_slices(self, namespace: str, microservice: str) -> Iterable[Object]:
        """Cached EndpointSlices (projections: metadata, endpoints) of the Services labelled with this Microservice."""

    def policies(self, namespace: str, microservice: str = "") -> Iterable[Object]:
        """Cached CanaryReleases of a namespace; of one Microservice if it is named: those that have it as a target."""

    def bindings(self, namespace: str = "", microservice: str = "") -> Iterable[Object]:
        """Cached ServiceBindings of a namespace (empty: of all); of one Microservice: those whose workload it is."""

    def workloads(self, binding: Object) -> Iterable[Object]:
        """The cached Microservices that a ServiceBinding names or selects."""

    def binding_policies(self) -> Iterable[Object]:
        """Cached BindingPolicies, by name. One that comes from a file has no UID, and so no status to write."""

    def namespace(self, name: str) -> Object | None:
        """The cached Namespace (projection: metadata). Where Namespaces cannot be watched, one with its name alone.

        It may be older than what else is cached: ask with `get` whether a namespace is being deleted.
        """

    def serves(self, api_version: str, kind: str) -> bool:
        """Whether the API server offers the kind, as of the last discovery. No request."""

    def is_current(self, kind: str) -> bool:
        """False while the CRD of a kind is older than the operator, as its last status told: parts of it were left out.
        No request.
        """

    async def get(self, ref: ObjectRef) -> Object | None:
        """A live read; None if absent. Raises ClusterError."""

    async def apply(self, manifest: Object, *, uid: str | None = None) -> Object:
        """Server-side apply (manager `trimtab`, force) of the object with this `uid`; without one, of a new object.

        ConflictError if another object has the name, or with `uid` if none has it. The answer is in the cache before
        this returns, so that the next reconcile sees its own write.
        """

    async def apply_status(
        self, ref: ObjectRef, status: Mapping[str, Any], *, uid: str, resource_version: str | None = None
    ) -> Object:
        """Server-side apply of the whole status (manager `trimtab-status`), as far as the CRD declares it.

        With `resource_version` it is a decision: ConflictError if the object changed since it was read.
        """

    async def set_finalizer(self, ref: ObjectRef, *, uid: str, present: bool) -> None:
        """Adds or removes `trimtab.dev/binding` (manager `trimtab-finalizer`); the finalizers of others stay.

        An object that is gone has none. ConflictError if another object has the name, or the finalizers just changed;
        InvalidError if it is to be added to what is being deleted.
        """

    async def secret_users(self, namespace: str, secret: str) -> tuple[str, ...]:
        """What refers to a Secret, such as `Deployment/orders`: cached Deployments that ask for pods, CronJobs, Jobs
        and pods that have not ended. If there is none, a live list of the namespace's pods tells whether others' do.
        """

    async def refresh_bindings(self, microservice: Object) -> None:
        """Makes sure that the cache knows every ServiceBinding of its namespace that is older than a Microservice.

        The watches of the two kinds race, and may tell of the Microservice first.
        """

    async def ending(self, kind: str) -> bool:
        """Whether the CRD of one of our kinds is being deleted, or gone; also if there is no way to know."""

    async def dry_run(self, manifest: Object) -> Object:
        """The object as a creation would store it, with what admission adds; nothing is created."""

    async def evict(self, ref: ObjectRef, *, uid: str) -> None:
        """Asks a pod of that UID to end. ThrottledError while its PodDisruptionBudget forbids it; gone is a success."""

    async def scale(self, ref: ObjectRef, replicas: int) -> None:
        """Sets spec.replicas through the scale subresource (manager `trimtab-scale`)."""

    async def delete(self, ref: ObjectRef, *, uid: str) -> None:
        """Deletes in the background under a UID precondition. An object already gone is a success."""

    async def log_tail(self, namespace: str, pod: str, container: str, lines: int) -> str:
        """The last lines of a container's log, capped at 2 KiB; empty if there is none."""
