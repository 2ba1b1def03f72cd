"""The likelihood of a tick, beside scipy's Fisher noncentral hypergeometric distribution."""

import numpy as np
import pytest
from scipy.stats import nchypergeom_fisher

from trimtab.domain.release.evidence.hypergeometric import log_likelihood

GRID = np.append(np.linspace(-np.log(8), np.log(8), 49), [np.log(1.25), np.log(2)])[None, :]


def likelihoods(*rows: tuple[int, int, int, int]) -> np.ndarray:
    """Of rows of (candidate's requests, stable's, bad of all, bad of the candidate)."""
    candidate, stable, bad, counted = np.array(rows).T
    return log_likelihood(candidate, counted, stable, bad, GRID)


def error(candidate: int, stable: int, bad: int, counted: int) -> float:
    """Greatest relative error of the likelihood, where scipy's is not so small that it loses precision itself."""
    ours = likelihoods((candidate, stable, bad, counted))[0]
    theirs = nchypergeom_fisher.logpmf(counted, candidate + stable, bad, candidate, np.exp(GRID[0]))
    known = theirs > -600
    assert known.any()
    return float(np.abs(np.expm1(ours - theirs)[known]).max())


@pytest.mark.parametrize(
    ("candidate", "stable", "bad", "counted"),
    [
        (1, 1, 1, 0),
        (1, 1, 1, 1),
        (3, 500, 4, 3),
        (500, 3, 499, 497),
        (40, 60, 90, 36),
        (100, 900, 12, 3),
        (1000, 9000, 200, 31),
        (10_000, 10_000, 600, 290),
        (10_000, 10_000, 600, 150),
        (50_000, 50_000, 30_000, 15_100),
        (5_000, 95_000, 30_000, 1_600),
        (99_000, 1_000, 70_000, 69_300),
    ],
)
def test_it_is_scipys_up_to_100000_requests(candidate: int, stable: int, bad: int, counted: int) -> None:
    assert error(candidate, stable, bad, counted) < 1e-9


@pytest.mark.parametrize(
    ("candidate", "stable", "bad"), [(500_000, 9_500_000, 100_000), (5_000_000, 5_000_000, 3_000_000)]
)
def test_it_is_scipys_up_to_10_million_requests(candidate: int, stable: int, bad: int) -> None:
    for odds in (1 / 8, 2, 8):
        counted = round(nchypergeom_fisher.mean(candidate + stable, bad, candidate, odds)) + 100
        assert error(candidate, stable, bad, counted) < 1e-6


@pytest.mark.parametrize(("candidate", "stable", "bad"), [(7, 11, 9), (300, 200, 450), (2000, 8000, 700)])
def test_all_outcomes_together_are_certain(candidate: int, stable: int, bad: int) -> None:
    outcomes = range(max(0, bad - stable), min(candidate, bad) + 1)
    logs = likelihoods(*((candidate, stable, bad, counted) for counted in outcomes))
    np.testing.assert_allclose(np.exp(logs).sum(axis=0), 1.0, rtol=1e-11)


def test_rare_errors_fall_on_the_candidate_like_coins() -> None:
    """The closed form for rare errors: Binomial(E, th e^d / (1 - th + th e^d)), th the candidate's share."""
    candidate, stable, bad, counted = 10**8, 3 * 10**8, 6, 4
    share = candidate / (candidate + stable)
    tilted = share * np.exp(GRID[0]) / (1 - share + share * np.exp(GRID[0]))
    expected = np.log(15) + counted * np.log(tilted) + (bad - counted) * np.log1p(-tilted)
    np.testing.assert_allclose(likelihoods((candidate, stable, bad, counted))[0], expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "row", [(0, 10, 3, 0), (10, 0, 3, 3), (10, 10, 0, 0), (10, 10, 20, 10), (0, 0, 0, 0), (10**7, 10**7, 0, 0)]
)
def test_what_could_not_have_been_otherwise_tells_exactly_nothing(row: tuple[int, int, int, int]) -> None:
    assert (likelihoods(row) == 0.0).all()


def test_bits_of_a_row_do_not_depend_on_the_rows_beside_it() -> None:
    generator = np.random.default_rng(5)
    candidate, stable = generator.integers(0, 5000, (2, 300))
    bad = generator.binomial(candidate + stable, generator.choice([0.001, 0.01, 0.4], 300))
    counted = generator.hypergeometric(candidate, stable, bad)
    together = log_likelihood(candidate, counted, stable, bad, GRID)
    for row in range(300):
        alone = slice(row, row + 1)
        own = log_likelihood(candidate[alone], counted[alone], stable[alone], bad[alone], GRID)
        assert (own[0] == together[row]).all()
