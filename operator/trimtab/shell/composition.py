"""The composition root: the only place where implementations are chosen."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from trimtab.adapters.kubernetes.cache import ObjectCache
from trimtab.adapters.kubernetes.client import ApiClient
from trimtab.adapters.kubernetes.cluster import KubernetesCluster
from trimtab.adapters.kubernetes.connection import Connection
from trimtab.adapters.kubernetes.events import EventRecorder
from trimtab.adapters.kubernetes.kinds import CANARY_RELEASE, MICROSERVICE
from trimtab.adapters.kubernetes.leadership import AlwaysLeading, Leadership
from trimtab.adapters.kubernetes.secrets import KubernetesSecretDigests
from trimtab.adapters.kubernetes.watches import WatchObserver
from trimtab.adapters.prometheus.client import PrometheusClient
from trimtab.adapters.prometheus.reading import PrometheusMetrics
from trimtab.reconcilers.identity.injections import Injections
from trimtab.reconcilers.inquiries import Inquiries
from trimtab.reconcilers.microservice import MicroserviceReconciler
from trimtab.reconcilers.queue import WorkQueue
from trimtab.reconcilers.release import ReleaseReconciler
from trimtab.reconcilers.sampler import Sampler
from trimtab.reconcilers.workers import Workers
from trimtab.shell.bindings import Bindings, bindings
from trimtab.shell.clock import SystemClock
from trimtab.shell.intake import Intake
from trimtab.shell.outbound import Outbound, outbound
from trimtab.shell.policy_file import PolicyFile
from trimtab.shell.prometheus import connect
from trimtab.shell.settings import Settings

CONNECTIONS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """Everything that the operator's parts share. Made inside the event loop that they run in."""

    settings: Settings
    connection: Connection
    session: aiohttp.ClientSession
    client: ApiClient
    cache: ObjectCache
    cluster: KubernetesCluster
    recorder: EventRecorder
    leadership: Leadership | AlwaysLeading
    queue: WorkQueue
    workers: Workers
    outbound: Outbound
    prometheus: PrometheusClient | None
    sampler: Sampler
    inquiries: Inquiries
    bindings: Bindings
    policies: PolicyFile | None
    intake: Intake
    observer: WatchObserver
    leading: asyncio.Event
    primed: asyncio.Event = field(default_factory=asyncio.Event)
    drained: asyncio.Event = field(default_factory=asyncio.Event)


def compose(settings: Settings, connection: Connection) -> Deps:
    """Wires the operator together; nothing runs yet."""
    leading = asyncio.Event()
    leadership = _leadership(settings, connection, leading)
    session = connection.session(limit=CONNECTIONS)
    client = ApiClient(session, connection.server, leadership, limit=CONNECTIONS)
    cache, queue = ObjectCache(), WorkQueue("trimtab")
    intake = Intake(cache, queue, serves=settings.serves, clustered=not settings.namespaces)
    digests = KubernetesSecretDigests(client)
    cluster = KubernetesCluster(
        client, cache, on_status=intake.wrote, on_secret=_renewed(digests, intake), on_found=intake.found
    )
    recorder = EventRecorder(client, settings.identity, rate=settings.events_per_second)
    intake.observer = WatchObserver(cache, cluster, on_gone=intake.gone, on_discovery=intake.everything)
    ways_out = outbound(settings, client, SystemClock(), on_settled=queue.add)
    prometheus = connect(settings.prometheus)
    sampler = Sampler(_metrics(settings, prometheus), queue.add, scrape=settings.scrape_interval)
    inquiries = Inquiries(ways_out.gates, queue.add)
    bound = bindings(settings, cluster, leadership, recorder, SystemClock(), queue)
    services = MicroserviceReconciler(
        cluster, digests, recorder, SystemClock(), settings.cluster, Injections(cluster, bound.board, recorder)
    )
    releases = ReleaseReconciler(
        cluster, recorder, SystemClock(), queue, sampler=sampler, inquiries=inquiries, courier=ways_out.courier
    )
    return Deps(
        settings=settings,
        connection=connection,
        session=session,
        client=client,
        cache=cache,
        cluster=cluster,
        recorder=recorder,
        leadership=leadership,
        queue=queue,
        workers=_workers(settings, queue, services, releases, bound),
        outbound=ways_out,
        prometheus=prometheus,
        sampler=sampler,
        inquiries=inquiries,
        bindings=bound,
        policies=_policies(settings, intake),
        intake=intake,
        observer=intake.observer,
        leading=leading,
    )


def _metrics(settings: Settings, prometheus: PrometheusClient | None) -> PrometheusMetrics | None:
    if prometheus is None:
        return None
    return PrometheusMetrics(prometheus, settings.prometheus.labels, promql=settings.allow_promql)


def _renewed(digests: KubernetesSecretDigests, intake: Intake) -> Callable[[str, str], None]:
    """What follows from a Secret that we wrote: whose variables are of it restarts now, not with the next resync."""

    def renewed(namespace: str, name: str) -> None:
        digests.expire(namespace, name)
        intake.applied_secret(namespace, name)

    return renewed


def _policies(settings: Settings, intake: Intake) -> PolicyFile | None:
    path = settings.bindings.policies
    return None if path is None else PolicyFile(path, settings.namespaces, intake.event)


def _workers(
    settings: Settings, queue: WorkQueue, services: MicroserviceReconciler, releases: ReleaseReconciler, bound: Bindings
) -> Workers:
    reconcilers = {
        MICROSERVICE.kind: services.reconcile,
        CANARY_RELEASE.kind: releases.reconcile,
        **bound.reconcilers,
    }
    return Workers(queue, reconcilers, count=settings.workers, resync=settings.resync)


def _leadership(settings: Settings, connection: Connection, leading: asyncio.Event) -> Leadership | AlwaysLeading:
    if not settings.leader_election:
        return AlwaysLeading(leading.set)
    loop = asyncio.get_running_loop()

    def lead() -> None:
        loop.call_soon_threadsafe(leading.set)

    return Leadership(
        connection,
        settings.lease_namespace,
        settings.lease_name,
        settings.identity,
        on_leading=lead,
    )
