"""Drawdown of a unit of capital: initial capital is a peak, deposits do not move it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp.risk.drawdowns import Drawdown, Point, drawdown
from tests.faces import NOON

_RETURNS = st.lists(st.decimals("-0.5", "0.5", places=3), min_size=1, max_size=30)


def points(*equities: float, paid: dict[int, float] | None = None) -> list[Point]:
    return [
        Point(NOON + timedelta(hours=n), Decimal(str(one)), Decimal(str((paid or {}).get(n, 0))))
        for n, one in enumerate(equities)
    ]


def test_a_first_loss_is_a_drawdown() -> None:
    """freqtrade begins at the first profit and sees none."""
    found = drawdown(points(100, 90, 95))
    assert (found.now, found.greatest) == pytest.approx((0.05, 0.1))
    assert found.since == NOON


@settings(deadline=None)
@given(_RETURNS)
def test_it_is_the_greatest_fall_of_all_pairs(returns: list[Decimal]) -> None:
    equity = [Decimal(1_000)]
    for one in returns:
        equity.append(equity[-1] * (1 + one))
    found = drawdown(Point(NOON + timedelta(hours=n), one) for n, one in enumerate(equity))
    brute = max(float(1 - low / high) for n, high in enumerate(equity) for low in equity[n:])
    assert found.greatest == pytest.approx(brute, abs=1e-12)
    assert found.now == pytest.approx(float(1 - equity[-1] / max(equity)), abs=1e-12)


@settings(deadline=None)
@given(_RETURNS, st.lists(st.integers(-5, 50), min_size=1, max_size=30))
def test_deposits_and_withdrawals_change_nothing(returns: list[Decimal], flows: list[int]) -> None:
    plain = [Point(NOON, Decimal(1_000))]
    moved = [Point(NOON, Decimal(1_000))]
    for n, one in enumerate(returns):
        at = NOON + timedelta(hours=n + 1)
        plain.append(Point(at, plain[-1].equity * (1 + one)))
        before = moved[-1].equity * (1 + one)
        # Down to a tenth at most: what is left has to go on.
        paid = max(Decimal(flows[n % len(flows)]) * 10, -before * 9 / 10)
        moved.append(Point(at, before + paid, paid))
    first, second = drawdown(plain), drawdown(moved)
    assert (first.now, first.greatest) == pytest.approx((second.now, second.greatest), abs=1e-12)


def test_what_was_all_withdrawn_goes_on_when_capital_is_back() -> None:
    found = drawdown(points(100, 80, 0, 0, 50, 45, paid={2: -80, 4: 50}))
    # 20 % lost, then 10 % of what came after.
    assert (found.now, found.greatest) == pytest.approx((0.28, 0.28))


def test_no_capital_has_a_reason() -> None:
    assert drawdown([]) == Drawdown(None, None, None, "there was no capital")
    assert drawdown(points(0, 0)).reason == "there was no capital"


def test_more_than_all_is_lost() -> None:
    found = drawdown(points(100, -20))
    assert (found.now, found.greatest) == (1, 1)
    after = drawdown(points(100, -20, -10))
    assert after.now is None
    assert after.reason is not None
    assert "below zero" in after.reason
