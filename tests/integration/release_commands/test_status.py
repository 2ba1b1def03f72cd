"""`trimtab release status`, `watch` and `history` against a real API server."""

import asyncio
import json
from collections.abc import Callable

from tests.integration.release_commands.operator import CANDIDATE, Operator
from tests.support.cli import start, trimtab


async def line(process: asyncio.subprocess.Process, until: Callable[[str], bool]) -> str:
    """The first line of output that fits."""
    assert process.stdout is not None
    async with asyncio.timeout(120):
        while text := (await process.stdout.readline()).decode():
            if until(text):
                return text
    raise AssertionError("the command ended before")


async def test_status_is_a_picture(operator: Operator) -> None:
    code, output = await trimtab("release", "status", "orders", "-n", operator.space)
    assert code == 0, output
    assert output.splitlines()[0] == f"{operator.space}/orders  Progressing  step 1/2  release {CANDIDATE}"
    assert "25% wanted, 25% in effect" in output
    assert "\x1b" not in output
    assert max(len(each) for each in output.splitlines()) <= 80


async def test_status_of_nothing_says_where_it_looked(operator: Operator) -> None:
    for command in ("status", "watch", "history", "pause", "retry"):
        code, output = await trimtab("release", command, "nobody", "-n", operator.space)
        assert code == 1
        assert f"no CanaryRelease 'nobody' in namespace '{operator.space}'" in output
        assert "Traceback" not in output


async def test_status_waits_for_the_outcome(operator: Operator) -> None:
    process = await start(
        "release", "status", "orders", "-n", operator.space, "--wait", "--timeout", "120s", "-o", "json"
    )
    await operator.step(2)
    await operator.promote()
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert json.loads(output)["outcome"] == "Done"


async def test_status_gives_up_waiting(operator: Operator) -> None:
    code, output = await trimtab("release", "status", "orders", "-n", operator.space, "--wait", "--timeout", "1s")
    assert code == 5
    assert "Progressing" in output


async def test_watch_tells_each_change_and_ends_with_the_outcome(operator: Operator) -> None:
    process = await start("release", "watch", "orders", "-n", operator.space)
    await line(process, lambda text: "step 1/2, weight 25%" in text)
    await operator.step(2)
    await line(process, lambda text: "step 2/2, weight 50%" in text)
    await operator.abort()
    await line(process, lambda text: "Aborted: orders was rejected" in text)
    assert await process.wait() == 3


async def test_watch_as_json_is_one_object_a_line(operator: Operator) -> None:
    process = await start("release", "watch", "orders", "-n", operator.space, "-o", "json")
    await line(process, lambda text: json.loads(text)["step"] == 1)
    await operator.promote()
    last = await line(process, lambda text: json.loads(text)["phase"] == "Promoted")
    assert json.loads(last)["outcome"] == "Done"
    assert await process.wait() == 0


async def test_a_deleted_release_ends_the_watch(operator: Operator) -> None:
    process = await start("release", "watch", "orders", "-n", operator.space)
    await line(process, lambda text: "step 1/2" in text)
    await operator.kube.delete("CanaryRelease", operator.space, "orders")
    assert await process.wait() == 1


async def test_history_is_what_the_status_holds(operator: Operator) -> None:
    record = {
        "releaseID": "old",
        "outcome": "Aborted",
        "reason": "NotReady",
        "versions": [{"name": "orders", "version": "1.4.1"}],
        "startedAt": "2026-01-02T03:04:05Z",
        "endedAt": "2026-01-02T03:05:05Z",
    }
    await operator.say("CanaryRelease", history=[record])
    code, output = await trimtab("release", "history", "orders", "-n", operator.space)
    assert code == 0
    assert "Aborted     old  orders 1.4.1  took 1m" in output
    _, output = await trimtab("release", "history", "orders", "-n", operator.space, "-o", "json")
    assert json.loads(output)[0]["reason"] == "NotReady"
