"""What would become of a role if AWS did all that it is asked at once: decisions, without an effect."""

from collections.abc import Iterable
from dataclasses import dataclass

from trimtab.domain.binding.identity import steps
from trimtab.domain.binding.identity.asked import Asked
from trimtab.domain.binding.identity.decide import Refusal, decided, granted
from trimtab.domain.binding.identity.document import Document, Right, read, union, without
from trimtab.domain.binding.identity.role import POLICY, Found
from trimtab.domain.binding.identity.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """`steps` in the order in which they would be carried out; `refusal` is why that is not all.

    `added` and `removed` are what the role's own policies would allow more and less than now.
    """

    steps: tuple[Step, ...]
    refusal: Refusal | None
    added: frozenset[Right]
    removed: frozenset[Right]


def rehearsed(asked: Asked, found: Found) -> Rehearsal:
    """Decides once: all steps between what is found and what is asked for are in one decision."""
    decision = decided(asked, found)
    before, after = granted(found), _granted_after(found, decision.steps)
    return Rehearsal(
        steps=decision.steps, refusal=decision.refusal, added=without(after, before), removed=without(before, after)
    )


def _granted_after(found: Found, planned: Iterable[Step]) -> frozenset[Right]:
    """By the names of policies, since one that is to be made has no ARN yet; the inline one is attached by itself."""
    documents: dict[str, Document] = {_name(each.arn): each.document for each in found.policies}
    attached = {_name(each.arn) for each in found.policies if each.attached}
    if found.role is not None and found.role.inline is not None:
        documents[POLICY] = found.role.inline
        attached.add(POLICY)
    for step in planned:
        match step:
            case steps.PutInline(policy=name, document=document):
                documents[name] = document
                attached.add(name)
            case steps.CreatePolicy(name=name, document=document):
                documents[name] = document
            case steps.AddVersion(arn=arn, document=document):
                documents[_name(arn)] = document
            case steps.Attach(arn=arn):
                attached.add(_name(arn))
            case steps.Detach(arn=arn):
                attached.discard(_name(arn))
            case steps.DeleteInline(policy=name):
                attached.discard(name)
    return union(*(read(documents[name]) or frozenset() for name in attached & documents.keys()))


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
