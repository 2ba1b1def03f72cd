"""What becomes of a resource that goes: with its ServiceBinding, or because the spec declares it no more."""

from dataclasses import replace

from trimtab.api.reasons import Reason
from trimtab.domain.binding import ownership
from trimtab.domain.binding.protocol import deletion
from trimtab.domain.binding.protocol.claim import Claim
from trimtab.domain.binding.protocol.decision import Cause, Delete, Finding, Tag
from trimtab.domain.binding.protocol.scene import Scene, Standing, told
from trimtab.domain.binding.record import Intent, Record, begun, record_of
from trimtab.domain.binding.resource import Live, Resource, State
from trimtab.domain.plan import Event
from trimtab.domain.status import timestamp

UNSEEN = 60.0
"""Seconds for which AWS may not show what was just made: until then, not to find it proves nothing."""

PROVEN = 60.0
"""Seconds between two looks that prove emptiness: SQS counts messages right after a minute without new ones.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
"""

_ENDING = 5.0


def removal(scene: Scene, resource: Resource, *, keep: bool, cause: Cause = "deletion") -> Standing:
    """`keep`: nothing is destroyed, whatever the policy says. Without a record in the answer it is dealt with."""
    record = record_of(resource, scene.records.get(resource.key))
    observation = scene.observation
    trouble = observation.troubles.get(resource.key)
    if trouble is not None:
        return Standing(record=record, findings=(told(resource, trouble),))
    live = observation.looks.get(resource.key)
    if live is None:
        return _gone(scene, resource, record)
    record = replace(record, arn=live.arn, state=str(live.state))
    if live.state is State.DELETING:
        return _waits(resource, record, scene.pace(resource) + _ENDING)
    if resource.parent:
        return _part(scene, resource, live, record, keep=keep, cause=cause)
    claim = scene.claim(resource, live)
    if claim is Claim.OURS:
        return _ours(scene, resource, live, record, keep=keep, cause=cause)
    return _claimed(scene, resource, live, record, claim)


def _claimed(scene: Scene, resource: Resource, live: Live, record: Record, claim: Claim) -> Standing:
    """What was ours to take up by being declared goes, or stays, as this spec says; all else is left as it is."""
    taken: dict[Claim, tuple[str, Cause]] = {
        Claim.UNTAGGED: ("Create", "spec"),
        Claim.REATTACH: ("Reattach", "reattachment"),
    }
    if claim not in taken:
        return Standing(record=None, events=_left(live) if claim is Claim.FOREIGN else ())
    verb, cause = taken[claim]
    tag = Tag(resource=resource, live=live, tags=scene.tags(resource), verb=verb, cause=cause)
    if scene.is_recent(resource, tag.token):
        return _waits(resource, record, scene.pace(resource))
    return Standing(record=replace(record, arn="", intent=begun(verb, scene.now)), actions=(tag,))


def _ours(scene: Scene, resource: Resource, live: Live, record: Record, *, keep: bool, cause: Cause) -> Standing:
    if cause == "deletion" and scene.observation.transfer_to:
        return giving(scene, resource, live, record)
    keep = keep or not deletion.is_deleted(scene.observation.spec, scene.wanted.grant, resource, live)
    if keep or (cause == "spec" and resource.data and live.empty is not True):
        return _kept(scene, resource, live, record)
    return _announced(scene, resource, live, record, cause) or _deleted(scene, resource, live, record, cause)


def giving(scene: Scene, resource: Resource, live: Live, record: Record) -> Standing:
    """It is marked for the cluster that is to have it, and then not remembered: whoever has it looks after it."""
    to = scene.observation.transfer_to
    tag = Tag(resource=resource, live=live, tags={ownership.TRANSFER_TO: to}, verb="HandOver", cause="hand-over")
    if scene.is_recent(resource, tag.token) or (live.tags or {}).get(ownership.TRANSFER_TO) == to:
        return Standing(record=None)
    return Standing(record=replace(record, intent=begun(tag.verb, scene.now)), actions=(tag,))


def _gone(scene: Scene, resource: Resource, record: Record) -> Standing:
    """It is gone; unless its creation was begun just now, and AWS may not show it yet."""
    intent = record.intent
    unseen = UNSEEN - intent.age(scene.now) if intent is not None and intent.verb == "Create" else 0.0
    if unseen <= 0:
        return Standing(record=None)
    message = "its creation was begun just now; whether it exists shows within a minute"
    finding = Finding(
        kind=resource.kind, name=resource.name, reason=Reason.DELETING, message=message, after=min(unseen + 1, _ENDING)
    )
    return Standing(record=record, findings=(finding,))


def _part(scene: Scene, resource: Resource, live: Live, record: Record, *, keep: bool, cause: Cause) -> Standing:
    """A part is whose the whole is, and goes or stays with it; of a whole that stays, what is declared no more goes."""
    whole = next((each for each in scene.wanted.all if each.key == resource.parent), None)
    found = scene.observation.looks.get(resource.parent)
    if whole is None or found is None or scene.claim(whole, found) is not Claim.OURS:
        return Standing(record=None)
    if live.tags is not None or not _is_within(resource, whole, found):
        return Standing(record=None)  # whoever wrote that into the status: it is no part of what is ours
    spec, grant = scene.observation.spec, scene.wanted.grant
    stays = keep or scene.observation.transfer_to or not deletion.is_deleted(spec, grant, whole, found)
    if cause == "deletion" and stays:
        return Standing(record=None, kept=True)
    return _deleted(scene, resource, live, record, cause)


def _is_within(part: Resource, whole: Resource, found: Live) -> bool:
    """Whether name and address of a recorded part lead to the whole: a status is believed only as far as that."""
    if part.name != whole.name or part.service != whole.service:
        return False
    for value in part.address.values():
        if value.startswith("arn:"):
            if value.split(":")[2] == found.arn.split(":")[2] and value != found.arn:
                return False
        elif "/" in value and value.split("/")[1] != whole.name:
            return False
    return True


def _announced(scene: Scene, resource: Resource, live: Live, record: Record, cause: Cause) -> Standing | None:
    """First a tag says that it is to go: what lacks it is deleted by nobody, should its binding be lost.

    What goes only because it is empty must be so a minute later, too. None once it may go.
    """
    since = (live.tags or {}).get(ownership.DELETING, "")
    if not since and not scene.is_recent(resource, "announce"):
        tags = {ownership.DELETING: timestamp(scene.now)}
        tag = Tag(resource=resource, live=live, tags=tags, verb="Delete", cause=cause)
        return Standing(record=replace(record, intent=begun(tag.verb, scene.now)), actions=(tag,))
    age = Intent(verb="Delete", at=since).age(scene.now) if since else 0.0
    if not since or (deletion.needs_proof(scene.observation.spec, resource, alone=cause == "spec") and age < PROVEN):
        message = "it is empty, and goes if it still is in a minute" if since else "AWS does not show its new tag yet"
        after = PROVEN - age if since else scene.pace(resource)
        finding = Finding(
            kind=resource.kind, name=resource.name, reason=Reason.DELETING, message=message, after=max(1.0, after)
        )
        return Standing(record=record, findings=(finding,))
    return None


def _kept(scene: Scene, resource: Resource, live: Live, record: Record) -> Standing:
    if ownership.RETAINED in (live.tags or {}) or scene.is_recent(resource, "retain"):
        return Standing(record=None, kept=True)
    tags = {ownership.RETAINED: timestamp(scene.now)}
    tag = Tag(resource=resource, live=live, tags=tags, verb="Retain", cause="retention")
    return Standing(record=replace(record, intent=begun(tag.verb, scene.now)), actions=(tag,), kept=True)


def _deleted(scene: Scene, resource: Resource, live: Live, record: Record, cause: Cause) -> Standing:
    if scene.is_recent(resource, "delete"):
        return _waits(resource, record, scene.pace(resource))
    if resource.gradual and live.state in (State.CREATING, State.UPDATING):
        return _waits(resource, record, scene.pace(resource))  # AWS deletes nothing that it is busy with
    delete = Delete(resource=resource, live=live, cause=cause)
    return Standing(record=replace(record, intent=begun(delete.verb, scene.now)), actions=(delete,))


def _left(live: Live) -> tuple[Event, ...]:
    message = f"{live.arn} is not this binding's and is left as it is"
    return (Event(type="Warning", reason=str(Reason.NOT_OURS), message=message),)


def _waits(resource: Resource, record: Record, after: float) -> Standing:
    finding = Finding(
        kind=resource.kind, name=resource.name, reason=Reason.DELETING, message="AWS is deleting it", after=after
    )
    return Standing(record=record, findings=(finding,))
