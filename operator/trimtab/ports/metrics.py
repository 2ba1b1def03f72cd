"""Counters and gauges, read from a metrics store."""

from collections.abc import Collection
from typing import Protocol

from trimtab.domain.release.counting.counters import Arm, Reading
from trimtab.domain.release.counting.meters import Meter


class Metrics(Protocol):
    """Reads what was exported. Absence of data is an answer (no series), never an error, and never a zero."""

    async def read(self, arms: Collection[Arm], meters: Collection[Meter], window: float) -> Reading:
        """The raw samples of the last `window` seconds, for all arms and meters at once, within ten seconds.

        Of an arm: requests started, as the proxies of its pods count them. Of a meter, by its measure's source:

        - `Proxy`: the listener of the arm, in each pod; also connections.
        - `App`: the service itself, in each pod, by OpenTelemetry's semantic conventions for HTTP servers; it does not
          know listeners, so both of a revision's arms have the same counts.
        - `Contour`, `EnvoyGateway`, `Istio`, `NGINX`: the router in front, in each pod of the router; what it sent to
          the arm's own address. Requests by other ways do not count.
        - `Attempts` and `Level`: the service's own metrics, in each pod; no listeners either.
        - `Expression`: what the query gives for the revision, of no pod; only if the administrator allows queries.

        Meant for what all releases together need: the number of queries depends on series, not on releases. `at` is
        not later than the moment up to which the samples are complete. Never raises: what could not be read is in
        `failed` or `unread`, with a short message that is safe to show.
        """
