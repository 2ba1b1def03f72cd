"""The provider without a router: the share of pods behind the service's address is the share of connections."""

from collections.abc import Iterable, Mapping

from trimtab.domain.objects import Object, ObjectRef
from trimtab.domain.traffic.provider import Live, Routing


class Replicas:
    """Makes no objects: the address and the numbers of pods are the whole of it, and its caller sees to both."""

    name = "Replicas"
    routed = False
    kinds: frozenset[tuple[str, str]] = frozenset()

    def manifests(self, routing: Routing) -> tuple[Object, ...]:
        """None."""
        return ()

    def live(self, routing: Routing, children: Mapping[ObjectRef, Object]) -> Live | None:
        """There is never a route."""
        return None

    def problem(self, routing: Routing, served: Iterable[tuple[str, str]], gateway_class: Object | None) -> str:
        """Without a router nobody can look into a request, copy it or remember its client."""
        wanted = {
            "A/B matches": bool(routing.matches),
            "mirroring": bool(routing.mirror),
            "affinity": bool(routing.cookie_max_age),
        }
        missing = [feature for feature, asked in wanted.items() if asked]
        if not missing:
            return ""
        return f"provider Replicas has no router, so it cannot do {' or '.join(missing)}: use GatewayAPI or Istio"
