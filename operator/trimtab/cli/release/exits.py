"""Exit codes of the commands, for scripts and pipelines."""

from enum import IntEnum

EPILOG = (
    "Exit status: 0 done, promoted; 1 error; 2 wrong usage; 3 the new revision was not let through; "
    "4 the operator refused the verb; 5 not over within the time given, or no answer."
)


class Exit(IntEnum):
    """Exit codes of the commands, for scripts and pipelines."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    REJECTED = 3
    REFUSED = 4
    UNFINISHED = 5
