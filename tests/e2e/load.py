"""Open-loop load from a pod: a fixed rate, kept-alive and fresh connections, GET and POST, and no failure hidden."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import aiohttp
from tests.e2e.cpu import Ticks
from tests.e2e.space import Space
from tests.support.kube import path, poll

from shopdemo.verdict import STALLED, Summary, lost, objections, standstills

ON_STDERR = re.compile(r" *\d+s +sent |demo-app: ")
"""Lines that a log mixes into the summary on standard output: progress, and the error at the end."""

SENT = re.compile(r"(?m)^ *\d+s +sent +(\d+)")
"""What progress tells of requests."""

LONGEST = 900
"""Seconds after which load ends that nobody has stopped."""

LOST, LATE = 0.002, 0.1
"""Shares of requests that may be lost, and that may be answered after 2 s, beside other tests.

Their pods start and end on the same two cores, of which a hypervisor may take a third: routers then hear of a pod's end
when it is over, and everybody stands still for seconds. Faults of a release or of an update cost more, and always.
"""

STOLEN = 0.02
"""Share of the CPU that a hypervisor may take from a machine on which every request is to be answered: with more, all
of it stands still for longer than anything drains.
"""

__all__ = ["Load", "Summary", "counted", "few_late", "lost", "none_failed", "none_lost", "told"]

LABELS = {"app": "load"}
ALLOW = {"allowFrom": [{"podSelector": {"matchLabels": LABELS}}]}
"""The `network` of a Microservice that the load may call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One load generator: `rate` requests a second for `seconds`, every answer wanted within 2 s."""

    space: Space
    name: str
    url: str
    image: str
    host: str = ""
    rate: int = 100
    seconds: int = 30
    options: tuple[str, ...] = field(default=())
    _before: Ticks = field(default_factory=Ticks.now)

    async def begin(self) -> "Load":
        """Starts it, and returns once answers have come."""
        await self.space.kube.create(self._pod())
        await poll(self._sends, 180, f"load {self.name} gets answers", every=0.3)
        return self

    async def begin_once_reached(self) -> "Load":
        """Starts it once another one got answers: a Gateway's proxy follows a route a moment after it was confirmed."""
        scout = replace(self, name=f"{self.name}-first", rate=5, seconds=LONGEST)
        await (await scout.begin()).stopped()
        return await self.begin()

    async def result(self) -> Summary:
        """Waits for its end and returns what it counted: each request is either received or failed."""
        text, summary = await poll(self._ended, self.seconds + 180, f"load {self.name} ends", every=0.5)
        assert summary["sent"] == summary["received"] + summary["failed"], summary
        summary["failed_at"] = _when(text)
        summary["cpu"] = Ticks.now().since(self._before)
        return summary

    async def stopped(self, *, after: int = 0) -> Summary:
        """Ends it once so many requests were sent in all, and returns what it counted until then."""
        await poll(lambda: self._has_sent(after), self.seconds, f"load {self.name} has sent {after}", every=0.5)
        # The one way to end the program of a pod and keep its log.
        await self.space.kube.patch("Pod", self.space.name, self.name, {"spec": {"activeDeadlineSeconds": 1}})
        return await self.result()

    async def sent(self) -> int:
        """Requests sent so far, as it tells each second."""
        return max((int(number) for number in SENT.findall(await self._log())), default=0)

    async def _has_sent(self, number: int) -> bool:
        return not number or await self.sent() >= number

    async def _log(self) -> str:
        with suppress(aiohttp.ClientError, TimeoutError):
            async with self.space.kube.session.get(path("Pod", self.space.name, self.name, "log")) as answer:
                return await answer.text() if answer.status == 200 else ""
        return ""

    async def _sends(self) -> bool:
        lines = (await self._log()).splitlines()
        return any("received" in line and "received 0 " not in line for line in lines)

    async def _ended(self) -> tuple[str, Summary] | None:
        pod = await self.space.kube.get("Pod", self.space.name, self.name)
        if not pod or pod["status"]["phase"] not in ("Succeeded", "Failed"):
            return None
        log = await self._log()
        with suppress(json.JSONDecodeError):  # a pod past its deadline is Failed before its program has said all
            return log, json.loads("\n".join(line for line in log.splitlines() if not ON_STDERR.match(line)))
        return None

    def _pod(self) -> dict[str, Any]:
        args = ["load", "-url", self.url, "-rate", str(self.rate), "-duration", f"{self.seconds}s", "-progress", "1s"]
        if self.host:
            args += ["-host", self.host]
        container = {
            "name": "load",
            "image": self.image,
            "args": [*args, *self.options],
            # Without a share of the CPU of its own it would be late itself, and call the service late.
            "resources": {"requests": {"cpu": "100m", "memory": "32Mi"}},
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"namespace": self.space.name, "name": self.name, "labels": LABELS},
            "spec": {
                "restartPolicy": "Never",
                "automountServiceAccountToken": False,
                "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [container],
            },
        }


def none_lost(summary: Summary) -> None:
    """Fails if more than `LOST` of all requests were refused, cut off or answered wrongly, or more than `LATE` late.

    For tests that run side by side; what a release or an update by itself costs, those tell that are marked `alone`.
    """
    _judge(summary, LOST, LATE)


def few_late(summary: Summary) -> None:
    """Fails if more than `LATE` of all requests were answered after 2 s, or never."""
    _judge(summary, 1.0, LATE)


def none_failed(summary: Summary) -> None:
    """Fails if a single request was refused, cut off or answered wrongly, or more than `STALLED` of them late.

    For tests that have the machine to themselves; if a hypervisor took it from them, what `none_lost` says must do.
    """
    if summary["cpu"]["steal"] > STOLEN:
        none_lost(summary)
        return
    _judge(summary, 0.0, STALLED)


def _judge(summary: Summary, lost_share: float, late_share: float) -> None:
    found = objections(summary, lost_share=lost_share, late_share=late_share)
    assert not found, f"{'; '.join(found)}. {told(summary)}"


def kept_pace(summary: Summary, rate: int) -> None:
    """Fails if fewer requests a second were sent, a standstill left out, after which all that was due is sent at once.

    One at the end of a load lengthens it, and no more is sent.
    """
    seconds = summary["seconds"] - summary["max_standstill_ms"] / 1000
    assert summary["sent"] >= rate * seconds, told(summary)


def told(summary: Summary) -> str:
    """What failed, when, and what the machine was doing."""
    what = f"{summary['failed']} of {summary['sent']} failed, in the seconds {summary['failed_at']}"
    cpu = f"of the CPU {summary['cpu']['idle']:.0%} was idle, {summary['cpu']['steal']:.0%} taken by others"
    still = standstills(summary) or "none late for a standstill"
    return f"{what}: {summary['failures']}, {still}, {summary['latency_ms']}; {cpu}"


def _when(log: str) -> list[int]:
    """The seconds since the begin in which requests failed, as far as progress was told."""
    told = [(int(second), int(failed)) for second, failed in re.findall(r"(?m)^ *(\d+)s +sent.* failed (\d+)", log)]
    return [second for (_, before), (second, failed) in pairwise(told) if failed > before]


def counted(summary: Summary) -> tuple[str, str, str]:
    """A summary as (measured, beside it, aim) of a figure."""
    latency = summary["latency_ms"]
    measured = f"{summary['sent']} sent, {summary['failed']} failed"
    return measured, f"p50 {latency['p50']:.0f} ms, p99 {latency['p99']:.0f} ms", "0 failed"
