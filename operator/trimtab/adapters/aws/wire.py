"""What happens around each request on the wire, retries included: the fence before it, and the account of it after.

It hangs on botocore's events, which are sent in the thread of the call:
https://docs.aws.amazon.com/boto3/latest/guide/events.html
"""

import logging
import threading
import time
from typing import Any

from trimtab.adapters.aws import metrics
from trimtab.adapters.aws.acting import Stage
from trimtab.adapters.aws.actions import action, is_read
from trimtab.adapters.aws.codes import absent, meaning
from trimtab.ports.cloud import CloudError, CloudLeaseLostError, CloudThrottledError
from trimtab.ports.lease import Lease

logger = logging.getLogger("trimtab.aws")

MIN_LEASE = 5.0
"""Seconds of lease below which nothing is written: what is left at the renew deadline. A request is on its way within
the time that a connection may take, and so before another process can lead."""


class Wire:
    """Watches one client of a service in a region. `stage` knows whose a request is."""

    def __init__(self, service: str, region: str, stage: Stage, lease: Lease) -> None:
        self._service = service
        self._region = region
        self._stage = stage
        self._lease = lease
        self._began = threading.local()

    def attach(self, client: Any) -> None:
        """From now on."""
        events = client.meta.events
        events.register_first("before-send", self._before)
        events.register_first("needs-retry", self._after)
        if self._service == "s3":
            events.register("provide-client-params.s3", self._owner)

    def _before(self, event_name: str, **_: Any) -> None:
        write = not is_read(event_name.rpartition(".")[2])
        if write:
            fence(self._lease)
        lane = self._stage.actor.lane
        (lane.writes if write else lane.reads).take()
        self._began.at = time.perf_counter()

    def _after(self, event_name: str, response: Any = None, caught_exception: Any = None, **_: Any) -> None:
        """botocore asks after each attempt whether to repeat it; we have no opinion."""
        if isinstance(caught_exception, CloudError):
            return  # it was not sent
        operation, actor = event_name.rpartition(".")[2], self._stage.actor
        outcome, request_id, throttled = self._judge(operation, response)
        if throttled:
            (actor.lane.reads if is_read(operation) else actor.lane.writes).slow()
        seconds = time.perf_counter() - self._began.at
        metrics.REQUESTS.labels(self._service, operation, outcome).inc()
        metrics.SECONDS.labels(self._service).observe(seconds)
        fields = {
            "action": action(self._service, operation),
            "outcome": outcome,
            "request_id": request_id,
            "duration_ms": round(seconds * 1000),
            "region": self._region,
            "account": actor.role.account,
            "namespace": actor.role.namespace,
        }
        logger.log(logging.DEBUG if is_read(operation) else logging.INFO, "aws", extra={"fields": fields})

    def _judge(self, operation: str, response: Any) -> tuple[str, str, bool]:
        if response is None:
            return "unavailable", "", False
        http, parsed = response
        request_id = str(parsed.get("ResponseMetadata", {}).get("RequestId", ""))
        if http.status_code < 300:
            return "success", request_id, False
        error = parsed.get("Error", {})
        code = str(error.get("Code", ""))
        if absent(code):
            return "absent", request_id, False
        kind = meaning(self._service, operation, code, http.status_code, str(error.get("Message", "")))
        outcome = kind.__name__.removeprefix("Cloud").removesuffix("Error").lower()
        return outcome, request_id, kind is CloudThrottledError

    def _owner(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        """A bucket's name may be another account's: then S3 is to refuse, instead of telling us about theirs."""
        if model.input_shape is not None and "ExpectedBucketOwner" in model.input_shape.members:
            params.setdefault("ExpectedBucketOwner", self._stage.actor.role.account)


def fence(lease: Lease) -> None:
    """Raises CloudLeaseLostError unless a write may be sent now."""
    remaining = lease.remaining()
    if remaining < MIN_LEASE:
        raise CloudLeaseLostError(f"not sent: {max(remaining, 0.0):.1f} s are left of the lease")
