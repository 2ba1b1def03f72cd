"""Exit codes of the commands about bindings, and how a ServiceBinding leads to one."""

from enum import IntEnum

from trimtab.domain.objects import Object

EPILOG = (
    "Exit status: 0 bound; 1 error; 2 wrong usage; 4 refused, only a person can mend it; 5 not bound yet, or not over "
    "within the time given."
)


class Exit(IntEnum):
    """Exit codes of the commands about bindings."""

    BOUND = 0
    ERROR = 1
    USAGE = 2
    REFUSED = 4
    UNFINISHED = 5


def outcome(binding: Object) -> Exit:
    """What the operator says about the newest spec."""
    status = binding.get("status") or {}
    if status.get("observedGeneration") != binding["metadata"].get("generation"):
        return Exit.UNFINISHED
    found = {each["type"]: each["status"] for each in status.get("conditions") or ()}
    if found.get("Ready") == "True":
        return Exit.BOUND
    return Exit.REFUSED if found.get("Stalled") == "True" else Exit.UNFINISHED
