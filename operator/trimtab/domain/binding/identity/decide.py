"""From a role as it should be and what a look found to the steps between them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from trimtab.api.reasons import Reason
from trimtab.domain import names
from trimtab.domain.binding.identity import steps
from trimtab.domain.binding.identity.asked import Asked, completed
from trimtab.domain.binding.identity.document import Right, document, normal, read, union
from trimtab.domain.binding.identity.packing import MOST, Packing, pack
from trimtab.domain.binding.identity.role import (
    POLICY,
    Bearer,
    Found,
    LivePolicy,
    LiveRole,
    Role,
    Subject,
    policy_name,
)
from trimtab.domain.binding.identity.steps import Step
from trimtab.domain.binding.ownership import UID

VERSIONS = 5
"""Versions that a managed policy may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something is not done, with the remedy."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The steps in order; none: all is as it should be, but for what `refusal` tells."""

    steps: tuple[Step, ...] = ()
    refusal: Refusal | None = None


def decided(asked: Asked, found: Found) -> Decision:
    """What is to be done for all that is asked."""
    role = completed(asked, granted(found))
    if role is None:
        return remove(asked.name, asked.bearer, found, asked.subject)
    return keep(role, asked.bearer, found)


def keep(role: Role, bearer: Bearer, found: Found) -> Decision:
    """The role is to exist."""
    if (refusal := _foreign(role, bearer, found)) is not None:
        return Decision(refusal=refusal)
    packing = _packing(role, found)
    taken = _taken(role, bearer, found)
    planned = [*_role(role, found.role), *_policies(role, found, packing)]
    if taken is None:
        planned += _association(role, bearer, found)
    return Decision(steps=tuple(planned), refusal=taken or _too_long(packing))


def remove(name: str, bearer: Bearer, found: Found, subject: Subject | None) -> Decision:
    """The role is not to exist: what lends its rights goes first, the role last, since its tags say whose it all is."""
    ours = found.role is None or bearer.owns(found.role.tags)
    planned: list[Step] = []
    if subject is not None and found.association is not None and bearer.owns(found.association.tags):
        planned.append(steps.Dissociate(cluster_name=subject.cluster_name, id=found.association.id))
    if ours:
        planned += _without_policies(name, found)
    if found.role is not None and ours:
        foreign = (steps.Detach(name=name, arn=arn) for arn in found.role.foreign)
        others = (steps.DeleteInline(name=name, policy=policy) for policy in found.role.foreign_inline)
        planned += [*foreign, *others, steps.DeleteRole(name=name)]
    return Decision(steps=tuple(planned))


def granted(found: Found) -> frozenset[Right]:
    """All that the role's own policies allow now, as far as they can be read."""
    if found.role is None:
        return frozenset()
    return union(_inline(found.role), *_slots(found, attached=True).values())


def _foreign(role: Role, bearer: Bearer, found: Found) -> Refusal | None:
    live = found.role
    if live is not None and not bearer.owns(live.tags):
        message = (
            f"the IAM role {live.arn} exists and its tags are not those of this Microservice: it is left alone. "
            "Delete it, or set another namePrefix in the BindingPolicy"
        )
        return Refusal(reason=Reason.NOT_OURS, message=message)
    if live is not None and live.arn != role.arn:
        message = (
            f"the IAM role {live.arn} is ours, but IAM cannot move it to the policy's rolePath {role.path}: "
            "set rolePath back, or delete the role; it is made anew"
        )
        return Refusal(reason=Reason.IMMUTABLE_CHANGE, message=message)
    return None


def _taken(role: Role, bearer: Bearer, found: Found) -> Refusal | None:
    live = found.association
    if (
        role.subject is None
        or not role.associated
        or live is None
        or bearer.owns(live.tags)
        or live.role_arn == role.arn
    ):
        return None
    message = (
        f"EKS associates ServiceAccount {role.subject.service_account} with {live.role_arn} by association {live.id}, "
        f"which is not ours: delete it, or let it name {role.arn}"
    )
    return Refusal(reason=Reason.NOT_OURS, message=message)


def _role(role: Role, live: LiveRole | None) -> Iterator[Step]:
    if live is None:
        yield steps.CreateRole(name=role.name, path=role.path, trust=role.trust, boundary=role.boundary, tags=role.tags)
        return
    tags = {key: value for key, value in role.tags.items() if live.tags.get(key) != value}
    if tags:
        yield steps.TagRole(name=role.name, tags=tags)
    if role.boundary and live.boundary != role.boundary:
        yield steps.SetBoundary(name=role.name, boundary=role.boundary)
    if normal(live.trust) != normal(role.trust):
        yield steps.SetTrust(name=role.name, trust=role.trust)


def _packing(role: Role, found: Found) -> Packing:
    live = found.role
    return pack(
        role.rights,
        _inline(live) if live is not None else frozenset(),
        _slots(found, attached=False),
        room=MOST - len(live.foreign if live is not None else ()),
        alone=live is None or not live.foreign_inline,
    )


def _inline(live: LiveRole) -> frozenset[Right]:
    return read(live.inline) or frozenset() if live.inline is not None else frozenset()


def _slots(found: Found, *, attached: bool) -> Mapping[int, frozenset[Right]]:
    return {each.number: read(each.document) or frozenset() for each in found.policies if each.attached or not attached}


def _too_long(packing: Packing) -> Refusal | None:
    if not packing.omitted:
        return None
    message = (
        f"the rights of all bindings together do not fit into {MOST} managed policies: {len(packing.omitted)} are left "
        "out. Divide the Microservice, or let fewer ServiceBindings name it"
    )
    return Refusal(reason=Reason.CLOUD_QUOTA_EXCEEDED, message=message)


def _policies(role: Role, found: Found, packing: Packing) -> Iterator[Step]:
    """What adds rights first, then what only takes some away."""
    live = {each.number: each for each in found.policies}
    adding: list[Step] = []
    taking: list[Step] = []
    for number, wanted in packing.managed.items():
        before = live.get(number)
        grows = before is None or not wanted <= (read(before.document) or frozenset())
        (adding if grows else taking).extend(_managed(role, number, wanted, before))
    inline = found.role.inline if found.role is not None else None
    if packing.inline and (inline is None or read(inline) != packing.inline):
        adding.append(steps.PutInline(name=role.name, policy=POLICY, document=document(packing.inline)))
    if not packing.inline and inline is not None:
        taking.append(steps.DeleteInline(name=role.name, policy=POLICY))
    for each in found.policies:
        if each.number not in packing.managed:
            taking += _unmanaged(role.name, each)
    yield from (*adding, *taking)


def _managed(role: Role, number: int, wanted: frozenset[Right], live: LivePolicy | None) -> Iterator[Step]:
    arn = role.policy_arn(number)
    if live is None:
        tags = {key: value for key, value in role.tags.items() if key != UID}
        name = policy_name(role.name, number)
        yield steps.CreatePolicy(name=name, path=role.policy_path, document=document(wanted), tags=tags)
    elif read(live.document) != wanted:
        if len(live.versions) >= VERSIONS:
            oldest = next(each for each in live.versions if each != live.default)
            yield steps.DeleteVersion(arn=arn, version=oldest)
        yield steps.AddVersion(arn=arn, document=document(wanted))
    if live is None or not live.attached:
        yield steps.Attach(name=role.name, arn=arn)


def _unmanaged(role: str, live: LivePolicy) -> Iterator[Step]:
    if live.attached:
        yield steps.Detach(name=role, arn=live.arn)
    yield from (steps.DeleteVersion(arn=live.arn, version=each) for each in live.versions if each != live.default)
    yield steps.DeletePolicy(arn=live.arn)


def _without_policies(name: str, found: Found) -> Iterable[Step]:
    for each in found.policies:
        yield from _unmanaged(name, each)
    if found.role is not None and found.role.inline is not None:
        yield steps.DeleteInline(name=name, policy=POLICY)


def _association(role: Role, bearer: Bearer, found: Found) -> Iterator[Step]:
    """Last: whoever is associated gets a role that is whole."""
    live, subject = found.association, role.subject
    if subject is None:
        return
    if not role.associated:
        if live is not None and bearer.owns(live.tags):
            yield steps.Dissociate(cluster_name=subject.cluster_name, id=live.id)
    elif live is None:
        token = names.digest(names.canonical([*_identifying(subject), role.arn, role.tags.get(UID, "")]))
        yield steps.Associate(subject=subject, role_arn=role.arn, token=f"trimtab-{token}", tags=role.tags)
    elif live.role_arn != role.arn:
        yield steps.Reassociate(cluster_name=subject.cluster_name, id=live.id, role_arn=role.arn)


def _identifying(subject: Subject) -> tuple[str, ...]:
    return (subject.cluster_name, subject.namespace, subject.service_account)
