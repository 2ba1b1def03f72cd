"""What the rule can find of a KPI."""

from enum import IntEnum


class Finding(IntEnum):
    """PASS lets a step pass and, in the last one, promote; the ABORT_ ones end the release; the others hold it."""

    PASS = 0
    ABORT_SLO = 1
    ABORT_RELATIVE = 2
    HOLD_ENVIRONMENT = 3
    HOLD_EVIDENCE = 4
    HOLD_SHARE = 5
    HOLD_TRAFFIC = 6
    HOLD_UNPROVEN = 7
