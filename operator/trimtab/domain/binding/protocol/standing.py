"""How it stands with a resource that the spec declares, and what is to be done about it."""

from collections.abc import Mapping
from dataclasses import replace

from trimtab.api.reasons import Reason
from trimtab.domain.binding import ownership
from trimtab.domain.binding.ownership import Owner, owner_in
from trimtab.domain.binding.protocol.claim import Claim
from trimtab.domain.binding.protocol.decision import Cause, Create, Finding, Tag
from trimtab.domain.binding.protocol.scene import Scene, Standing, told
from trimtab.domain.binding.protocol.settings import settled
from trimtab.domain.binding.record import Record, begun, record_of
from trimtab.domain.binding.resource import Live, Resource, State
from trimtab.domain.plan import Event

_TAKEN: dict[Claim, tuple[str, Cause]] = {
    Claim.REATTACH: ("Reattach", "reattachment"),
    Claim.HAND_OVER: ("HandOver", "hand-over"),
    Claim.ADOPT: ("Adopt", "adoption"),
    Claim.UNTAGGED: ("Create", "spec"),
}
_UNSEEN = 30.0
_ENDING = 5.0


def standing(scene: Scene, resource: Resource, earlier: Mapping[str, Standing]) -> Standing:
    """`earlier` are the standings of the resources that come before it, by key."""
    record = record_of(resource, scene.records.get(resource.key))
    trouble = scene.observation.troubles.get(resource.key)
    if trouble is not None or resource.key not in scene.observation.looks:
        return Standing(record=record, findings=(told(resource, trouble),) if trouble else ())
    live = scene.observation.looks[resource.key]
    if live is None:
        return _absent(scene, resource, record, earlier)
    record = replace(record, arn=live.arn, state=str(live.state))
    if live.state is State.DELETING:
        return _waits(resource, record, Reason.DELETING, "its deletion must end before it can be made anew", _ENDING)
    if resource.parent:
        parent = earlier.get(resource.parent)
        return _ours(scene, resource, live, record) if parent and parent.ours else Standing(record=record)
    claim = scene.claim(resource, live)
    if claim is Claim.OURS:
        return _ours(scene, resource, live, replace(record, owner=scene.observation.owner.uid))
    return _claimed(scene, resource, live, record, claim)


def _absent(scene: Scene, resource: Resource, record: Record, earlier: Mapping[str, Standing]) -> Standing:
    if scene.is_recent(resource, "create"):
        return _waits(resource, record, Reason.CREATING, "AWS does not show it yet", scene.pace(resource))
    if scene.is_recent(resource, "exists"):
        message = "the name is taken, and not by anything that this role can see: another account's, or just deleted"
        return _waits(resource, record, Reason.NOT_OURS, message, _UNSEEN)
    if resource.key == scene.wanted.main and scene.wanted.grant.adopted:
        message = f"there is no {scene.wanted.grant.adopted} to take over; what is not there is not made by that name"
        finding = Finding(kind=resource.kind, name=resource.name, reason=Reason.RESOURCE_MISSING, message=message)
        return Standing(record=replace(record, state=""), findings=(finding,))
    if not all(before.usable for key, before in earlier.items() if not _are_siblings(scene, resource, key)):
        return Standing(record=replace(record, state=""))  # it is waited for those, and they say so
    lost = bool(record.arn)
    if lost and scene.observation.spec.drift != "Remediate":
        message = f"{record.arn} was deleted elsewhere; spec.drift {scene.observation.spec.drift} leaves it so"
        finding = Finding(kind=resource.kind, name=resource.name, reason=Reason.RESOURCE_MISSING, message=message)
        return Standing(record=replace(record, state=""), findings=(finding,))
    message = f"{record.arn} was deleted elsewhere and is made anew, empty"
    create = Create(resource=resource, tags=scene.tags(resource), cause="drift" if lost else "spec")
    fresh = replace(
        record,
        arn="",
        state="",
        applied={},
        intent=begun(create.verb, scene.now),
    )
    event = Event(type="Warning", reason=str(Reason.RESOURCE_MISSING), message=message)
    return Standing(record=fresh, actions=(create,), events=(event,) if lost else ())


def _are_siblings(scene: Scene, resource: Resource, key: str) -> bool:
    """Parts of one kind do not need each other."""
    other = next(each for each in scene.wanted.resources if each.key == key)
    return bool(resource.parent) and (other.kind, other.parent) == (resource.kind, resource.parent)


def _claimed(scene: Scene, resource: Resource, live: Live, record: Record, claim: Claim) -> Standing:
    """Takes over what may be taken over; the rest is decided once a look shows our tags."""
    tags = live.tags or {}
    if claim is Claim.FOREIGN:
        # What was ours stays recorded as that, and an intent to make it is over: it must not prove anything later.
        known = scene.records.get(resource.key)
        record = replace(record, arn=known.arn if known else "", state=str(Reason.NOT_OURS), intent=None)
        return Standing(record=record, findings=(_not_ours(scene, resource, live),))
    record = replace(record, arn="", state="")  # attached once a look shows our tags, and not before
    if claim is Claim.GIVEN:
        verb, cause = "HandOver", "hand-over"
        tag = Tag(
            resource=resource,
            live=live,
            tags={},
            without=frozenset({ownership.TRANSFER_TO}),
            verb=verb,
            cause="hand-over",
        )
    else:
        verb, cause = _TAKEN[claim]
        without = frozenset({ownership.RETAINED, ownership.DELETING, ownership.TRANSFER_TO} & tags.keys())
        tag = Tag(resource=resource, live=live, tags=scene.tags(resource), without=without, verb=verb, cause=cause)
    if scene.is_recent(resource, tag.token):
        return _waits(resource, record, Reason.CREATING, "AWS does not show its new tags yet", scene.pace(resource))
    return Standing(record=replace(record, intent=begun(verb, scene.now)), actions=(tag,))


def _not_ours(scene: Scene, resource: Resource, live: Live) -> Finding:
    owner = owner_in(live.tags or {})
    if owner is None:
        message = (
            f"{live.arn} exists and carries no tags of ours; to take it over, set spec.adopt: {live.arn}, which the "
            "BindingPolicy's adoptable has to admit"
        )
    elif live.tags and ownership.TRANSFER_TO in live.tags:
        message = (
            f"{live.arn} is to be handed over to cluster {live.tags[ownership.TRANSFER_TO]}, which is not this one"
        )
    elif _is_here(scene, owner):
        message = (
            f"{live.arn} was taken by another object of this name with UID {owner.uid}: is there another cluster with "
            f"the id {owner.cluster}? Give each its own (TRIMTAB_CLUSTER_ID)"
        )
    else:
        message = (
            f"{live.arn} belongs to ServiceBinding {owner.namespace}/{owner.name} of cluster {owner.cluster}; "
            f"hand it over with the annotation {ownership.TRANSFER_TO} there, or choose another name"
        )
    return Finding(kind=resource.kind, name=resource.name, reason=Reason.NOT_OURS, message=message)


def _is_here(scene: Scene, owner: Owner) -> bool:
    """Whether the tags name this very binding, but for the UID."""
    return replace(owner, uid="") == replace(scene.observation.owner, uid="")


def _ours(scene: Scene, resource: Resource, live: Live, record: Record) -> Standing:
    if live.state is State.FAILED:
        note = live.note or "AWS gives no reason"
        finding = Finding(kind=resource.kind, name=resource.name, reason=Reason.RESOURCE_FAILED, message=note)
        return Standing(record=record, findings=(finding,), ours=True)
    if live.state is State.CREATING:
        waits = _waits(resource, record, Reason.CREATING, live.note or "AWS is making it", scene.pace(resource))
        return replace(waits, ours=True)
    found = settled(scene, resource, live, record)
    tag = _tagging(scene, resource, live)
    if tag is None:
        return found
    record = replace(found.record or record, intent=begun(tag.verb, scene.now))
    return replace(found, actions=(tag, *found.actions), record=record)


def _tagging(scene: Scene, resource: Resource, live: Live) -> Tag | None:
    """Our tags as they should be; those that say whose it is are right already."""
    if resource.parent:
        return None
    has = live.tags or {}
    tags = {key: value for key, value in scene.tags(resource).items() if has.get(key) != value}
    without = frozenset({ownership.RETAINED, ownership.DELETING, ownership.TRANSFER_TO} & has.keys())
    if not tags and not without:
        return None
    tag = Tag(resource=resource, live=live, tags=tags, without=without, verb="Change", cause="spec")
    return None if scene.is_recent(resource, tag.token) else tag


def _waits(resource: Resource, record: Record, reason: Reason, message: str, after: float) -> Standing:
    finding = Finding(kind=resource.kind, name=resource.name, reason=reason, message=message, after=after)
    return Standing(record=record, findings=(finding,))
