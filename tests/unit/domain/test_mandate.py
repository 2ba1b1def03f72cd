"""What a Microservice takes from its CanaryRelease, and what it does not."""

from tests.unit.domain.test_sidebyside import entered, sizes


def test_an_order_about_a_microservice_that_had_the_name_before_is_none() -> None:
    arena = entered()
    arena.remake()
    arena.update(image="r.example/orders:9")
    arena.rest()
    assert arena.status["revision"]
    assert arena.status["release"]["policy"], "its CanaryRelease learns of it"
    assert sizes(arena) == {}, "nothing moves before an order of its own"
    arena.order(arena.status["revision"])
    arena.rest()
    assert sizes(arena) == {f"orders-{arena.status['revision']}": 4}
    assert arena.status["release"]["inPlace"]


def test_a_release_by_a_provider_that_a_newer_operator_brought_stays_where_it_is() -> None:
    arena = entered()
    stable = arena.status["stableRevision"]
    arena.update(image="r.example/orders:9")
    arena.rest()
    before = sizes(arena)
    arena.order(stable, arena.status["revision"], weight=50, capacity=50, provider="Carrier")
    arena.reconcile()
    assert sizes(arena) == before
    released = arena.condition("Released")
    assert released is not None
    assert "an operator that knows the traffic provider Carrier" in released["message"]


def test_a_service_whose_stable_revision_has_no_record_any_more_says_so() -> None:
    arena = entered()
    stable = arena.status["stableRevision"]
    arena.update(image="r.example/orders:9")
    for ref in [ref for ref in arena.objects if ref.kind == "ControllerRevision"]:
        del arena.objects[ref]
    before = sizes(arena)
    arena.reconcile()
    assert sizes(arena) == before
    released = arena.condition("Released")
    assert released is not None
    assert released["status"] == "False"
    assert f"record (ControllerRevision) of revision {stable}" in released["message"]
