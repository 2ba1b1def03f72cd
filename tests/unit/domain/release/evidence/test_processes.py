"""The processes themselves: weights of beginnings, values, clipping; shares beside ville's test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ville import BernoulliTest

from trimtab.domain.release.evidence import grids, processes


@pytest.mark.parametrize("reference", [0.01, 0.3])
def test_bets_on_all_shares_are_villes_test_of_one_share(reference: float) -> None:
    """The mean of the likelihood ratios over all shares is the beta-binomial mixture in closed form."""
    generator = np.random.default_rng(3)
    points = 20_000
    shares = ((np.arange(points) + 0.5) / points)[None, :]
    oracle, logs = BernoulliTest(reference, prior=(1.0, 1.0)), np.zeros((1, points))
    for _ in range(8):
        requests = (generator.random(50) < 1.7 * reference).astype(float)
        oracle.update(requests)
        bad = np.array([requests.sum()])
        logs += processes.one_sample(np.array([50.0]), bad, shares, np.array([reference]))
        assert np.log(np.exp(logs).mean()) == pytest.approx(float(oracle.log_e_values_[-1]), abs=1e-5)


def test_weights_of_beginnings_sum_to_a_half() -> None:
    ticks = np.arange(36_000)
    a_tick = np.full(ticks.shape, 360.0)
    weights = processes.start_weights(ticks, a_tick)
    assert weights[0] == pytest.approx(1 / (2 * 360 * 1 * 2))
    assert weights[360] == pytest.approx(1 / (2 * 360 * 2 * 3))
    spent = np.concatenate([[0.0], np.cumsum(weights)[:-1]])
    np.testing.assert_allclose(processes.unspent(ticks, a_tick), 0.5 - spent, atol=1e-12)


@pytest.mark.parametrize("per_hour", [0.5, 1.0, 7.3, 3600.0])
def test_any_length_of_a_tick_spends_a_half_at_most(per_hour: float) -> None:
    ticks = np.arange(20_000)
    weights = processes.start_weights(ticks, np.full(ticks.shape, per_hour))
    left = processes.unspent(np.array([20_000]), np.array([per_hour]))[0]
    assert weights.sum() + left == pytest.approx(0.5)
    assert left > 0


def test_ticks_that_tell_nothing_leave_the_value_at_one() -> None:
    state, per_hour = processes.begun(1, 30), np.array([360.0])
    for tick in range(800):
        start = np.log(processes.start_weights(np.array([tick]), per_hour))[:, None]
        state = processes.restarted(state, np.zeros((1, 30)), start)
    assert processes.restarted_value(state, np.array([800]), per_hour)[0] == 0.0


def test_a_long_good_time_does_not_blind_abort_evidence() -> None:
    state, per_hour = processes.begun(1, 1), np.array([360.0])
    for tick in range(3600):
        start = np.log(processes.start_weights(np.array([tick]), per_hour))[:, None]
        state = processes.restarted(state, np.full((1, 1), -1.0), start)
    assert state[0, 0] > -15
    for tick in range(3600, 3620):
        start = np.log(processes.start_weights(np.array([tick]), per_hour))[:, None]
        state = processes.restarted(state, np.full((1, 1), 1.0), start)
    assert processes.restarted_value(state, np.array([3620]), per_hour)[0] > np.log(200)


def test_promote_evidence_is_cut_at_four_times_its_threshold() -> None:
    weights, threshold = np.full((1, 30), 1 / 30), np.array([40.0, 40.0])
    state = np.zeros((2, 30))
    ratios = np.stack([np.linspace(0, 100, 30), np.linspace(0, 1, 30)])
    state = processes.accumulated(state, ratios, weights, threshold)
    value = processes.accumulated_value(state, weights)
    assert value[0] == pytest.approx(np.log(160), abs=1e-5)
    assert value[1] < np.log(160)
    np.testing.assert_allclose(np.diff(state[0]), np.diff(ratios[0]), atol=1e-4)


@settings(max_examples=50, deadline=None)
@given(logs=st.lists(st.floats(-1e5, 1e5), min_size=30, max_size=30))
def test_states_are_what_32_bits_hold(logs: list[float]) -> None:
    state = processes.restarted(np.array([logs]), np.zeros((1, 30)), np.array([[-8.0]]))
    assert (state.astype(np.float32).astype(np.float64) == state).all()
    assert np.isfinite(processes.restarted_value(state, np.array([3]), np.array([360.0]))).all()


def test_grids_lie_on_the_wanted_side() -> None:
    for reference in (1e-5, 0.0025, 0.01, 0.3, 0.44, 0.46, 0.5, 0.9, 0.999):
        share = np.array([reference])
        over, under = grids.above(share)[0], grids.below(share)[0]
        assert over.min() > reference
        assert over.max() < 1
        assert under.max() < reference
        assert under.min() > 0
        assert len(set(over)) == len(set(under)) == 30
    assert grids.above(np.array([0.01]))[0][[0, -1]] == pytest.approx([0.0105, 0.5])
    assert grids.below(np.array([0.01]))[0][[0, -1]] == pytest.approx([0.0002, 0.0095])


def test_odds_ratios_that_are_not_below_the_tolerance_weigh_nothing() -> None:
    weights = grids.tolerable(np.array([2.0, 1.3, 8.0]))
    below = [np.log(2) - 1e-6 > grids.ODDS, np.log(1.3) > grids.ODDS, np.arange(49) < 48]
    for row, wanted in zip(weights, below, strict=True):
        assert ((row > 0) == wanted).all()
        assert row.sum() == pytest.approx(1)
    assert weights[0][20] / weights[0][24] == pytest.approx(np.exp(-((grids.ODDS[20] / 0.35) ** 2) / 2))
    assert grids.ODDS_WORSE.min() > np.log(1.25)
    assert len(grids.ODDS_WORSE) == 22
