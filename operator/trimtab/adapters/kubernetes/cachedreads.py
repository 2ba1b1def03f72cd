"""The part of the cluster port that the informer cache answers, without a request."""

from collections.abc import Iterable

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.kinds import BINDING_POLICY, NAMESPACE, SERVICE_BINDING
from trimtab.domain.objects import Object, ObjectRef


class CachedReads:
    """See trimtab.ports.cluster."""

    def __init__(self, cache: ObjectCache) -> None:
        self._cache = cache

    def cached(self, ref: ObjectRef) -> Object | None:
        """See the port."""
        return self._cache.get(ref)

    def children(self, owner_uid: str) -> Iterable[Object]:
        """See the port."""
        return self._cache.owned_by(owner_uid)

    def pods(self, namespace: str, microservice: str) -> Iterable[Object]:
        """See the port."""
        return self._cache.pods_of(namespace, microservice)

    def endpoint_slices(self, namespace: str, microservice: str) -> Iterable[Object]:
        """See the port."""
        return self._cache.endpoint_slices_of(namespace, microservice)

    def policies(self, namespace: str, microservice: str = "") -> Iterable[Object]:
        """See the port."""
        return self._cache.policies_of(namespace, microservice)

    def bindings(self, namespace: str = "", microservice: str = "") -> Iterable[Object]:
        """See the port."""
        if not namespace:
            return self._cache.of_kind(SERVICE_BINDING.kind)
        return self._cache.bindings_of(namespace, microservice)

    def workloads(self, binding: Object) -> Iterable[Object]:
        """See the port."""
        return self._cache.workloads_of(binding)

    def binding_policies(self) -> Iterable[Object]:
        """See the port."""
        return sorted(self._cache.of_kind(BINDING_POLICY.kind), key=lambda each: str(each["metadata"]["name"]))

    def namespace(self, name: str) -> Object | None:
        """See the port."""
        return self._cache.get(NAMESPACE.ref("", name))
