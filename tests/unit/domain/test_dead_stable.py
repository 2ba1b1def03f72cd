"""A fix for a revision that serves nobody any more goes out by the same steps as any other change."""

import pytest
from tests.unit.domain.arena import Arena
from tests.unit.domain.test_sidebyside import entered, provider, replaced, selector, sizes, split


def dead(arena: Arena) -> tuple[str, str]:
    """Stable and candidate; not one pod of stable is ready, and none will be."""
    arena.broken.add(arena.status["stableRevision"])
    for number in range(len(arena.pods)):
        arena.lose(number)
    arena.rest()
    return replaced(arena)


@pytest.mark.parametrize("routed", [True, False])
def test_a_candidate_takes_over_from_a_stable_revision_without_ready_pods(*, routed: bool) -> None:
    arena = entered() if routed else entered(expose=None)
    stable, candidate = dead(arena)
    way, both = provider(arena), "Stable" if routed else "Both"
    arena.order(stable, candidate, provider=way, capacity=25)
    arena.rest()
    assert arena.status["release"]["inPlace"], "pods for a preview, or for a gate that tries them"
    for weight in (25, 50):
        arena.order(stable, candidate, provider=way, weight=weight, capacity=weight, address=both)
        arena.rest()
        assert arena.status["release"]["inPlace"], arena.status["release"]
        if routed:
            assert split(arena)[f"orders-{candidate}"] == weight
    arena.order(stable, candidate, provider=way, weight=100, capacity=100, address="Candidate")
    arena.rest()
    assert arena.status["release"]["inPlace"]
    assert selector(arena) == candidate
    arena.order(candidate, provider=way)
    arena.rest()
    assert arena.status["release"]["inPlace"]
    assert sizes(arena) == {f"orders-{candidate}": 4, f"orders-{stable}": 0}


def test_no_share_returns_to_a_stable_revision_without_ready_pods() -> None:
    arena = entered()
    stable, candidate = dead(arena)
    arena.order(stable, candidate, weight=50, capacity=50)
    arena.rest()
    arena.order(stable, candidate, capacity=50)
    arena.rest()
    assert split(arena)[f"orders-{candidate}"] == 50
    assert not arena.status["release"].get("inPlace")
    assert f"no pod of stable revision {stable} is ready" in arena.status["release"]["message"]
