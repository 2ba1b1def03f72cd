"""Good and bad candidates, judged by what Envoy, Prometheus and the service itself have counted of real requests."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from tests.e2e.installation import Images
from tests.e2e.judging import (
    APP_ERRORS,
    APP_SLOW,
    CHECKOUT,
    DECIDED,
    ERRORS,
    LAG,
    ROUTED,
    SCRAPED,
    SLOW,
    Shop,
    break_pod,
    kpi,
    shop,
    side_by_side,
)
from tests.e2e.load import Summary, counted, few_late, lost, none_failed, none_lost, told
from tests.e2e.releases import holding_to_the_rules, restarts
from tests.support.figures import Figures
from tests.support.kube import Kube, Object, poll

PODS: Object = {"name": "pods", "pods": {"maxRestarts": 0}}
BY_SHARE = ("SLOBreached", "WorseThanStable")
HALF = {"strategy": {"canary": {"steps": [{"weight": "50%", "bake": "4s"}]}}}


@pytest.mark.alone
async def test_a_good_release_is_promoted_by_evidence_and_loses_no_request(
    kube: Kube, images: Images, figures: Figures
) -> None:
    async with shop(kube, images, "good", ERRORS, SLOW, ROUTED, PODS) as web, holding_to_the_rules(web.space):
        users = await web.users(rate=120)
        candidate = await web.release()
        status = await web.releases.ended("web", "Promoted", seconds=DECIDED)
        pods = await web.releases.pods_of("web", candidate)
        summary = await users.stopped()
    figures.add("release by evidence: requests", *counted(summary))
    none_failed(summary)
    assert restarts(pods) == 0
    for name in ("errors", "slow", "routed"):
        found = kpi(status, name)
        assert found["verdict"] == "Pass", found
        assert found["candidate"]["requests"] >= 30, found
        assert found["compareTo"] == "Both", "such traffic suffices"


@pytest.mark.alone
async def test_a_slow_start_and_the_service_s_own_metrics_stop_no_good_release(kube: Kube, images: Images) -> None:
    async def slow_for_its_first_seconds() -> None:
        policy = {"analysis": {"warmup": "35s"}}
        async with shop(kube, images, "warming", ERRORS, SLOW, policy=policy) as web:
            summary = await _promoted(web, {"latency": "1100ms", "duration": "30s"})
            assert summary["latency_ms"]["max"] >= 1100, "it was slow"
            none_lost(summary)

    async def by_its_own_metrics() -> None:
        kpis = (APP_ERRORS, APP_SLOW, CHECKOUT, LAG)
        async with shop(kube, images, "own-good", *kpis, podMetadata=SCRAPED) as web:
            summary = await _promoted(web, {"lag": "10s"})
            none_lost(summary)
            status = (await web.releases.get("web"))["status"]
            assert kpi(status, "checkout")["candidate"]["requests"] >= 30, status["kpis"]
            assert float(kpi(status, "lag")["candidate"]["value"]) == 10, status["kpis"]

    await side_by_side(slow_for_its_first_seconds(), by_its_own_metrics())


async def _promoted(web: Shop, faults: Mapping[str, Any]) -> Summary:
    async with holding_to_the_rules(web.space):
        users = await web.users()
        await web.release(faults)
        await web.releases.ended("web", "Promoted", seconds=DECIDED)
        return await users.stopped()


@pytest.mark.alone
async def test_candidates_that_the_proxy_sees_fail_are_aborted(kube: Kube, images: Images) -> None:
    async def twice_the_errors_that_the_slo_allows() -> None:
        async with shop(kube, images, "errors", ERRORS, SLOW, PODS) as web:
            summary = await _aborted(web, {"errorRate": 0.06}, "errors", *BY_SHARE)
            failures = lost(summary)
            assert 0 < failures.total() < 0.05 * summary["sent"], told(summary)
            assert failures["http 500"] > 0.9 * failures.total(), told(summary)
            few_late(summary)

    async def slow_answers() -> None:
        async with shop(kube, images, "slow", ERRORS, SLOW) as web:
            summary = await _aborted(web, {"latency": "1100ms", "latencyShare": 0.1}, "slow", *BY_SHARE)
            none_lost(summary)

    async def requests_that_are_never_answered() -> None:
        async with shop(kube, images, "hanging", ERRORS) as web:
            summary = await _aborted(web, {"hang": True}, "errors", *BY_SHARE)
            assert lost(summary).total() < 0.1 * summary["failed"], told(summary)
            assert 0 < summary["failed"] < 0.3 * summary["sent"], told(summary)

    async def one_bad_pod_of_two() -> None:
        async with shop(kube, images, "one-pod", ERRORS, policy=HALF, replicas=4) as web:
            summary = await _aborted(web, None, "errors", *BY_SHARE, breaking={"errorRate": 0.3})
            assert 0 < lost(summary).total() < 0.3 * summary["sent"], told(summary)

    await side_by_side(
        twice_the_errors_that_the_slo_allows(), slow_answers(), requests_that_are_never_answered(), one_bad_pod_of_two()
    )


@pytest.mark.alone
async def test_candidates_that_only_they_themselves_see_fail_are_aborted(kube: Kube, images: Images) -> None:
    async def errors_of_the_app() -> None:
        async with shop(kube, images, "app", APP_ERRORS, podMetadata=SCRAPED) as web:
            await _aborted(web, {"errorRate": 0.06}, "errors", *BY_SHARE)

    async def checkouts_that_go_wrong_while_the_answer_is_200() -> None:
        async with shop(kube, images, "checkout", ERRORS, CHECKOUT, podMetadata=SCRAPED) as web:
            summary = await _aborted(web, {"failureRate": 0.12}, "checkout", *BY_SHARE)
            none_lost(summary)

    async def a_gauge_out_of_bounds() -> None:
        async with shop(kube, images, "lag", ERRORS, LAG, podMetadata=SCRAPED) as web:
            summary = await _aborted(web, {"lag": "45s"}, "lag", "OutOfBounds")
            none_lost(summary)

    await side_by_side(errors_of_the_app(), checkouts_that_go_wrong_while_the_answer_is_200(), a_gauge_out_of_bounds())


async def _aborted(
    web: Shop,
    faults: Mapping[str, Any] | None,
    name: str,
    *reasons: str,
    breaking: Mapping[str, Any] | None = None,
) -> Summary:
    """Releases a candidate with `faults`, or with one pod that gets those of `breaking`; the KPI `name` aborts it."""
    stable = await web.releases.revision("web")
    async with holding_to_the_rules(web.space):
        users = await web.users()
        candidate = await web.release(faults)
        if breaking:
            await break_pod(web.space, (await _pods(web, candidate))[0], breaking)
        status = await web.releases.ended("web", "Aborted", seconds=DECIDED)
        summary = await users.stopped()
    record, found = status["history"][0], kpi(status, name)
    assert record["reason"] in reasons, record
    assert found["verdict"] == "Fail", found
    assert re.search(r"\d", record["message"]), "the numbers that decided"
    await web.releases.leads_to("web", stable)
    await web.releases.alone("web", stable)
    return summary


async def _pods(web: Shop, candidate: str) -> list[Object]:
    async def ready() -> list[Object]:
        return await web.releases.pods_of("web", candidate)

    found: list[Object] = await poll(ready, 240, "a pod of the candidate is ready", every=0.2)
    return found
