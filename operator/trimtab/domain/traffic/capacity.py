"""How many pods a share of the traffic needs, and which share a number of pods carries (design: Capacity)."""

import math


def pods_for(share: int, wanted: int) -> int:
    """Pods of the candidate for `share` percent behind a router, of a service that has `wanted` pods: ceil(N x share).

    At least one for any share above 0, so that a service scaled to one pod can be released too.
    """
    return max(1, math.ceil(wanted * share / 100)) if share > 0 else 0


def pods_among(share: int, wanted: int) -> int:
    """Pods of the candidate beside `wanted` stable ones so that at most `share` percent of all are its own.

    Without a router the share of pods is the share of connections: c = max(1, floor(N w / (1 - w))). For 100 percent
    the candidate has `wanted` pods, and stable leaves.
    """
    if share <= 0:
        return 0
    return wanted if share >= 100 else max(1, math.floor(wanted * share / (100 - share)))


def effective_share(candidate: int, wanted: int) -> float:
    """Percent of connections that `candidate` pods get beside `wanted` stable ones."""
    return 100.0 * candidate / (wanted + candidate) if candidate > 0 else 0.0


def carried(ready: int, wanted: int) -> int:
    """The largest whole percentage that `ready` pods may carry behind a router, of a service that has `wanted` pods."""
    if ready <= 0:
        return 0
    return 100 if ready >= wanted else math.floor(100 * ready / wanted)
