"""Each process against its own hypothesis, by summing over everything that one small tick can count."""

import numpy as np
import pytest
from scipy.stats import binom
from tests.unit.domain.release.evidence.batches import grown, terms_of, tick_of

from trimtab.domain.release.evidence.evidence import PROCESSES, after, values

CANDIDATE, STABLE = 30, 20
P0, FLOOR = 0.1, 0.04


def expected(name: str, candidate_share: float, stable_share: float, *, dispersion: float = 1.0) -> tuple[float, float]:
    """Value of a process before a tick, and its mean after it if requests fail with these probabilities."""
    outcomes = (CANDIDATE + 1) * (STABLE + 1)
    terms = terms_of(outcomes, p0=P0, floor=FLOOR, least_dispersion=dispersion, false_promote=1e-12)
    history = [tick_of(outcomes, (40, 5), (50, 4)), tick_of(outcomes, (10, 0), (12, 2))]
    before = grown(outcomes, terms, *history)
    candidate_bad, stable_bad = (each.ravel() for each in np.mgrid[: CANDIDATE + 1, : STABLE + 1])
    tick = tick_of(outcomes, (CANDIDATE, candidate_bad), (STABLE, stable_bad))
    following = after(before, terms, tick, last=np.zeros(outcomes, dtype=bool))
    chance = binom.pmf(candidate_bad, CANDIDATE, candidate_share) * binom.pmf(stable_bad, STABLE, stable_share)
    now, then = (np.exp(getattr(values(each, terms), name)) for each in (before, following))
    return float(now[0]), float((chance * then).sum())


def at_odds(ratio: float, share: float) -> float:
    """The share whose odds are so many times those of `share`."""
    odds = ratio * share / (1 - share)
    return odds / (1 + odds)


BORDERS = [
    ("abort_slo", P0, 0.3),
    ("abort_floor", FLOOR, 0.3),
    ("stable_slo", 0.3, P0),
    ("promote_slo", P0, 0.02),
    ("promote_floor", FLOOR, 0.02),
    ("abort_relative", at_odds(1.25, 0.05), 0.05),
    ("abort_relative", at_odds(1.25, 0.4), 0.4),
    ("promote_relative", at_odds(2, 0.05), 0.05),
    ("promote_relative", at_odds(2, 0.3), 0.3),
]
INSIDE = [
    ("abort_slo", 0.07, 0.3),
    ("abort_floor", 0.01, 0.3),
    ("stable_slo", 0.3, 0.02),
    ("promote_slo", 0.2, 0.02),
    ("promote_floor", 0.3, 0.02),
    ("abort_relative", 0.05, 0.05),
    ("abort_relative", 0.02, 0.4),
    ("promote_relative", at_odds(3, 0.05), 0.05),
    ("promote_relative", 0.9, 0.3),
]
OUTSIDE = [
    ("abort_slo", 0.3, 0.3),
    ("abort_floor", 0.2, 0.3),
    ("stable_slo", 0.3, 0.3),
    ("promote_slo", 0.02, 0.02),
    ("promote_floor", 0.01, 0.02),
    ("abort_relative", 0.4, 0.05),
    ("promote_relative", 0.05, 0.3),
]


def test_every_process_is_tried() -> None:
    for cases in (BORDERS, INSIDE, OUTSIDE):
        assert {case[0] for case in cases} == set(PROCESSES)


@pytest.mark.parametrize(("name", "candidate", "stable"), BORDERS)
def test_at_the_border_of_its_hypothesis_nothing_is_to_be_expected(name: str, candidate: float, stable: float) -> None:
    now, then = expected(name, candidate, stable)
    assert then == pytest.approx(now, rel=2e-4), "but for what is cut where nearly all requests fail"


@pytest.mark.parametrize(("name", "candidate", "stable"), INSIDE)
def test_within_its_hypothesis_evidence_shrinks(name: str, candidate: float, stable: float) -> None:
    now, then = expected(name, candidate, stable)
    assert then < now * (1 - 1e-3)


@pytest.mark.parametrize(("name", "candidate", "stable"), OUTSIDE)
def test_outside_its_hypothesis_evidence_grows(name: str, candidate: float, stable: float) -> None:
    now, then = expected(name, candidate, stable)
    assert then > now * 1.01


@pytest.mark.parametrize(("name", "candidate", "stable"), BORDERS)
def test_tempered_evidence_shrinks_even_at_the_border(name: str, candidate: float, stable: float) -> None:
    now, then = expected(name, candidate, stable, dispersion=3.0)
    assert then < now


def test_evidence_seldom_exceeds_its_threshold_ever() -> None:
    """Ville's inequality, for 250 releases at the borders: P(ever >= 10) <= 10 %."""
    runs, ticks = 250, 80
    generator = np.random.default_rng(20)
    terms = terms_of(runs, p0=0.02, floor=0.02, false_promote=0.2)
    evidence, most = grown(runs, terms), {name: np.full(runs, -np.inf) for name in PROCESSES}
    for _ in range(ticks):
        candidate, stable = generator.binomial(60, 0.02, runs), generator.binomial(90, 0.02, runs)
        evidence = after(evidence, terms, tick_of(runs, (60, candidate), (90, stable)), last=np.ones(runs, dtype=bool))
        for name in PROCESSES:
            most[name] = np.maximum(most[name], getattr(values(evidence, terms), name))
    ever = {name: float((most[name] >= np.log(10)).mean()) for name in PROCESSES}
    assert max(ever[name] for name in PROCESSES if name != "promote_relative") <= 0.1 + 2 * np.sqrt(0.09 / runs)
    assert ever["promote_relative"] > 0.5
