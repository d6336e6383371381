"""Folding bucket by bucket: what the whole series comes to, and the same bits however it is cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp.analytics import fold
from cryptoscalp.analytics.measures import measured, returns_of
from cryptoscalp.analytics.ratios import ratios

_MONEY = st.floats(-1e3, 1e6, allow_nan=False)
_FLOW = st.sampled_from((0.0, 0.0, 0.0, 10.0, 2_500.0))


@st.composite
def curves(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Equity with gaps, deposits and withdrawals."""
    count = draw(st.integers(2, 40))
    equity = draw(st.lists(_MONEY | st.just(math.nan), min_size=count, max_size=count))
    flows = [draw(st.lists(_FLOW, min_size=count, max_size=count)) for _ in range(2)]
    return np.array(equity), np.array(flows[0]), np.array(flows[1])


def folded(
    state: np.ndarray, curve: tuple[np.ndarray, np.ndarray, np.ndarray], first: int, last: int
) -> None:
    width = state.shape[1]
    for k in range(first + 1, last + 1):
        equity, deposits, withdrawals = (np.full(width, one[k]) for one in curve)
        fold.fold(
            state, equity, deposits, withdrawals, np.zeros(width), np.ones(width, dtype=np.bool_)
        )


@given(curves(), st.data())
def test_the_same_bits_in_pieces_and_beside_others(
    curve: tuple[np.ndarray, np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    last = len(curve[0]) - 1
    alone = fold.begun(curve[0][:1], np.zeros(1))
    folded(alone, curve, 0, last)
    cut = data.draw(st.integers(0, last))
    pieces = fold.begun(np.full(7, curve[0][0]), np.zeros(7))
    folded(pieces, curve, 0, cut)
    folded(pieces, curve, cut, last)
    assert alone[:, 0].tobytes() == np.ascontiguousarray(pieces[:, 3]).tobytes()


@given(st.lists(st.floats(-0.5, 0.9), min_size=1, max_size=80))
def test_without_gaps_it_is_what_two_passes_give(moves: list[float]) -> None:
    equity = 1_000 * np.concatenate([[1.0], np.cumprod(1 + np.array(moves))])
    nothing = np.zeros(len(equity))
    state = fold.begun(equity[:1], np.zeros(1))
    folded(state, (equity, nothing, nothing), 0, len(moves))
    ours = ratios(fold.statistics(state[:, 0].tolist()), 8_760.0)
    whole = measured(returns_of(equity, nothing, nothing), 8_760.0)
    assert ours.reasons == whole.reasons
    for name in whole.__slots__:
        if name != "reasons" and getattr(whole, name) is not None:
            close = pytest.approx(getattr(whole, name), rel=1e-6, abs=1e-9)
            assert getattr(ours, name) == close, name


def test_a_return_over_a_gap_is_wealth_and_no_return_of_one_bucket() -> None:
    curve = (np.array([100.0, 101.0, math.nan, 99.0, 100.0]), np.zeros(5), np.zeros(5))
    state = fold.begun(curve[0][:1], np.zeros(1))
    folded(state, curve, 0, 4)
    found = fold.statistics(state[:, 0].tolist())
    assert [found.returns, found.buckets, fold.gaps(state[:, 0].tolist())] == [2, 4, 2]
    assert found.wealth == pytest.approx(1.0)
    assert found.drawdown == pytest.approx(2 / 101)


def test_a_deposit_in_a_gap_counts_when_the_gap_ends() -> None:
    curve = (np.array([100.0, math.nan, 210.0]), np.array([0.0, 100.0, 0.0]), np.zeros(3))
    state = fold.begun(curve[0][:1], np.zeros(1))
    folded(state, curve, 0, 2)
    assert fold.statistics(state[:, 0].tolist()).wealth == pytest.approx(1.05)


def test_a_part_that_did_nothing_is_folded_from_its_portfolio() -> None:
    curve = (np.array([0.0, 100.0, math.nan, 90.0, 95.0]),
             np.array([0.0, 100.0, 0.0, 0.0, 0.0]), np.zeros(5))  # fmt: skip
    both = np.zeros((fold.SIZE, 2))
    both[:] = fold.begun(curve[0][:1].repeat(2), np.array([0.0, 7.0]))
    whole = np.array([True, False])
    for k in range(1, 5):
        equity, deposits, withdrawals = (np.full(2, one[k]) for one in curve)
        fold.fold(both, equity, deposits, withdrawals, np.array([0.0, 7.0]), whole)
    assert fold.idle(both[:, 0], 7.0).tobytes() == np.ascontiguousarray(both[:, 1]).tobytes()
