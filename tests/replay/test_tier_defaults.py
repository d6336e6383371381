"""The default tiers: they hold what was asked for, and pass experiences on as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.tier_checks import check_tiers
from cryptoscalp.replay.tier_defaults import SHARES, WEEK_S, default_tiers
from cryptoscalp.replay.tier_rules import admitted, moved
from tests.replay.tier_oracle import REGIMES, Row, facts
from tests.replay.tier_strategies import PATIENT


@PATIENT
@given(st.integers(10, 10**12), st.floats(1e-6, 1e6))
def test_they_hold_the_capacity_exactly(capacity: int, surprise: float) -> None:
    tiers = default_tiers(capacity, surprise=surprise)
    check_tiers(tiers)
    assert sum(tier.capacity for tier in tiers) == capacity
    assert all(tier.capacity >= capacity * share // 100 >= 1
               for tier, share in zip(tiers, SHARES, strict=True))  # fmt: skip
    assert sum(tier.weight for tier in tiers) == pytest.approx(1.0)


@pytest.mark.parametrize("capacity", [9, 0, -5])
def test_each_tier_needs_a_place(capacity: int) -> None:
    with pytest.raises(InputError, match=f"capacity {capacity} must be 10 or more"):
        default_tiers(capacity)


@pytest.mark.parametrize("surprise", [0.0, -1.0, math.nan, math.inf])
def test_a_surprise_is_above_zero(surprise: float) -> None:
    with pytest.raises(InputError, match=r"surprise .* must be a finite number above 0"):
        default_tiers(1_000, surprise=surprise)


def test_new_experiences_enter_by_regime_then_reward() -> None:
    rows = [Row(), Row(rarity=3.0), Row(regime="CRISIS"), Row(regime="VOLATILE", rarity=9.0)]
    assert admitted(default_tiers(1_000), facts(rows), REGIMES).tolist() == [1, 3, 4, 4]


@pytest.mark.parametrize(
    ("current", "row", "then"),
    [
        (1, Row(), 1),
        (1, Row(2.0, td_error=-2.0, draws=1), 2),
        (2, Row(2.0, td_error=2.0, draws=8), 5),
        (2, Row(0.4, td_error=0.4, draws=2), 1),
        (2, Row(0.6, td_error=0.6, draws=9), 2),
        (3, Row(2.0, td_error=2.0, draws=8), 5),
        (3, Row(0.1, td_error=0.1, draws=8), 3),
        (4, Row(2.0, td_error=2.0, draws=8), 5),
        (5, Row(2.0, td_error=2.0, draws=64, age_s=WEEK_S), 6),
        (5, Row(2.0, td_error=2.0, draws=64, age_s=WEEK_S - 1), 5),
        (5, Row(0.1, td_error=0.1, draws=20), 1),
        (6, Row(9.0, td_error=9.0, draws=99, age_s=2 * WEEK_S), 6),
    ],
)
def test_experiences_move_on(current: int, row: Row, then: int) -> None:
    tiers = default_tiers(1_000)
    assert moved(tiers, np.array([current], np.int8), facts([row]), REGIMES).tolist() == [then]


@PATIENT
@given(st.floats(0.0, 5.0), st.integers(1, 100), st.floats(0.0, 2 * WEEK_S), st.integers(1, 6))
def test_what_does_not_change_comes_to_rest(
    error: float, draws: int, age_s: float, current: int
) -> None:
    """No experience is sent around for ever, in whichever tier it starts."""
    tiers = default_tiers(1_000)
    row = facts([Row(max(error, 1e-9), error, age_s, 0.0, draws)])
    at = np.array([current], np.int8)
    for _ in range(len(tiers)):
        at = moved(tiers, at, row, REGIMES)
    assert moved(tiers, at, row, REGIMES).tolist() == at.tolist()


def test_the_unit_of_surprise_is_that_of_the_rewards() -> None:
    small = default_tiers(1_000, surprise=0.01)
    row = facts([Row(0.02, td_error=0.02, draws=1)])
    assert moved(small, np.array([1], np.int8), row, REGIMES).tolist() == [2]
    assert moved(default_tiers(1_000), np.array([1], np.int8), row, REGIMES).tolist() == [1]
