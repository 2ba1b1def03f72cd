"""How a reconciler tells what it has decided and found."""

from trimtab.domain.objects import Object, ref_of, uid_of
from trimtab.domain.outcome import Outcome
from trimtab.domain.plan import Report
from trimtab.domain.status import condition, same
from trimtab.ports.cluster import Cluster
from trimtab.ports.recorder import Recorder
from trimtab.reconcilers.run import Run


async def publish(cluster: Cluster, recorder: Recorder, resource: Object, said: Report, run: Run) -> Outcome:
    """Writes the status if it differs: always a decision, so always under the resourceVersion that it rests on.

    A conflict drops the run. Events come after it: one about a decision that was never written misleads.
    """
    run.reason = str(condition(said.status, "Ready").get("reason", ""))
    if not same(said.status, resource.get("status") or {}):
        run.writes += 1
        version = resource["metadata"]["resourceVersion"]
        await cluster.apply_status(ref_of(resource), said.status, uid=uid_of(resource), resource_version=version)
    for event in said.events:
        recorder.record(resource, event)
    return said.outcome
