"""The periodic look at a binding with which all was well: what of it one reading of all tags may tell instead.

Such a reading is minutes behind. So it only ever spares questions: whatever it shows otherwise than expected, and
whatever would follow from it, is looked at directly first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from trimtab.domain.binding.observation import Observation
from trimtab.domain.binding.ownership import Owner, owner_in
from trimtab.domain.binding.protocol.decision import Decision
from trimtab.domain.binding.resource import Live, Resource
from trimtab.domain.status import condition


def is_calm(observation: Observation) -> bool:
    """Whether the status says that all is well, so that nothing is expected to have to be done."""
    ready, drifted = (condition(observation.status, each).get("status") for each in ("Ready", "Drifted"))
    return not observation.deleting and not observation.transfer_to and ready == "True" and drifted != "True"


def known(
    wanted: Iterable[Resource],
    owner: Owner,
    before: Mapping[str, Live | None],
    tagged: Mapping[str, Mapping[str, str]],
) -> dict[str, Live]:
    """What need not be asked in full, by key: as a look found it `before`, with the tags that it has now.

    `tagged` is ARN -> tags. What is missing there, or is not `owner`'s there, is not known; a part is known with the
    resource that it is a part of.
    """
    found: dict[str, Live] = {}
    for resource in wanted:
        live = before.get(resource.key)
        if live is None:
            continue
        tags = tagged.get(live.arn, {})
        if resource.parent in found:
            found[resource.key] = live
        elif not resource.parent and owner_in(tags) == owner:
            found[resource.key] = replace(live, tags=tags)
    return found


def is_quiet(observation: Observation, decision: Decision) -> bool:
    """Whether nothing follows from a look: nothing to do, and nothing to tell but of calls that failed."""
    failed = {trouble.message for trouble in observation.troubles.values()}
    told = all(finding.message in failed for finding in decision.findings)
    return told and not (decision.actions or decision.drifted or decision.events)
