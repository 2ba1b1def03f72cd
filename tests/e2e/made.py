"""What was made for a Microservice while a mirror watched, by kind: each restart of its pods shows in it."""

from collections import Counter
from collections.abc import Mapping

from tests.support.mirror import Mirror


def made(mirror: Mirror, name: str, namespace: str) -> Counter[str]:
    """How many objects of each kind were made for a Microservice since the mirror began."""
    mine = (s for s in mirror.history if s.type == "ADDED" and s.key[1] == namespace)
    return Counter(s.kind for s in mine if s.obj["metadata"].get("labels", {}).get("trimtab.dev/microservice") == name)


async def has_made(mirror: Mirror, name: str, namespace: str, expected: Mapping[str, int], why: str = "") -> None:
    """Waits until just these were made: what is read may be ahead of what the mirror has heard by its watch."""
    await mirror.until(
        lambda: made(mirror, name, namespace) == expected,
        60,
        lambda: f"{dict(expected)} made for {name} ({why}), but: {dict(made(mirror, name, namespace))}",
    )
