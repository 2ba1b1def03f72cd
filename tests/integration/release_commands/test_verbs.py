"""Release verbs by command against a real API server, answered as the operator would."""

import asyncio

from tests.integration.release_commands.operator import CANDIDATE, Operator
from tests.support.cli import start, trimtab


async def test_a_verb_that_is_accepted(operator: Operator) -> None:
    for command, verb in (("pause", "pause"), ("resume", "resume"), ("abort", "abort"), ("retry", "retry")):
        await operator.kube.patch(
            "CanaryRelease", operator.space, "orders", {"metadata": {"annotations": {"trimtab.dev/release": None}}}
        )
        async with operator.answering("Accepted", f"{verb}: so be it") as answered:
            code, output = await trimtab("release", command, "orders", "-n", operator.space)
            assert (code, output) == (0, f"{verb}: so be it\n")
            assert (await answered).startswith(f"{verb}/{CANDIDATE}/")


async def test_promote_full_is_a_verb_of_its_own(operator: Operator) -> None:
    async with operator.answering("Accepted", "all traffic moves, unjudged") as answered:
        code, _ = await trimtab("release", "promote", "--full", "orders", "-n", operator.space)
        assert code == 0
        assert (await answered).startswith(f"promote-full/{CANDIDATE}/")


async def test_a_verb_that_is_refused(operator: Operator) -> None:
    async with operator.answering("Refused", "NothingToPromote: no step waits for an approval now"):
        code, output = await trimtab("release", "promote", "orders", "-n", operator.space)
    assert code == 4
    assert "NothingToPromote" in output


async def test_without_a_canary_release_retry_is_said_to_the_microservice(operator: Operator) -> None:
    await operator.kube.delete("CanaryRelease", operator.space, "orders")
    await operator.say(
        "Microservice",
        rejectedRevisions=[{"revision": CANDIDATE, "reason": "ReleasePolicyDeleted", "at": "2026-01-02T03:04:05Z"}],
    )
    process = await start("release", "retry", "orders", "-n", operator.space)
    async with asyncio.timeout(120):
        value = await operator.annotation("trimtab.dev/release", "Microservice")
    assert value.startswith(f"retry/{CANDIDATE}/")
    await operator.say(
        "Microservice", release={"verb": {"value": value, "result": "Accepted", "message": "rolled out"}}
    )
    output, _ = await process.communicate()
    assert (process.returncode, output) == (0, b"rolled out\n")
