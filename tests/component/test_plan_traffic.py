"""The traffic that a plan is made for, as a Prometheus has it."""

from typing import Any

import click
import pytest
from tests.component.prometheus_server import ARM, Server, series, server, success, text

from trimtab.api.canaryrelease import CanaryReleaseSpec
from trimtab.cli.release.traffic import of_prometheus
from trimtab.domain.release.counting.counters import Arm

__all__ = ["server"]

SPEC = CanaryReleaseSpec.model_validate(
    {
        "targets": [{"name": "orders"}],
        "strategy": {"canary": {"steps": [{"weight": "50%", "bake": "1m"}]}},
        "kpis": [{"name": "errors", "requests": {"successRate": "99%"}}, {"name": "pods", "pods": {}}],
    }
)
SERVICE: dict[str, Any] = {
    "metadata": {"namespace": "shop", "name": "orders"},
    "spec": {},
    "status": {"stableRevision": ARM.revision},
}
DIRECT = Arm(ARM.namespace, ARM.microservice, ARM.revision, "direct")


def failures(*values: str, pod: str = "one") -> dict[str, Any]:
    return series(ARM, *values, pod=pod, __name__="envoy_http_downstream_rq_xx", envoy_response_code_class="5")


async def test_requests_of_all_pods_are_a_rate_and_those_that_failed_a_share(server: Server) -> None:
    server.answer = success(
        series(ARM, "1000", "1200", "1400"),
        series(ARM, "0", "100", "300", pod="two"),
        series(DIRECT, "5", "6", "7"),
        failures("10", "14", "18"),
    )
    load = await of_prometheus(SPEC, [SERVICE], f"http://127.0.0.1:{server.port}")
    assert load.rate == pytest.approx(35.0), "400 and 300 in twenty seconds; fewer came by the other way"
    assert load.failing[0] == pytest.approx(9 / 900), "8 failures, and half of the bound before there are many"
    assert load.pods == 2


async def test_a_pod_that_began_anew_counts_on(server: Server) -> None:
    server.answer = success(series(ARM, "1000", "1200", "50"))
    load = await of_prometheus(SPEC, [SERVICE], f"http://127.0.0.1:{server.port}")
    assert load.rate == pytest.approx(250 / 20)


async def test_without_requests_there_is_nothing_to_plan_by(server: Server) -> None:
    server.answer = success()
    with pytest.raises(click.ClickException, match="no requests were counted"):
        await of_prometheus(SPEC, [SERVICE], f"http://127.0.0.1:{server.port}")


async def test_a_store_that_does_not_answer_is_no_traffic_of_zero(server: Server) -> None:
    server.answer = text("no", status=503)
    with pytest.raises(click.ClickException, match="Prometheus could not be read"):
        await of_prometheus(SPEC, [SERVICE], f"http://127.0.0.1:{server.port}")


async def test_a_service_that_never_served_has_none(server: Server) -> None:
    with pytest.raises(click.ClickException, match="has no stable revision yet"):
        await of_prometheus(SPEC, [{**SERVICE, "status": {}}], f"http://127.0.0.1:{server.port}")
