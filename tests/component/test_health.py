"""Liveness, readiness and the log format."""

import asyncio
import io
import json
import logging
import time
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from trimtab.adapters.kubernetes.leadership import boot_time
from trimtab.shell import logs
from trimtab.shell.health import HealthServer, LoopLag
from trimtab.shell.vitals import MAX_WATCH_AGE, lease_gap, liveness, readiness


def deps(**parts: Any) -> Any:
    """As much of the operator as the checks look at; healthy unless told otherwise."""
    leading, primed = asyncio.Event(), asyncio.Event()
    leading.set()
    primed.set()
    healthy = {
        "leading": leading,
        "primed": primed,
        "queue": SimpleNamespace(oldest_wait=lambda: 0.0),
        "observer": SimpleNamespace(ages=lambda: {("Pod", ""): 1.0}),
        "leadership": SimpleNamespace(changed_at=boot_time(), leading=True),
        "intake": SimpleNamespace(heartbeat=time.monotonic()),
    }
    return SimpleNamespace(**{**healthy, **parts})


def problems(operator: Any, lag: LoopLag | None = None) -> set[str]:
    checks = liveness(operator, lag or LoopLag(), watch_lease=True)
    return {name for name, check in checks.items() if check()}


def test_a_healthy_operator_lives() -> None:
    assert problems(deps()) == set()


def test_a_watch_without_a_sign_of_life_is_noticed() -> None:
    silent = SimpleNamespace(ages=lambda: {("Pod", ""): MAX_WATCH_AGE + 1})
    assert problems(deps(observer=silent)) == {"watches"}


def test_a_lease_that_changes_unseen_by_the_watch_is_noticed() -> None:
    deaf = deps(intake=SimpleNamespace(heartbeat=time.monotonic() - 90))
    assert lease_gap(deaf) == pytest.approx(90, abs=1)
    assert problems(deaf) == {"lease watch"}


def test_an_api_server_that_is_away_is_no_reason_to_restart() -> None:
    away = deps(
        leadership=SimpleNamespace(changed_at=boot_time() - 300, leading=False),
        intake=SimpleNamespace(heartbeat=time.monotonic() - 301),
    )
    assert problems(away) == set()


def test_a_stuck_queue_is_noticed() -> None:
    stuck = SimpleNamespace(oldest_wait=lambda: 1e6)
    assert problems(deps(queue=stuck)) == {"queue"}


async def test_a_blocked_event_loop_is_noticed() -> None:
    lag = LoopLag()
    task = asyncio.create_task(lag.run())
    await asyncio.sleep(0)
    blocked = time.monotonic() + 1.3
    while time.monotonic() < blocked:
        pass
    while lag.worst == 0.0:
        await asyncio.sleep(0.01)
    task.cancel()
    assert lag.worst >= 0.25


def test_ready_means_primed() -> None:
    unprimed = deps(primed=asyncio.Event(), leading=asyncio.Event())
    assert readiness(unprimed)["caches"]() is not None
    assert readiness(deps(leading=asyncio.Event()))["caches"]() is None, "a standby is ready"


async def test_probes_say_what_is_wrong() -> None:
    server = HealthServer(
        "127.0.0.1", 0, live={"loop": lambda: None}, ready={"caches": lambda: "not primed"}, measure=lambda: None
    )
    port = await server.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            async with session.get("/healthz") as answer:
                assert (answer.status, await answer.text()) == (200, "ok")
            async with session.get("/readyz") as answer:
                assert (answer.status, await answer.text()) == (503, "caches: not primed")
            async with session.get("/metrics") as answer:
                assert "workqueue_depth" in await answer.text()
    finally:
        await server.stop()


@pytest.mark.parametrize("formatter", [logs.JsonFormatter(), logs.TextFormatter()], ids=["json", "text"])
def test_a_record_is_one_line_with_its_fields(formatter: logging.Formatter) -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    logger = logging.Logger("trimtab.reconcile")
    logger.addHandler(handler)
    logger.info("reconciled", extra={"fields": {"key": "Microservice/shop/orders", "reason": "two words", "writes": 3}})
    (line,) = out.getvalue().splitlines()
    if isinstance(formatter, logs.JsonFormatter):
        entry = json.loads(line)
        assert (entry["key"], entry["writes"], entry["level"]) == ("Microservice/shop/orders", 3, "info")
    else:
        assert 'reason="two words"' in line
        assert "writes=3" in line
