"""Whose a live resource is, and with what right a binding may take it over. Nothing is changed but what is OURS."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from trimtab.domain.binding.ownership import TRANSFER_TO, Owner, owner_in


class Claim(StrEnum):
    """What tags say of a resource to one binding."""

    OURS = "Ours"
    REATTACH = "Reattach"
    HAND_OVER = "HandOver"
    ADOPT = "Adopt"
    UNTAGGED = "Untagged"
    GIVEN = "Given"
    FOREIGN = "Foreign"


def claim(
    tags: Mapping[str, str],
    owner: Owner,
    *,
    live: Collection[str] = (),
    adopted: bool = False,
    begun: bool = False,
    attached: bool = False,
) -> Claim:
    """What `owner` may do with a resource that carries `tags`.

    REATTACH: it was that of an object of the same name that is no more (a restored backup, a manifest applied anew);
    `live` are the UIDs of all other bindings that exist. HAND_OVER: another cluster gave it to the same binding here.
    ADOPT: nobody's, and the binding asks for this very one and may (`adopted`). UNTAGGED: nobody's, and nothing else
    than our own creation, which a recorded intent proves to have `begun`. GIVEN: ours, but
    given to another cluster. What was `attached` to this very object (not to one whose status was restored with it) and
    bears another UID now was taken by another cluster with our id: it is FOREIGN, or both would take it for ever.
    """
    before = owner_in(tags)
    to = tags.get(TRANSFER_TO, "")
    if before is None:
        return Claim.ADOPT if adopted else Claim.UNTAGGED if begun and not tags else Claim.FOREIGN
    if (before.namespace, before.name) != (owner.namespace, owner.name):
        return Claim.FOREIGN
    if before.cluster != owner.cluster:
        return Claim.HAND_OVER if to == owner.cluster else Claim.FOREIGN
    if to not in ("", owner.cluster):
        return Claim.GIVEN
    if before.uid == owner.uid:
        return Claim.OURS
    return Claim.FOREIGN if attached or before.uid in live else Claim.REATTACH
