"""Parts of VaR and shortfall: they sum up, and are how the whole grows with each line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp import InputError
from cryptoscalp.risk.components import components
from cryptoscalp.risk.measures import ESTIMATORS, tail_risk


def book(seed: int = 1, lines: int = 5, count: int = 720) -> Any:
    """P&L of some lines that move together in part, one a hedge; tails of moderate weight."""
    chance = np.random.default_rng(seed)
    market = chance.standard_t(8, (count, 1))
    own = chance.standard_t(8, (count, lines))
    sizes = np.linspace(1, 3, lines)
    sizes[-1] *= -1
    return (market + own) * sizes


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_parts_sum_up_to_the_whole(estimator: Any, confidence: float) -> None:
    for seed in range(5):
        lines = book(seed)
        whole = tail_risk(lines.sum(axis=1), confidence, estimator)
        parts = components(lines, whole)
        assert parts.var is not None
        assert parts.expected_shortfall is not None
        assert sum(parts.var) == pytest.approx(whole.var, rel=1e-9)
        assert sum(parts.expected_shortfall) == pytest.approx(whole.expected_shortfall, rel=1e-9)


@pytest.mark.parametrize("estimator", ["GAUSSIAN", "CORNISH_FISHER"])
@pytest.mark.parametrize("at", range(5))
def test_a_part_is_how_the_whole_grows_with_its_line(estimator: Any, at: int) -> None:
    lines = book(2)
    parts = components(lines, tail_risk(lines.sum(axis=1), 0.95, estimator))

    def grown(by: float) -> tuple[float, float]:
        sizes = np.ones(5)
        sizes[at] += by
        found = tail_risk((lines * sizes).sum(axis=1), 0.95, estimator)
        assert found.var is not None
        assert found.expected_shortfall is not None
        return found.var, found.expected_shortfall

    step = 1e-5
    (up, up_tail), (down, down_tail) = grown(step), grown(-step)
    assert parts.var is not None
    assert parts.expected_shortfall is not None
    assert parts.var[at] == pytest.approx((up - down) / step / 2, rel=1e-5, abs=1e-5)
    tail = (up_tail - down_tail) / step / 2
    assert parts.expected_shortfall[at] == pytest.approx(tail, rel=1e-5, abs=1e-5)


def test_historical_shortfall_is_told_by_the_worst_periods() -> None:
    lines = book(3, 3, 100)
    parts = components(lines, tail_risk(lines.sum(axis=1), 0.95))
    worst = np.argsort(lines.sum(axis=1))[:5]
    expected = -lines[worst].mean(axis=0)
    assert parts.expected_shortfall == pytest.approx(tuple(expected), rel=1e-9)


def test_a_hedge_takes_risk_away() -> None:
    market = np.random.default_rng(4).normal(0, 1, 1_000)
    lines = np.column_stack([10 * market, -4 * market])
    for estimator in ESTIMATORS:
        whole = tail_risk(lines.sum(axis=1), 0.95, estimator)
        parts = components(lines, whole)
        assert parts.var is not None
        assert whole.var is not None
        # One factor: exactly in proportion.
        assert parts.var == pytest.approx((whole.var * 10 / 6, -whole.var * 4 / 6), rel=1e-9)


def test_historical_parts_are_near_those_of_the_normal_for_normal_lines() -> None:
    chance = np.random.default_rng(5)
    lines = chance.multivariate_normal([0, 0], [[1, 0.5], [0.5, 4]], 20_000)
    total = lines.sum(axis=1)
    rough = components(lines, tail_risk(total, 0.95)).var
    smooth = components(lines, tail_risk(total, 0.95, "GAUSSIAN")).var
    assert rough is not None
    assert smooth is not None
    assert rough == pytest.approx(smooth, rel=0.2)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=20, max_size=60))
def test_any_book_sums_up(rows: list[tuple[float, float]]) -> None:
    lines = np.array(rows)
    for estimator in ESTIMATORS:
        whole = tail_risk(lines.sum(axis=1), 0.95, estimator)
        parts = components(lines, whole)
        if parts.var is None or parts.expected_shortfall is None:
            assert whole.var is None
            assert parts.reason
            continue
        assert whole.var is not None
        assert whole.expected_shortfall is not None
        size = 1e-6 * max(1.0, float(np.abs(lines).max()))
        assert math.isclose(sum(parts.var), whole.var, rel_tol=1e-6, abs_tol=size)
        assert math.isclose(
            sum(parts.expected_shortfall), whole.expected_shortfall, rel_tol=1e-6, abs_tol=size
        )


def test_what_has_no_whole_has_no_parts() -> None:
    lines = np.ones((10, 2))
    found = components(lines, tail_risk(lines.sum(axis=1), 0.95))
    assert found.reason is not None
    assert not any((found.var, found.expected_shortfall))
    still = components(np.ones((50, 2)), tail_risk(np.full(50, 2.0), 0.95, "GAUSSIAN"))
    assert still.var == pytest.approx((-1, -1))
    with pytest.raises(InputError):
        components(np.array([[math.nan, 1.0]]), tail_risk([1.0] * 30))
