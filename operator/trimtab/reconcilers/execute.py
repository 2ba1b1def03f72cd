"""Carries out the waves of a plan; tells refusals of the API server (for the user) from failures (for the queue)."""

import asyncio
from collections.abc import Iterable

from trimtab.api.reasons import Reason
from trimtab.domain.objects import ObjectRef, controller_uid, ref_of, uid_of
from trimtab.domain.plan import Apply, Delete, Effect, Failure, Scale, Wave
from trimtab.ports.cluster import (
    Cluster,
    ClusterError,
    ConflictError,
    DeniedError,
    InvalidError,
    KindNotServedError,
    LeaseLostError,
    TerminatingError,
)
from trimtab.reconcilers.run import Run

PARALLEL = 8
"""Applies side by side within one wave; more of them only queue up in the API server (measured)."""


class NameConflictError(Exception):
    """An object of that name exists and is controlled by somebody else, or by nobody."""


async def execute(cluster: Cluster, waves: Iterable[Wave], run: Run) -> tuple[Failure, ...]:
    """Runs the waves in order and returns what the API server refused.

    All effects of a wave are tried. The waves after a refusal are not begun, unless all that was refused is
    non-blocking. Raises ClusterError for failures that a repetition may cure; the effects are then repeated as a whole.
    """
    gate = asyncio.Semaphore(PARALLEL)
    failures: list[Failure] = []
    for wave in waves:
        results = await asyncio.gather(*(_attempt(cluster, effect, run, gate) for effect in wave.effects))
        _raise_transient(results)
        refused = [(effect, result) for effect, result in zip(wave.effects, results, strict=True) if result]
        failures += [_failure(_target(effect), error) for effect, error in refused]
        if any(not isinstance(effect, Apply) or effect.blocking for effect, _ in refused):
            break
    return tuple(failures)


async def _attempt(cluster: Cluster, effect: Effect, run: Run, gate: asyncio.Semaphore) -> Exception | None:
    """Returns the error instead of raising it: no effect of a wave is abandoned half-way because another one failed."""
    async with gate:
        try:
            match effect:
                case Apply():
                    await _apply(cluster, effect, run)
                case Delete():
                    await _delete(cluster, effect, run)
                case Scale(ref=ref, replicas=replicas):
                    run.writes += 1
                    await cluster.scale(ref, replicas)
        except (ClusterError, NameConflictError) as error:
            return error
    return None


async def _apply(cluster: Cluster, effect: Apply, run: Run) -> None:
    """An object that we did not know of is looked at only if there is one: the API server makes sure of that."""
    run.writes += 1
    try:
        await cluster.apply(effect.manifest, uid=effect.uid)
    except ConflictError:
        live = await cluster.get(ref_of(effect.manifest)) if effect.uid is None else None
        if live is None:
            raise
        if controller_uid(live) != controller_uid(effect.manifest):
            raise NameConflictError("an object of this name exists and does not belong to this Microservice") from None
        run.writes += 1
        await cluster.apply(effect.manifest, uid=uid_of(live))


async def _delete(cluster: Cluster, effect: Delete, run: Run) -> None:
    uid = effect.uid
    if uid is None:
        live = await cluster.get(effect.ref)
        if live is None or controller_uid(live) != effect.owner_uid:
            return
        uid = uid_of(live)
    run.writes += 1
    await cluster.delete(effect.ref, uid=uid)


def _raise_transient(results: Iterable[Exception | None]) -> None:
    refusals = (DeniedError, InvalidError, KindNotServedError, NameConflictError)
    transient = [error for error in results if error is not None and not isinstance(error, refusals)]
    ending = [error for error in results if isinstance(error, (LeaseLostError, TerminatingError))]
    for error in ending + transient:
        raise error


def _failure(ref: ObjectRef, error: Exception) -> Failure:
    match error:
        case NameConflictError():
            reason = Reason.NAME_CONFLICT
        case InvalidError():
            reason = Reason.CHILD_INVALID
        case KindNotServedError():
            reason = Reason.API_NOT_INSTALLED
        case _:
            reason = Reason.CHILD_DENIED
    return Failure(ref=ref, reason=reason, message=str(error))


def _target(effect: Effect) -> ObjectRef:
    return ref_of(effect.manifest) if isinstance(effect, Apply) else effect.ref
