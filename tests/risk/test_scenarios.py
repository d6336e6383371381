"""Lines revalued at past moves: as the books value them, exactly, and never a silent zero."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptoscalp.risk.risk_types import Factor, Line
from cryptoscalp.risk.scenarios import compound, line_pnl, simulate
from cryptoscalp.trading.exact import rounded
from cryptoscalp.trading.worth import Held, Priced, Rate, portfolio_value

_MOVES = st.decimals("-0.9", "3", places=4)


def held(kind: str, side: Any, quantity: Decimal, cost: Decimal) -> Held:
    inverse = kind == "inverse"
    return Held(
        1, "X", "e", side, inverse, Decimal(100) if inverse else Decimal(1), kind != "spot",
        Decimal(5), "BTC" if inverse else "EUR", "BTC", quantity, cost,
    )  # fmt: skip


def equity(one: Held, price: Decimal, rate: Decimal) -> Decimal:
    """What the books say a position is worth."""
    sign = 1 if one.side == "LONG" else -1
    # Inventory of spot is in the balances too.
    balances = {} if one.margined else {one.base: sign * one.quantity}
    return portfolio_value(
        "p", None, "USDT", balances, [one], {1: Priced(price, None)},  # type: ignore[arg-type]
        {one.pnl_currency: Rate(rate, ""), one.base: Rate(rate, "")},
    ).equity  # fmt: skip


def line_of(one: Held, price: Decimal, rate: Decimal) -> Line:
    """The same position as a line."""
    size = one.quantity * one.multiplier
    notional = rounded(size / price if one.inverse else size * price)
    gained = notional - one.cost_basis
    gained = -gained if (one.side == "LONG") == one.inverse else gained
    signed = notional if one.side == "LONG" else -notional
    return Line(
        1, None, "X", "e", one.side, one.pnl_currency, price, None, notional,
        gained if one.margined else signed, rate, rounded(signed * rate), one.inverse,
        Factor("X", "e"), (Factor("R", "e"),),
    )  # fmt: skip


@settings(deadline=None)
@given(
    st.sampled_from(["spot", "linear", "inverse"]), st.sampled_from(["LONG", "SHORT"]),
    st.decimals("0.01", "100", places=4), st.decimals("0.5", "2", places=4), _MOVES, _MOVES,
)  # fmt: skip
def test_a_line_gains_what_the_books_say(
    kind: str, side: str, quantity: Decimal, entered: Decimal, move: Decimal, turn: Decimal
) -> None:
    price, rate = Decimal(50_000), Decimal("1.08")
    size = quantity * (100 if kind == "inverse" else 1)
    at = price * entered
    one = held(kind, side, quantity, rounded(size / at if kind == "inverse" else size * at))
    before = equity(one, price, rate)
    after = equity(one, rounded(price * (1 + move)), rounded(rate * (1 + turn)))
    found = line_pnl(line_of(one, price, rate), np.array([float(move)]), np.array([float(turn)]))[0]
    assert found == pytest.approx(float(after - before), rel=1e-9, abs=1e-6)


def test_an_inverse_contract_gains_less_than_it_loses() -> None:
    one = held("inverse", "LONG", Decimal(500), Decimal(1))
    line = line_of(one, Decimal(50_000), Decimal(50_000))
    up, down = line_pnl(line, np.array([0.1, -0.1]), np.zeros(2))
    assert 0 < up < -down


def test_cash_moves_with_its_rate_alone() -> None:
    cash = Line(
        None, None, None, None, "SHORT", "BTC", None, None, Decimal(2), Decimal(-2),
        Decimal(50_000), Decimal(-100_000), False, None, (Factor("BTCUSDT", "e"),),
    )  # fmt: skip
    moves = {("BTCUSDT", "e"): np.array([0.01, -0.02, np.nan])}
    found = simulate([cash], moves, 3)
    assert found.pnl[:, 0].tolist() == pytest.approx([-1_000, 2_000])
    assert (found.excluded, found.covered, found.coverage) == (1, (0,), 1)
    assert cash.name == "BTC cash"


def test_a_rate_is_compounded_over_its_legs() -> None:
    moves = {("A", "e"): np.array([0.1]), ("B", "e"): np.array([0.25])}
    legs = [Factor("A", "e"), Factor("B", "e", inverted=True)]
    assert compound(legs, moves, 1) == pytest.approx(1.1 / 1.25 - 1)
    assert compound([], moves, 1).tolist() == [0]


def lines(*sizes: int, given: bool = False) -> list[Line]:
    return [
        Line(
            n, None, f"S{n}", "e", "LONG", "USDT", Decimal(1), None, Decimal(size), Decimal(0),
            Decimal(1), Decimal(size), False, Factor(f"S{n}", "e"), None if given else (),
        )
        for n, size in enumerate(sizes)
    ]  # fmt: skip


def test_a_line_without_prices_is_named_and_counted_never_zero() -> None:
    moves = {
        ("S0", "e"): np.array([0.1, 0.2, np.nan, 0.4]),
        ("S1", "e"): np.array([np.nan, np.nan, np.nan, 0.1]),
    }
    found = simulate(lines(300, 100), moves, 4)
    assert (found.covered, found.coverage, found.excluded) == ((0,), 0.75, 1)
    assert found.lacking == {1: "S1 on e: 1 of 4 periods have a price"}
    assert found.pnl[:, 0].tolist() == pytest.approx([30, 60, 120])


def test_periods_count_where_every_covered_line_has_a_price() -> None:
    moves = {
        ("S0", "e"): np.array([0.1, np.nan, 0.1, 0.1]),
        ("S1", "e"): np.array([0.1, 0.1, np.nan, 0.1]),
    }
    found = simulate(lines(1, 1), moves, 4)
    assert (found.pnl.shape, found.excluded, dict(found.lacking)) == ((2, 2), 2, {})


def test_a_rate_that_was_given_moves_with_nothing() -> None:
    found = simulate(lines(5, given=True), {("S0", "e"): np.array([0.1])}, 1)
    assert found.coverage == 0
    assert "given, not the market's" in found.lacking[0]
    nothing = simulate([], {}, 3)
    assert (nothing.coverage, nothing.pnl.shape) == (1, (3, 0))
