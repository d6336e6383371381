"""What leaving costs, how far liquidation is, how long recovery takes: against other ways."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from cryptoscalp import InputError
from cryptoscalp.risk.stress.book import Top
from cryptoscalp.risk.stress.distances import liquidation_distances
from cryptoscalp.risk.stress.exits import mean_distance
from cryptoscalp.risk.stress.recovery import hourly_returns, recovery
from tests.risk.stress_rooms import (
    AT,
    BYBIT,
    ETH_LINEAR,
    INVERSE,
    LINEAR,
    SPOT,
    Open,
    book,
    run,
)

TOP = Top(Decimal(49_995), Decimal(2), Decimal(50_005), Decimal(4), AT)
_SIZES = st.floats(0.01, 1_000)


@given(_SIZES, _SIZES, st.floats(0.01, 100), st.sampled_from(["sqrt", "linear"]))
def test_the_mean_distance_is_the_integral_of_the_marginal_one(
    quantity: float, size: float, half: float, beyond: Literal["sqrt", "linear"]
) -> None:
    found = float(mean_distance(Decimal(quantity), Decimal(half), Decimal(size), beyond))

    def marginal(q: float) -> float:
        if q <= size:
            return half
        return half * math.sqrt(q / size) if beyond == "sqrt" else half * q / size

    whole = half * min(quantity, size)
    if quantity > size:
        whole += quad(marginal, size, quantity, epsabs=0, epsrel=1e-10)[0]
    assert found == pytest.approx(whole / quantity, rel=1e-8)
    assert found >= half * (1 - 1e-12)


def test_leaving_a_thin_book_costs_half_the_spread_and_the_depth() -> None:
    made = book(Open(LINEAR, "LONG", "4", "50000", "50000"), tops=[TOP])
    # 10 times 5 of half spread; 1 of 2 there is left: distance (50 + 50·2/3·(4·2 - 1))/4.
    found = run(made, "spread: {multiple: 10, depth: 50, fee: 1}")
    away = (50 + Fraction(100, 3) * 7) / 4
    cost = 4 * Fraction(1, 1000) * away
    fee = 4 * Fraction(1, 1000) * (50_000 - away) / 100
    assert found.exit_cost is not None
    assert abs(Fraction(found.exit_cost) - cost - fee) < Fraction(1, 10**15)
    assert found.loss == found.exit_cost == found.positions[0].loss
    small = book(Open(LINEAR, "SHORT", "1", "50000", "50000"), tops=[TOP])
    assert run(small, "spread: {multiple: 1}").loss == Decimal("0.005")


def test_an_inverse_position_is_left_at_a_price_not_at_a_cost() -> None:
    made = book(
        Open(INVERSE, "LONG", "20", "50000", "50000"), cash={"BTC": "1"}, tops=[TOP]
    )  # the size at the price is in contracts
    found = run(made, "spread: {multiple: 2, depth: 1000}")
    lost = (Fraction(2_000, 49_990) - Fraction(2_000, 50_000)) * 50_000
    assert abs(Fraction(found.loss) - lost) < Fraction(1, 10**11)
    assert found.positions[0].exit_price == 49_990


def test_a_book_without_a_quote_is_refused_or_taken_as_declared() -> None:
    made = book(Open(SPOT, "LONG", "1", "50000", "50000"))
    with pytest.raises(InputError, match=r"no quote of BTCUSDT on binance is stored"):
        run(made, "spread: {multiple: 10}")
    found = run(made, "spread: {multiple: 10, unquoted_bps: 5}")
    assert found.loss == 250
    assert "no quote is stored" in found.notes[0]
    huge = book(Open(SPOT, "LONG", "1000000", "50000", "50000"), tops=[TOP])
    thin = run(huge, "spread: {multiple: 1000, beyond: linear}")
    assert "too thin" in thin.notes[0]
    assert thin.positions[0].exit_price == 500


@given(st.integers(2, 100), st.integers(200, 40_000), st.sampled_from(["LONG", "SHORT"]))
def test_the_distance_of_one_contract_is_where_algebra_says(
    quantity: int, cash: int, side: Literal["LONG", "SHORT"]
) -> None:
    size = Decimal(quantity) / 10
    made = book(Open(BYBIT, side, str(size), "50000", "50000"), cash={"USDT": str(cash)})
    whole, alone = liquidation_distances(made, Decimal(1))
    notional = float(size) * 50_000
    sign = 1 if side == "LONG" else -1
    # cash + sign·N·m = 0.01·N·(1 + m)
    move = (0.01 * notional - cash) / (notional * (sign - 0.01)) * 100
    found, other = (
        (whole.down_pct, whole.up_pct) if side == "LONG" else (whole.up_pct, whole.down_pct)
    )
    assert other is None or cash <= notional / 100
    if cash <= notional / 100:
        assert (whole.down_pct, whole.up_pct) == (0, 0)
        assert whole.reason
    elif -99.9 < move < 1_000:
        assert found == pytest.approx(move, rel=1e-9)
    else:
        assert found is None
    assert (alone.down_pct, alone.up_pct) == (whole.down_pct, whole.up_pct)


def test_each_instrument_has_a_distance_of_its_own() -> None:
    made = book(
        Open(LINEAR, "LONG", "1000", "50000", "50000"),
        Open(ETH_LINEAR, "SHORT", "20", "2500", "2500"),
        Open(SPOT, "LONG", "0.01", "50000", "50000"),
        cash={"USDT": "6000"},
    )
    found = {one.name: one for one in liquidation_distances(made)}
    # Long and short of the same size: the whole moves by its spot alone.
    assert found["portfolio"].down_pct is None
    btc, eth = found["BTCUSDT on binanceusdm"], found["ETHUSDT on binanceusdm"]
    assert btc.up_pct is None
    assert eth.down_pct is None
    # 6,500 + 50,000·m = 0.5 % of (50,000·(1 + m) + 50,000)
    assert btc.down_pct == pytest.approx((500 - 6_500) / (50_000 * 0.995) * 100)
    assert eth.up_pct == pytest.approx((6_500 - 500) / (50_000 * 1.005) * 100)
    assert found["BTCUSDT on binance"].down_pct is None


def test_nothing_to_liquidate_is_said() -> None:
    (only,) = liquidation_distances(book(Open(SPOT, "LONG", "1", "50000", "50000")))
    assert only.reason == "no derivative or spot short is open"


def test_recovery_is_the_loss_over_the_mean_return_with_its_interval() -> None:
    rng = np.random.default_rng(5)
    returns = rng.normal(0.001, 0.002, 400).tolist()
    found = recovery(returns, 0.2)
    mean, error = np.mean(returns), 1.959963984540054 * np.std(returns, ddof=1) / 20
    needed = -math.log(0.8) * 60
    assert found.minutes == math.ceil(needed / mean)
    assert found.fast_minutes == math.ceil(needed / (mean + error))
    assert found.slow_minutes == math.ceil(needed / (mean - error))
    assert found.hours == 400
    noisy = recovery(rng.normal(0.00001, 0.01, 48).tolist(), 0.1)
    assert noisy.minutes is None or noisy.slow_minutes is None
    # At exactly that pace the loss is back after the minutes that are told, and not before.
    steady = recovery([0.001] * 24, 0.2)
    assert steady.minutes is not None
    assert 0.8 * math.exp(0.001 * steady.minutes / 60) >= 1 - 1e-12
    assert 0.8 * math.exp(0.001 * (steady.minutes - 1) / 60) < 1


@pytest.mark.parametrize(
    ("returns", "lost", "reason"),
    [
        ([0.0] * 100, 0.1, "is not above zero"),
        ([-0.001] * 100, 0.1, "is not above zero"),
        ([0.001] * 5, 0.1, "5 hourly returns of equity are known, 24 are needed"),
        ([0.001] * 100, 1.0, "all equity is lost"),
        ([0.001] * 100, None, "equity was not above zero"),
        ([1e-12] * 100, 0.5, "over 4,000 years"),
    ],
)
def test_where_nothing_is_earned_there_is_a_reason(
    returns: list[float], lost: float | None, reason: str
) -> None:
    found = recovery(returns, lost)
    assert found.minutes is None
    assert reason in (found.reason or "")


def test_a_gain_needs_no_recovery() -> None:
    assert recovery([], -0.1).minutes == 0


def test_deposits_are_no_returns() -> None:
    equities = [Decimal(one) for one in (0, 100, 110, 210, 189)]
    flows = [Decimal(one) for one in (0, 100, 0, 100, 0)]
    assert hourly_returns(equities, flows) == pytest.approx([math.log(1.1), 0, math.log(0.9)])
