"""status.waitingFor of a CanaryRelease: what the release under way waits for, and who can do something about it."""

from collections.abc import Iterator

from trimtab.domain.release.effect import in_place
from trimtab.domain.release.holding import missing_of
from trimtab.domain.release.look import Look
from trimtab.domain.release.state import Note, Phase, State
from trimtab.domain.service.blockers import Blocker

_UNSEEN = (Phase.STEPPING, Phase.PROMOTING)
"""Where a share of traffic has to be seen in effect, not only to be in place."""


def blockers(state: State, look: Look, note: Note) -> Iterator[Blocker]:
    """The gate, window, group, KPI or approval that the word of the phase is about; then targets not as ordered."""
    if note.on is not None:
        kind, name = note.on
        yield Blocker(kind=kind, name=name, reason=note.reason, message=note.message)
    if not state.begun or state.phase is Phase.RETURNING:
        return
    for leg in state.moving:
        service = look.services.get(leg.name)
        if service is None or (state.phase not in _UNSEEN and in_place(leg, service)):
            continue
        if missing := missing_of(leg, service):
            yield Blocker(kind="Microservice", name=leg.name, reason=note.reason, message=missing)
