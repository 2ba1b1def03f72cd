"""The classes of Gateways and Ingresses, which say what an implementation can do. Read by name, and seldom.

They are cluster-scoped, so that no watch of an operator that serves only some namespaces can see them.
"""

import time
from collections.abc import Callable

from trimtab.api.microservice import MicroserviceSpec
from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.service.meta import GATEWAY_API_VERSION
from trimtab.ports.cluster import Cluster, DeniedError, KindNotServedError

LIFE = 600.0
"""Seconds after which a class is read again: an implementation that learns a feature is installed anew."""


class Classes:
    """Reads classes, and keeps what it read for a while."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._known: dict[ObjectRef, tuple[Object | None, float]] = {}

    def __len__(self) -> int:
        """How many classes are kept."""
        return len(self._known)

    async def of(self, spec: MicroserviceSpec, gateway: Object | None) -> Object | None:
        """The class of whatever exposes the service (`gateway` as read); None if there is none or we may not read it.

        Raises ClusterError.
        """
        ref = _ref(spec, gateway)
        if ref is None:
            return None
        known, until = self._known.get(ref, (None, 0.0))
        if self._clock() < until:
            return known
        try:
            found = await self._cluster.get(ref)
        except (DeniedError, KindNotServedError):
            found = None
        now = self._clock()
        self._known = {name: entry for name, entry in self._known.items() if entry[1] > now}
        self._known[ref] = (found, now + LIFE)
        return found


def _ref(spec: MicroserviceSpec, gateway: Object | None) -> ObjectRef | None:
    if spec.expose is not None and spec.expose.ingress_class_name is not None:
        named = spec.expose.ingress_class_name
        return ObjectRef(api_version="networking.k8s.io/v1", kind="IngressClass", namespace="", name=named)
    if gateway is None or not gateway["spec"].get("gatewayClassName"):
        return None
    named = gateway["spec"]["gatewayClassName"]
    return ObjectRef(api_version=GATEWAY_API_VERSION, kind="GatewayClass", namespace="", name=named)
