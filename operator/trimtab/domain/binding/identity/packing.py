"""How rights are laid out over the policies of a role, within IAM's limits.

Limits: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from trimtab.domain import names
from trimtab.domain.binding.identity.document import Right, document, size, union, without

INLINE = 10_240
"""Characters of all inline policies of a role."""

MANAGED = 6_144
"""Characters of one managed policy."""

MOST = 10
"""Managed policies that can be attached to a role, unless AWS has raised the quota."""

Slots = Mapping[int, frozenset[Right]]
"""Managed policies by their number, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """Either one inline policy or numbered managed ones. `omitted` is what has no room."""

    inline: frozenset[Right] = frozenset()
    managed: Slots = field(default_factory=dict)
    omitted: frozenset[Right] = frozenset()


def pack(wanted: frozenset[Right], inline: frozenset[Right], managed: Slots, *, room: int, alone: bool) -> Packing:
    """Where all of it goes; if it is too much, only what is allowed already (`inline`, `managed`) and still wanted.

    What is in a managed policy stays in it, so that no right is lost for a moment between two writes. `room` is how
    many managed policies may be attached; `alone` says that no inline policy of others shares the limit.
    """
    if alone and size(document(wanted)) <= INLINE:
        return Packing(inline=wanted)
    for before in (managed, {}):
        slots = _slots(wanted, before, room)
        if slots is not None:
            return Packing(managed=slots)
    omitted = without(wanted, union(inline, *managed.values()))
    kept = without(wanted, omitted)
    if alone and size(document(kept)) <= INLINE:
        return Packing(inline=kept, omitted=omitted)
    return Packing(managed=_slots(kept, managed, MOST) or {}, omitted=omitted)


def _slots(wanted: frozenset[Right], before: Slots, room: int) -> Slots | None:
    """None if it does not fit."""
    home = {right.subject: number for number in before for right in before[number]}
    slots: dict[int, _Slot] = defaultdict(_Slot)
    strangers = [
        right for right in sorted(wanted) if right.subject not in home or not slots[home[right.subject]].take(right)
    ]
    numbers = [*sorted(slots), *(number for number in range(1, MOST + 1) if number not in slots)][:room]
    if len(slots) > room or not all(any(slots[number].take(each) for number in numbers) for each in strangers):
        return None
    return {number: frozenset(slot.rights) for number, slot in slots.items() if slot.rights}


@dataclass(slots=True)
class _Slot:
    """A managed policy that is being filled; `size` is that of its document."""

    rights: set[Right] = field(default_factory=set)
    size: int = size(document(()))
    groups: set[tuple[tuple[str, ...], str]] = field(default_factory=set)

    def take(self, right: Right) -> bool:
        """Adds the right, if it fits."""
        group = (right.actions, right.conditions)
        if group in self.groups:
            more = len(names.canonical(right.resource)) + 1
        else:
            more = size(document([right])) - size(document(())) + bool(self.groups)
        if self.size + more > MANAGED:
            return False
        self.rights.add(right)
        self.groups.add(group)
        self.size += more
        return True
