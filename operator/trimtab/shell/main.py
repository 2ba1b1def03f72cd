"""The operator's process: start, run until told to stop, stop in order."""

import asyncio
import gc
import logging
import os
import signal
import sys

import kopf
import uvloop
from prometheus_client import disable_created_metrics

from trimtab import __version__
from trimtab.adapters.kubernetes.connection import Connection, NoClusterError
from trimtab.adapters.kubernetes.kinds import CANARY_RELEASE, SERVICE_BINDING
from trimtab.adapters.kubernetes.priming import prime
from trimtab.ports.cluster import ClusterError, KindNotServedError, UnavailableError
from trimtab.shell import logs
from trimtab.shell.composition import Deps, compose
from trimtab.shell.handlers import register
from trimtab.shell.health import HealthServer, LoopLag
from trimtab.shell.kopf_settings import configure_kopf
from trimtab.shell.policy_file import PolicyFileError
from trimtab.shell.settings import Settings
from trimtab.shell.vitals import liveness, measure, readiness

logger = logging.getLogger("trimtab")

DRAIN = 20.0
"""Seconds for running reconciles to finish after SIGTERM; the pod's grace period must be longer."""

KOPF_END = 10.0
"""Seconds for kopf to end after that."""

PRIMING_ATTEMPTS = 30


class StartError(Exception):
    """The operator cannot begin; the message says what is missing."""


def main(settings: Settings) -> None:
    """Runs the operator; returns after a graceful stop, exits with status 1 after a failure."""
    logs.configure(settings.log_format, settings.log_level)
    disable_created_metrics()  # type: ignore[no-untyped-call]
    try:
        uvloop.run(operate(settings))
    except (NoClusterError, StartError) as error:
        logger.critical("%s", error)
        sys.exit(1)
    except asyncio.CancelledError:
        pass  # told to stop before it had really begun
    except Exception:
        logger.critical("the operator ends; whoever started it should start it anew", exc_info=True)
        sys.exit(1)
    logger.info("stopped")


async def operate(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT. Raises what ended it otherwise, such as a watch that died."""
    logger.info("trimtab %s, serving %s", __version__, ", ".join(settings.namespaces) or "all namespaces")
    _stop_on_sigterm()
    connection = await Connection.load()
    deps = compose(settings, connection)
    lag = LoopLag()
    watch_lease = settings.leader_election and settings.serves(settings.lease_namespace)
    health = HealthServer(
        settings.http_host,
        settings.http_port,
        live=liveness(deps, lag, watch_lease=watch_lease),
        ready=readiness(deps),
        measure=measure(deps),
    )
    # Whatever must outlive kopf's own tasks is started before kopf, which at its end cancels all that came after it.
    running = [lag.run(), deps.recorder.run(), deps.sampler.run(), _conduct(deps)]
    if deps.policies is not None:
        running.append(deps.policies.run())
    background = [asyncio.create_task(each) for each in running]
    try:
        await _listen(health, settings)
        await _prime(deps)
        deps.leadership.start()
        await _run_kopf(deps, watch_lease=watch_lease)
    finally:
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await asyncio.to_thread(deps.leadership.stop)
        await health.stop()
        await _close(deps)


async def _close(deps: Deps) -> None:
    await deps.inquiries.stop()
    await deps.outbound.close()
    deps.bindings.aws.close()
    if deps.prometheus is not None:
        await deps.prometheus.close()
    await deps.session.close()


async def _listen(health: HealthServer, settings: Settings) -> None:
    try:
        await health.start()
    except OSError as error:
        where = f"{settings.http_host}:{settings.http_port}"
        remedy = "choose another --http-host or --http-port"
        raise StartError(f"cannot serve probes and metrics on {where}: {error.strerror or error}; {remedy}") from error


def _stop_on_sigterm() -> None:
    """Until kopf sets its own handlers. As process 1 of a container we would not even hear of the signal otherwise."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _conduct(deps: Deps) -> None:
    """Starts the workers once this process leads; it knows the world by then. Then hears of changes in AWS."""
    await deps.leading.wait()
    deps.workers.start()
    if deps.bindings.aws.changes is not None:
        await deps.bindings.aws.changes.run()


async def _run_kopf(deps: Deps, *, watch_lease: bool) -> None:
    settings = deps.settings
    kopf_settings = kopf.OperatorSettings()
    configure_kopf(kopf_settings, namespaced=bool(settings.namespaces), lease_name=settings.lease_name)
    registry = register(
        deps.connection,
        deps.intake,
        deps.observer,
        clustered=not settings.namespaces,
        watch_lease=watch_lease,
        cleanup=lambda: _drain(deps),
    )
    operator = asyncio.create_task(
        kopf.operator(
            registry=registry,
            settings=kopf_settings,
            identity=settings.identity,  # type: ignore[arg-type]  # else kopf asks for our user's name, who may have none
            standalone=True,
            clusterwide=not settings.namespaces,
            namespaces=settings.namespaces,
        )
    )
    drained = asyncio.create_task(deps.drained.wait())
    await asyncio.wait((operator, drained), return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait((operator,), timeout=KOPF_END)
    if not operator.done():
        _end_hard()
    drained.cancel()
    await operator


def _end_hard() -> None:
    """When one of its watches dies, kopf may wait for ever for the others. Nothing of ours is left to be saved."""
    logger.critical("kopf does not come to its end; the process does")
    logging.shutdown()
    os._exit(1)


async def _prime(deps: Deps) -> None:
    """Fills the cache before anything else; waits for an API server that is not there yet. Raises StartError."""
    for attempt in range(1, PRIMING_ATTEMPTS + 1):
        try:
            await deps.cluster.discover()
            await prime(deps.client, deps.cache, deps.settings.namespaces)
            break
        except UnavailableError as error:
            logger.warning("caches not primed yet: %s", error)
            if attempt == PRIMING_ATTEMPTS:
                raise StartError(f"the API server does not answer: {error}") from error
            await asyncio.sleep(2.0)
        except KindNotServedError as error:
            raise StartError("the CRDs are not installed: apply crds/, or install the chart trimtab-crds") from error
        except ClusterError as error:
            raise StartError(f"the first lists failed: {error}") from error
    if deps.policies is not None:
        try:
            deps.policies.load()
        except PolicyFileError as error:
            raise StartError(str(error)) from error
    gc.collect()
    gc.freeze()  # modules and primed objects stay; the collector need not look at them again and again
    gc.set_threshold(50_000, 20, 20)  # decoded JSON has no cycles, and comes in bursts
    deps.primed.set()
    for what, kind in (("released", CANARY_RELEASE), ("bound", SERVICE_BINDING)):
        if not deps.cluster.serves(kind.api_version, kind.kind):
            logger.error("nothing is %s: the CRDs are older than this operator; upgrade the chart trimtab-crds", what)
    deps.intake.everything()
    logger.info("caches primed: %d objects", len(deps.cache))


async def _drain(deps: Deps) -> None:
    """Runs after kopf has stopped its watches and before it cancels what is left."""
    await deps.workers.stop(DRAIN)
    await asyncio.to_thread(deps.leadership.stop)
    deps.drained.set()
