"""A cluster full of ServiceBindings: their calls to AWS when all are made at once, and when nothing happens."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio
from tests.perf.burst import make_namespace, remove_namespace, settle
from tests.perf.test_scale import busy, quiet
from tests.support.audit import AuditLog, Request
from tests.support.aws import ACCOUNT, REGION, Aws, Fault, Proxy
from tests.support.aws_faults import rate
from tests.support.aws_wire import Call
from tests.support.figures import Figures
from tests.support.kube import Kube, Object
from tests.support.operator import AGENTS, running

API = "trimtab.dev/v1alpha1"
BURST, MANY = "perf-bindings-burst", "perf-bindings"
LIMIT = 10
"""Requests per second to SQS that the emulator lets pass in the burst. Its bucket holds those of two seconds: the
operator begins as many looks in a second as it has tokens, and a look takes three calls.
"""

CAREFUL = {"TRIMTAB_AWS_READ_RATE": "6", "TRIMTAB_AWS_WRITE_RATE": "3"}
"""What an administrator sets for such a limit: together below it."""

FAST = {"TRIMTAB_AWS_READ_RATE": "1000", "TRIMTAB_AWS_WRITE_RATE": "1000"}
USUAL_POLL, SHORT_POLL = 600, 60
"""Seconds between two looks at an unchanged resource: the default, and that of the window that is measured. Looks are
evenly spread, so that the emulator, which manages some 100 requests a second, keeps up with 1,000 bindings.
"""

LOOK = "GetQueueAttributes"
"""What a look at a queue calls once, whatever is known of it."""

LIST = "GetResources"
"""What tells the tags of 100 resources."""


@dataclass(frozen=True, slots=True)
class Burst:
    """`count` bindings made at once under the limit: until all are Ready, in seconds, and the calls that it took."""

    count: int
    seconds: float
    calls: Sequence[Call]


@dataclass(frozen=True, slots=True)
class Idle:
    """`count` bindings with nothing to do.

    Memory is the operator's resident bytes: with all, before any, and with the first one.

    `quiet` are the calls to AWS and `requests` those to the API server in `seconds` without a poll; `polled` and
    `fetched` those of a restarted operator in SHORT_POLL seconds in which each binding is looked at every SHORT_POLL.
    `restart` are its calls until it had looked at all.
    """

    count: int
    memory: int
    empty_memory: int
    one_memory: int
    seconds: float
    quiet: Sequence[Call]
    requests: Sequence[Request]
    restart: Sequence[Call]
    polled: Sequence[Call]
    fetched: Sequence[Request]


def policy(namespace: str) -> Object:
    spec = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "services": ["sqs"],
        "regions": [REGION],
        "roleARN": f"arn:aws:iam::{ACCOUNT}:role/trimtab",
        "namePrefix": "perf-",
        "maxBindings": 10000,
    }
    return {"apiVersion": API, "kind": "BindingPolicy", "metadata": {"name": namespace}, "spec": spec}


def bindings(namespace: str, count: int) -> list[Object]:
    spec = {"sqs": {"visibilityTimeout": "45s"}}
    names = (f"queue-{i}" for i in range(count))
    return [
        {"apiVersion": API, "kind": "ServiceBinding", "metadata": {"namespace": namespace, "name": n}, "spec": spec}
        for n in names
    ]


@pytest.fixture(scope="module")
def emulator(aws_emulator: Aws) -> Iterator[Aws]:
    aws_emulator.reset()
    yield aws_emulator
    aws_emulator.reset()


def queues_only(fault: Fault) -> Fault:
    """Limits of AWS are for each service."""
    return lambda call, proceed: fault(call, proceed) if call.service == "sqs" else None


async def permit(kube: Kube, namespace: str) -> None:
    """A new namespace whose bindings are permitted."""
    await make_namespace(kube, namespace)
    await kube.apply(policy(namespace))


async def remove(kube: Kube, namespace: str) -> None:
    """Its end, for which an operator has to run; what it held is kept in AWS."""
    await remove_namespace(kube, namespace)
    await kube.delete("BindingPolicy", "", namespace)


@pytest_asyncio.fixture(scope="module")
async def burst(kube: Kube, emulator: Aws, full: bool, tmp_path_factory: pytest.TempPathFactory) -> Burst:
    count, log = 200 if full else 30, tmp_path_factory.mktemp("burst") / "log"
    with emulator.proxy() as proxy:
        async with running(log, env=proxy.env | CAREFUL):
            await permit(kube, BURST)
            proxy.faults = [queues_only(rate(LIMIT, burst=2 * LIMIT))]
            seconds = await settle(kube, bindings(BURST, count), 600)
            calls = list(proxy.calls)
            proxy.faults = []
        async with running(log, env=proxy.env | FAST):
            await remove(kube, BURST)
    return Burst(count, seconds, calls)


@pytest_asyncio.fixture(scope="module")
async def idle(
    kube: Kube, audit: AuditLog, emulator: Aws, full: bool, tmp_path_factory: pytest.TempPathFactory
) -> Idle:
    count, logs = 1000 if full else 100, tmp_path_factory.mktemp("idle")
    seconds = 60 if full else 20
    with emulator.proxy() as proxy:
        # That a thousand of them are made and told takes longer than the default, after which the looks begin.
        async with running(logs / "first", env=proxy.env | FAST | {"TRIMTAB_RESYNC": "6h"}) as operator:
            await permit(kube, MANY)
            await quiet(audit)
            empty_memory = operator.resident()
            first, *others = bindings(MANY, count)
            await settle(kube, [first], 60)
            await quiet(audit)
            one_memory = operator.resident()
            await settle(kube, others, 600)
            await quiet(audit, limit=900)  # Events have a pace of their own, 5 a second
            memory = operator.resident()
            still, requests = await _window(proxy, audit, seconds)
        proxy.forget()
        settings = FAST | {"TRIMTAB_RESYNC": f"{SHORT_POLL}s"}
        async with running(logs / "second", env=proxy.env | settings) as operator:
            await _looked_at(proxy, count)
            restart = list(proxy.calls)
            polled, fetched = await _window(proxy, audit, SHORT_POLL)
            await remove(kube, MANY)
    return Idle(count, memory, empty_memory, one_memory, seconds, still, requests, restart, polled, fetched)


async def _window(proxy: Proxy, audit: AuditLog, seconds: float) -> tuple[list[Call], list[Request]]:
    """All calls to AWS, and all requests to the API server beyond watches and lease, in so many seconds."""
    proxy.forget()
    mark = audit.mark()
    await asyncio.sleep(seconds)
    return list(proxy.calls), busy(audit.since(mark, *AGENTS))


async def _looked_at(proxy: Proxy, count: int) -> None:
    async with asyncio.timeout(600):
        while proxy.count(LOOK) < count:
            await asyncio.sleep(0.2)


def told(calls: Iterable[Call]) -> str:
    """How often each operation was called."""
    return ", ".join(f"{n} {name}" for name, n in Counter(call.operation for call in calls).most_common())


async def test_made_at_once_under_a_limit(burst: Burst, figures: Figures) -> None:
    throttled = [call for call in burst.calls if call.code in (400, 429, 503) and call.operation != "GetQueueUrl"]
    each = len(burst.calls) / burst.count
    figures.add(
        f"{burst.count} bindings at once, AWS lets {LIMIT} requests/s pass",
        f"all Ready in {burst.seconds:.0f} s, {each:.1f} calls each, {len(throttled)} throttled",
        told(burst.calls),
        "0 throttled",
    )
    assert sum(call.operation == "CreateQueue" for call in burst.calls) == burst.count
    assert not throttled
    assert each < 12


async def test_nothing_happens(idle: Idle, figures: Figures) -> None:
    figures.add(
        f"{idle.count} idle bindings in {idle.seconds:.0f} s between two looks",
        f"{len(idle.quiet)} calls to AWS, {len(idle.requests)} API requests",
        "",
        "0 and 0",
    )
    assert not idle.requests
    assert not idle.quiet


async def test_the_drift_poll(idle: Idle, figures: Figures) -> None:
    looks = sum(call.operation == LOOK for call in idle.polled)
    each = len(idle.polled) / looks
    lists = sum(call.operation == LIST for call in idle.polled)
    hourly = each * 1000 * 3600 / USUAL_POLL
    figures.add(
        f"drift poll of {idle.count} bindings",
        f"{each:.2f} calls to AWS, {lists / looks:.2f} of them for all tags, and {len(idle.fetched) / looks:.1f} API "
        f"requests for each look: {hourly:,.0f} calls an hour for 1,000 at the default of 10 min",
        f"measured: {looks} looks in {SHORT_POLL} s at a period of {SHORT_POLL} s; {told(idle.polled)}",
        "at most 1.5 calls a look",
    )
    assert not [call for call in idle.polled if call.is_write]
    assert not [request for request in idle.fetched if request.is_write]
    assert each < 1.5
    assert 0.3 * idle.count < looks < 1.5 * idle.count


async def test_a_restart_changes_nothing(idle: Idle, figures: Figures) -> None:
    writes = [call for call in idle.restart if call.is_write]
    figures.add(
        f"restart with {idle.count} bindings",
        f"{len(idle.restart) / idle.count:.1f} calls to AWS each, {len(writes)} of them writes",
        "",
        "0 writes",
    )
    assert not writes


async def test_memory_of_a_binding(idle: Idle, figures: Figures) -> None:
    each = (idle.memory - idle.one_memory) / (idle.count - 1) / 1024
    figures.add(
        f"resident memory with {idle.count} bindings",
        f"{idle.memory / 2**20:.0f} MiB, {each:.0f} KiB each",
        f"without any {idle.empty_memory / 2**20:.0f} MiB, with one {idle.one_memory / 2**20:.0f} MiB",
        "",
    )
    assert each < 200
