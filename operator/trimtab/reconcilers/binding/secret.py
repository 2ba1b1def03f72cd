"""The Secret of a binding: read by name, written if it is not as it should be, kept if its resources are."""

from dataclasses import replace

from trimtab.domain.binding import projection
from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.projecting import Projected, projected, refused
from trimtab.domain.binding.protocol.decision import Decision
from trimtab.domain.objects import uid_of
from trimtab.ports.cluster import Cluster, DeniedError, InvalidError, TerminatingError
from trimtab.reconcilers.run import Run


async def project(cluster: Cluster, observation: Observation, decision: Decision, run: Run) -> Projected:
    """Reads it and puts it right. What the API server refuses is told, not raised."""
    if not decision.complete or observation.deleting:
        return Projected()
    ref = projection.secret_ref(observation)
    observation = replace(observation, secret=await cluster.get(ref), read=True)
    said = projected(observation, decision)
    if said.manifest is None:
        return said
    uid = uid_of(observation.secret) if observation.secret is not None else None
    run.writes += 1
    try:
        written = await cluster.apply(said.manifest, uid=uid)
    except TerminatingError:
        raise
    except (DeniedError, InvalidError) as error:
        return refused(ref.name, str(error), denied=isinstance(error, DeniedError))
    return projected(replace(observation, secret=written), decision)


async def keep(cluster: Cluster, observation: Observation, run: Run) -> None:
    """Takes its owner off, so that it outlives the binding; in a namespace that ends it goes anyway."""
    if observation.terminating:
        return
    secret = await cluster.get(projection.secret_ref(observation))
    if secret is None or not secret["metadata"].get("ownerReferences"):
        return
    if projection.is_ours(secret, observation):
        run.writes += 1
        await cluster.apply(projection.released(secret), uid=uid_of(secret))
