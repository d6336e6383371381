"""Mean and deviation in parts are those of the whole; equal rewards are never rare."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.replay.reward_moments import Moments, rarity
from tests.replay.tier_strategies import PATIENT

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)


def array(numbers: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(numbers, np.float64)


def merged(parts: list[list[float]]) -> Moments:
    found = Moments()
    for part in parts:
        found = found.merged(Moments.of(array(part)))
    return found


@PATIENT
@given(st.lists(st.lists(NUMBERS, max_size=20), max_size=8))
def test_parts_give_what_the_whole_gives(parts: list[list[float]]) -> None:
    whole = array([number for part in parts for number in part])
    found = merged(parts)
    assert found.count == len(whole)
    if len(whole):
        assert found.mean == pytest.approx(whole.mean(), rel=1e-9, abs=1e-6)
        assert found.std == pytest.approx(whole.std(), rel=1e-6, abs=1e-6)
    else:
        assert (found.mean, found.std) == (0.0, 0.0)


@PATIENT
@given(NUMBERS, st.lists(st.integers(0, 9), min_size=1, max_size=9).filter(any))
def test_equal_rewards_have_no_deviation_at_all(number: float, sizes: list[int]) -> None:
    found = merged([[number] * size for size in sizes])
    assert (found.mean, found.std) == (number, 0.0)
    assert rarity(array([number, number]), found.mean, found.std).tolist() == [0.0, 0.0]


def test_a_large_mean_hides_no_small_deviation() -> None:
    found = merged([[1e9 + 1, 1e9 + 2], [1e9 + 3, 1e9 + 4]])
    assert found.std == math.sqrt(1.25)


def test_rarity_counts_standard_deviations_to_both_sides() -> None:
    assert rarity(array([1.0, 4.0, -2.0]), 1.0, 2.0).tolist() == [0.0, 1.5, 1.5]


@pytest.mark.parametrize("std", [0.0, math.inf, math.nan])
def test_without_a_deviation_nothing_is_rare(std: float) -> None:
    assert rarity(array([0.0, 5.0]), 0.0, std).tolist() == [0.0, 0.0]


def test_the_largest_rewards_raise_no_warning() -> None:
    huge = array([1.7e308, -1.7e308, 0.0])
    assert rarity(huge, 0.0, Moments.of(huge).std).tolist() == [0.0, 0.0, 0.0]
    assert rarity(huge, -1.7e308, 1.0)[0] == math.inf
