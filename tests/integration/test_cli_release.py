"""`trimtab release` and `trimtab platform` against a real API server; the tests write what the operator would."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest_asyncio
from tests.support.cli import start, trimtab
from tests.support.kube import Kube, Object, namespace

from trimtab.domain.release.judging.ledger import Entry, Totals, appended

STABLE, CANDIDATE = "a1b2c3d4e5", "g5tme2hiyb"
API = "trimtab.dev/v1alpha1"


class Operator:
    """What the operator would write about one release of `orders`."""

    def __init__(self, kube: Kube, space: str) -> None:
        self.kube = kube
        self.space = space

    async def begin(self) -> None:
        metadata = {"name": "orders", "namespace": self.space}
        spec = {
            "targets": [{"name": "orders"}],
            "strategy": {"canary": {"steps": [{"weight": "25%", "bake": "2m"}, {"weight": "50%", "bake": "2m"}]}},
            "kpis": [{"name": "pods", "pods": {"maxRestarts": 0}}],
        }
        image = {"image": "registry.example/orders:1.4.2"}
        await self.kube.apply({"apiVersion": API, "kind": "Microservice", "metadata": metadata, "spec": image})
        await self.kube.apply({"apiVersion": API, "kind": "CanaryRelease", "metadata": metadata, "spec": spec})
        await self.say("Microservice", revision=CANDIDATE, stableRevision=STABLE)
        await self.step(1)

    async def step(self, number: int) -> None:
        target = {"name": "orders", "stable": STABLE, "candidate": CANDIDATE}
        await self.say("Microservice", release={"weight": f"{25 * number}%"})
        message = f"step {number} of 2, at {25 * number} %: bakes"
        await self.say(
            "CanaryRelease",
            phase="Progressing",
            releaseID=CANDIDATE,
            step=number,
            steps=2,
            position=f"{number}/2",
            weight=f"{25 * number}%",
            targets=[target],
            conditions=[condition("False", "Progressing", message)],
        )

    async def promote(self) -> None:
        await self.say(
            "CanaryRelease",
            phase="Promoted",
            targets=[{"name": "orders", "stable": CANDIDATE, "stableVersion": "1.4.2"}],
            conditions=[condition("True", "Promoted", "the newest revision is stable")],
        )

    async def abort(self) -> None:
        rejected = {"revision": CANDIDATE, "reason": "NotReady", "at": "2026-01-02T03:04:05Z"}
        await self.say(
            "CanaryRelease",
            phase="Aborted",
            targets=[{"name": "orders", "stable": STABLE, "rejected": rejected}],
            conditions=[condition("False", "Aborted", "orders was rejected")],
        )

    async def say(self, kind: str, name: str = "orders", **status: Any) -> None:
        resource = await self.kube.get(kind, self.space, name)
        assert resource is not None
        patch = {"status": {"observedGeneration": resource["metadata"]["generation"], **status}}
        await self.kube.patch(kind, self.space, name, patch, "status")

    async def annotation(self, name: str, kind: str = "CanaryRelease", of: str = "orders") -> str:
        """The value of an annotation, as soon as it is there."""
        found = await self.kube.list(kind, self.space)
        for item in found["items"]:
            if item["metadata"]["name"] == of and (value := item["metadata"].get("annotations", {}).get(name)):
                return str(value)
        async for _, item in self.kube.watch(kind, self.space, since=found["metadata"]["resourceVersion"]):
            if item["metadata"]["name"] == of and (value := item["metadata"].get("annotations", {}).get(name)):
                return str(value)
        raise AssertionError(f"nobody has set {name}")

    @asynccontextmanager
    async def answering(self, result: str, message: str) -> AsyncIterator[asyncio.Task[str]]:
        """Answers the next verb; the task's result is its value."""
        task = asyncio.create_task(self._answer(result, message))
        try:
            yield task
        finally:
            task.cancel()

    async def _answer(self, result: str, message: str) -> str:
        async with asyncio.timeout(20):
            value = await self.annotation("trimtab.dev/release")
        await self.say("CanaryRelease", verb={"value": value, "result": result, "message": message})
        return value


def condition(status: str, reason: str, message: str) -> Object:
    return {
        "type": "Ready",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-01-02T03:04:05Z",
        "observedGeneration": 1,
    }


@pytest_asyncio.fixture
async def operator(kube: Kube) -> AsyncIterator[Operator]:
    async with namespace(kube, f"release-{uuid.uuid4().hex[:8]}") as space:
        made = Operator(kube, space)
        await made.begin()
        yield made


async def line(process: asyncio.subprocess.Process, until: Callable[[str], bool]) -> str:
    """The first line of output that fits."""
    assert process.stdout is not None
    async with asyncio.timeout(20):
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
        "release", "status", "orders", "-n", operator.space, "--wait", "--timeout", "30s", "-o", "json"
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


def ledger(ticks: int, bad: int) -> str:
    """Ticks of the last step, each with two hundred requests of each revision."""
    packed = ""
    for number in range(ticks):
        counts = {"candidate": Totals(200, bad, 4), "stable": Totals(200, 1, 4)}
        entry = Entry(
            t=10 * (number + 1),
            seconds=10,
            step=2,
            weight=50,
            compared=True,
            counts=True,
            finding=0,
            abort=0,
            promote=0,
            **counts,
        )
        packed = appended(packed, entry)
    return packed


async def counted(operator: Operator, bad: int) -> None:
    """A release that has been judged by its errors so far."""
    release = await operator.kube.get("CanaryRelease", operator.space, "orders")
    assert release is not None
    kpis = [*release["spec"]["kpis"], {"name": "errors", "requests": {"successRate": "99%"}}]
    await operator.kube.patch("CanaryRelease", operator.space, "orders", {"spec": {"kpis": kpis}})
    verdict = {"target": "orders", "name": "errors", "verdict": "Insufficient", "compareTo": "Both"}
    await operator.say("CanaryRelease", kpis=[{**verdict, "ledger": ledger(60, bad)}])


async def test_a_release_is_judged_anew_by_what_it_has_counted(operator: Operator) -> None:
    await counted(operator, bad=12)
    code, output = await trimtab("release", "replay", "orders", "-n", operator.space)
    assert code == 0, output
    assert "decided   nothing yet (Progressing)" in output
    assert "replayed  Abort after" in output
    lenient = ("--set", "kpis.errors.successRate=70%", "--set", "analysis.compareTo=SLO")
    code, output = await trimtab("release", "replay", "orders", "-n", operator.space, *lenient, "--ticks", "-o", "json")
    assert code == 0, output
    found = json.loads(output)
    assert found["replayed"]["verdict"] == "Promote"
    assert found["ticks"][0]["candidate"] == {"requests": 200, "failed": 12}


async def test_a_release_is_planned_by_what_it_has_counted(operator: Operator) -> None:
    await counted(operator, bad=1)
    code, output = await trimtab(
        "release",
        "plan",
        "orders",
        "-n",
        operator.space,
        "--runs",
        "20",
        "--set",
        "analysis.deadline=30m",
        "-o",
        "json",
    )
    assert code == 0, output
    found = json.loads(output)
    assert found["traffic"]["requestsPerSecond"] == 40
    assert found["good"]["promoted"] + found["good"]["undecided"] >= 0.9


async def test_what_has_counted_nothing_says_so(operator: Operator) -> None:
    for command in ("replay", "plan"):
        code, output = await trimtab("release", command, "orders", "-n", operator.space)
        assert code == 1
        assert "Traceback" not in output


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


async def test_without_a_canary_release_retry_is_said_to_the_microservice(operator: Operator) -> None:
    await operator.kube.delete("CanaryRelease", operator.space, "orders")
    await operator.say(
        "Microservice",
        rejectedRevisions=[{"revision": CANDIDATE, "reason": "ReleasePolicyDeleted", "at": "2026-01-02T03:04:05Z"}],
    )
    process = await start("release", "retry", "orders", "-n", operator.space)
    async with asyncio.timeout(20):
        value = await operator.annotation("trimtab.dev/release", "Microservice")
    assert value.startswith(f"retry/{CANDIDATE}/")
    await operator.say(
        "Microservice", release={"verb": {"value": value, "result": "Accepted", "message": "rolled out"}}
    )
    output, _ = await process.communicate()
    assert (process.returncode, output) == (0, b"rolled out\n")


async def platform(operator: Operator, name: str, revision: str = "old", version: str = "p1") -> None:
    if await operator.kube.get("Microservice", operator.space, name) is None:
        metadata = {"name": name, "namespace": operator.space}
        spec = {"image": "registry.example/any:1"}
        await operator.kube.apply({"apiVersion": API, "kind": "Microservice", "metadata": metadata, "spec": spec})
    await operator.say(
        "Microservice",
        name,
        revision=revision,
        stableRevision=revision,
        platform={"version": version, "available": "p2" if version != "p2" else ""},
        conditions=[condition("True", "Available", "")],
    )


async def test_a_platform_upgrade_moves_one_service_after_another(operator: Operator) -> None:
    for name in ("a", "b"):
        await platform(operator, name)
    _, output = await trimtab("platform", "upgrade", "-n", operator.space, "--dry-run")
    assert output.splitlines() == [f"{operator.space}/{name}  would move to p2" for name in ("a", "b")]
    process = await start("platform", "upgrade", "-n", operator.space, "--timeout", "30s")
    for name in ("a", "b"):
        async with asyncio.timeout(20):
            assert await operator.annotation("trimtab.dev/platform", "Microservice", name) == "p2"
        if name == "a":
            later = await operator.kube.get("Microservice", operator.space, "b")
            assert "annotations" not in (later or {})["metadata"]
        await platform(operator, name, "new", "p2")
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert output.decode().splitlines()[-1] == f"{operator.space}/b  done"
    code, output = await trimtab("platform", "upgrade", "-n", operator.space)
    assert (code, output) == (0, "all services are on the present platform version\n")
