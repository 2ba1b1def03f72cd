"""Open-loop load from a pod: a fixed rate, kept-alive and fresh connections, GET and POST, and no failure hidden."""

import json
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.e2e.space import Space
from tests.support.kube import poll
from tests.support.kubectl import CommandError

Summary = dict[str, Any]

ON_STDERR = re.compile(r" *\d+s +sent |demo-app: ")
"""Lines that a log mixes into the summary on standard output: progress, and the error at the end."""

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

    async def begin(self) -> "Load":
        """Starts it, and returns once answers have come."""
        await self.space.kube.create(self._pod())
        await poll(self._sends, 30, f"load {self.name} gets answers", every=0.3)
        return self

    async def result(self) -> Summary:
        """Waits for its end and returns what it counted: each request is either received or failed."""
        text = await poll(self._ended, self.seconds + 30, f"load {self.name} ends", every=0.5)
        summary: Summary = json.loads("\n".join(line for line in text.splitlines() if not ON_STDERR.match(line)))
        assert summary["sent"] == summary["received"] + summary["failed"], summary
        summary["failed_at"] = _when(text)
        return summary

    async def stopped(self) -> Summary:
        """Ends it now, and returns what it counted until then."""
        # The one way to end the program of a pod and keep its log.
        await self.space.kube.patch("Pod", self.space.name, self.name, {"spec": {"activeDeadlineSeconds": 1}})
        return await self.result()

    async def _log(self) -> str:
        try:
            return await self.space.kubectl("logs", self.name)
        except CommandError:
            return ""

    async def _sends(self) -> bool:
        lines = (await self._log()).splitlines()
        return any("received" in line and "received 0 " not in line for line in lines)

    async def _ended(self) -> str:
        pod = await self.space.kube.get("Pod", self.space.name, self.name)
        ended = pod and pod["status"]["phase"] in ("Succeeded", "Failed")
        log = await self._log() if ended else ""
        return log if 'sent":' in log else ""

    def _pod(self) -> dict[str, Any]:
        args = ["load", "-url", self.url, "-rate", str(self.rate), "-duration", f"{self.seconds}s", "-progress", "1s"]
        if self.host:
            args += ["-host", self.host]
        container = {
            "name": "load",
            "image": self.image,
            "args": [*args, *self.options],
            # Without a share of the CPU of its own it would be late itself, and call the service late.
            "resources": {"requests": {"cpu": "200m", "memory": "32Mi"}},
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


def _when(log: str) -> list[int]:
    """The seconds since the begin in which requests failed, as far as progress was told."""
    told = [(int(second), int(failed)) for second, failed in re.findall(r"(?m)^ *(\d+)s +sent.* failed (\d+)", log)]
    return [second for (_, before), (second, failed) in pairwise(told) if failed > before]


def counted(summary: Summary) -> tuple[str, str, str]:
    """A summary as (measured, beside it, aim) of a figure."""
    latency = summary["latency_ms"]
    measured = f"{summary['sent']} sent, {summary['failed']} failed"
    return measured, f"p50 {latency['p50']:.0f} ms, p99 {latency['p99']:.0f} ms", "0 failed"
