"""Which revisions are to be released, and the id of the release."""

import re
from collections.abc import Iterable, Mapping

from trimtab.domain import names
from trimtab.domain.release.look import Look
from trimtab.domain.release.state import State


def wanted(state: State, look: Look) -> dict[str, str]:
    """The revisions to be released by name of Microservice: asked for, not stable yet, and not rejected."""
    found: dict[str, str] = {}
    for leg in state.legs:
        service = look.services.get(leg.name)
        if service is None or not leg.settled or not service.revision or service.revision == leg.stable:
            continue
        if leg.rejected is None or leg.rejected.revision != service.revision:
            found[leg.name] = service.revision
    return found


def released(state: State) -> dict[str, str]:
    """The revisions of the release under way, by name of Microservice."""
    return {each["name"]: each["revision"] for each in state.released}


def release_id(revisions: Mapping[str, str], earlier: Iterable[str]) -> str:
    """The revision, or a digest of several; numbered if an earlier release had it, so that old verbs are stale."""
    base = next(iter(revisions.values())) if len(revisions) == 1 else names.digest(names.canonical(dict(revisions)))
    attempt = re.compile(rf"{re.escape(base)}(?:-(\d+))?")
    attempts = [int(found[1] or 1) for each in earlier if (found := attempt.fullmatch(each))]
    return f"{base}-{max(attempts) + 1}" if attempts else base
