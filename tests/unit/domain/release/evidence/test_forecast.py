"""A forecast tells how releases would fare under a service's traffic."""

import math

import numpy as np

from trimtab.api.analysis import Analysis
from trimtab.domain.release.evidence.forecast import Forecast, Traffic, forecast
from trimtab.domain.release.evidence.terms import Compare, of
from trimtab.domain.release.evidence.trial import Outcome, Trial

RUNS = 40
WEIGHTS, BAKES = (0.1, 0.25, 0.5), (60, 60, 60)


def tried(
    candidate: float, *, rate: float = 200, deadline: float = 1800, told: list[float] | None = None, seed: int = 1
) -> Forecast:
    terms = of(Analysis(), ["99%"], compare=[Compare.BOTH], tick=10, kpis=1).rows(np.zeros(RUNS, dtype=np.int64))
    return forecast(
        Trial.of(terms=terms, bakes=BAKES, deadline=deadline),
        weights=WEIGHTS,
        traffic=Traffic(rate=rate, candidate=(candidate,), stable=(0.005,), pods=4),
        seconds=10,
        generator=np.random.default_rng(seed),
        progress=(told if told is not None else []).append,
    )


def test_a_good_version_is_promoted_and_a_bad_one_aborted() -> None:
    told: list[float] = []
    good, bad = tried(0.005, told=told), tried(0.02)
    assert good.share(Outcome.PROMOTE) == 1
    assert bad.share(Outcome.ABORT) == 1
    assert sum(BAKES) <= good.within(Outcome.PROMOTE, 0.5) <= good.within(Outcome.PROMOTE, 0.9) < 1800
    assert good.within(Outcome.ABORT, 0.1) == math.inf
    assert told == sorted(told)
    assert told[-1] == 1


def test_what_traffic_cannot_decide_stays_undecided() -> None:
    found = tried(0.005, rate=1, deadline=600)
    assert found.share(Outcome.INCONCLUSIVE) == 1
    assert set(found.times.tolist()) == {600}


def test_equal_seeds_make_equal_forecasts() -> None:
    assert tried(0.02).times.tolist() == tried(0.02).times.tolist()
    assert tried(0.02).times.tolist() != tried(0.02, seed=2).times.tolist()
