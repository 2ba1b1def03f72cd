"""How far back a release has the store asked: to what was counted last, but not for ever."""

from tests.unit.domain.release.counted import LONG_STEP, declared, released

from trimtab.domain.release.counting.counters import Reading
from trimtab.domain.release.counting.ticks import LONGEST


def test_what_was_missed_is_asked_for_until_no_reading_reaches_so_far() -> None:
    world = released(declared(strategy=LONG_STEP))
    world.run(120)
    assert world.since is not None
    assert 0 < world.true - world.since < 40
    counted = world.since
    world.outage = "connection refused"
    world.run(LONGEST - 100, tick=10)
    assert world.since == counted
    world.run(200, tick=10)
    assert world.since is None
    world.outage = ""
    world.run(20, tick=10)
    assert world.since is not None
    assert 0 < world.true - world.since < 40, "the first answer led to a longer question, whose answer was counted"


def test_nothing_is_asked_for_while_nothing_is_judged() -> None:
    world = released(declared(strategy=LONG_STEP))
    world.run(120)
    world.spec["suspend"] = True
    world.generation += 1
    world.run(10)
    assert world.since is None
    assert isinstance(world.reading(), Reading)
