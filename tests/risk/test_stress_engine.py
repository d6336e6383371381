"""What scenarios do to a book, against plain arithmetic on fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptoscalp import InputError
from cryptoscalp.risk.stress.engine import stressed
from cryptoscalp.risk.stress.moves import moves_of
from cryptoscalp.risk.stress.points import hypothetical_points
from tests.risk.stress_rooms import (
    BYBIT,
    CROSS,
    ETH_LINEAR,
    ETH_SPOT,
    INVERSE,
    LINEAR,
    SPOT,
    Open,
    book,
    exact,
    run,
    scenario,
)

_SIDES = st.sampled_from(["LONG", "SHORT"])
_LINEAR = st.sampled_from([SPOT, LINEAR, BYBIT, ETH_LINEAR, ETH_SPOT])


def _decimals(low: int, high: int, places: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(lambda n: f"{Decimal(n).scaleb(-places):f}")


@st.composite
def _open(draw: Any) -> Open:
    of = draw(_LINEAR)
    return Open(
        of, draw(_SIDES), draw(_decimals(1, 10**8, 6)), draw(_decimals(1, 10**7, 2)),
        draw(_decimals(1, 10**7, 2)),
    )  # fmt: skip


def _signed(one: Open) -> int:
    return 1 if one.side == "LONG" else -1


def exposure(one: Open) -> Fraction:
    """Signed notional of a linear position in its quote currency."""
    size = exact(one.quantity) * exact(one.of.multiplier) * exact(one.price)
    return _signed(one) * size


@given(st.lists(_open(), max_size=6), _decimals(-9_999, 50_000, 2))
def test_a_linear_book_loses_exposure_times_move_exactly(opened: list[Open], pct: str) -> None:
    made = book(*opened)
    found = run(made, f"prices: [{{all: {pct}}}]")
    move = exact(pct) / 100
    expected = -sum((exposure(one) for one in opened), Fraction(0)) * move
    assert exact(found.loss) == expected
    # Cash in USDT is money: nothing of the loss is cash, and each position has its own part.
    assert found.cash_loss == 0
    for one, part in zip(opened, found.positions, strict=True):
        assert exact(part.loss) == -exposure(one) * move
    assert found.worst_loss >= max(found.loss, Decimal(0))


@given(st.lists(_open(), max_size=5), st.sampled_from(["all: 0", "base: BTC, move: 0"]))
def test_a_move_of_zero_loses_nothing(opened: list[Open], shock: str) -> None:
    found = run(book(*opened, cash={"USDT": "1000", "BTC": "2"}), f"prices: [{{{shock}}}]")
    assert {found.loss, found.worst_loss, found.cash_loss} == {Decimal(0)}


@given(st.lists(_decimals(1, 9_900, 2), min_size=2, max_size=6, unique=True))
def test_a_long_book_loses_more_the_further_prices_fall(falls: list[str]) -> None:
    made = book(
        Open(SPOT, "LONG", "0.5", "60000", "50000"),
        Open(LINEAR, "LONG", "1000", "50000", "50000"),
        Open(CROSS, "LONG", "3", "0.05", "0.05"),
        Open(INVERSE, "LONG", "100", "48000", "50000"),
        cash={"USDT": "5000", "BTC": "0.25"},
    )
    ordered = sorted(falls, key=Decimal)
    losses = [run(made, f"prices: [{{all: -{pct}}}]").loss for pct in ordered]
    assert losses == sorted(losses)
    assert len(set(losses)) == len(losses)


@given(_decimals(1, 9_000, 2))
def test_an_inverse_contract_is_convex_in_its_own_price(pct: str) -> None:
    """Only the contract's price moves, so that a coin is worth the same: -x hurts more than +x."""
    made = book(Open(INVERSE, "LONG", "100", "50000", "50000"), cash={"BTC": "1"})
    down = run(made, f"prices: [{{symbol: BTCUSD_PERP, move: -{pct}}}]")
    up = run(made, f"prices: [{{symbol: BTCUSD_PERP, move: {pct}}}]")
    assert down.loss > -up.loss > 0
    size = Fraction(100 * 100)
    lost = size / 50_000 * (1 / (1 - exact(pct) / 100) - 1) * 50_000
    assert abs(exact(down.loss) - lost) < Fraction(1, 10**11)


@given(_decimals(-9_000, 30_000, 2), _SIDES)
def test_a_coin_that_falls_takes_inverse_margin_with_it(pct: str, side: str) -> None:
    """In dollars an inverse contract of N coins' worth is linear: N·entry stays owed in dollars."""
    made = book(Open(INVERSE, side, "100", "40000", "50000"), cash={"BTC": "1"})  # type: ignore[arg-type]
    found = run(made, f"prices: [{{base: BTC, move: {pct}}}]")
    move = exact(pct) / 100
    sign = 1 if side == "LONG" else -1
    before = sign * (Fraction(10_000, 40_000) - Fraction(10_000, 50_000)) * 50_000
    price = 50_000 * (1 + move)
    after = sign * (Fraction(10_000, 40_000) - 10_000 / price) * price
    assert abs(exact(found.loss) - (before - after - 50_000 * move)) < Fraction(1, 10**11)


def test_the_most_specific_shock_counts() -> None:
    made = book(
        Open(SPOT, "LONG", "1", "50000", "50000"),
        Open(LINEAR, "LONG", "1000", "50000", "50000"),
        Open(BYBIT, "LONG", "1", "50000", "50000"),
        Open(ETH_SPOT, "LONG", "1", "2500", "2500"),
    )
    found = run(
        made,
        "prices:\n - all: -10\n - {base: BTC, move: -20}\n - {exchange: bybit, move: -30}\n"
        " - {symbol: BTCUSDT, exchange: binanceusdm, move: -40}\n",
    )
    assert [one.loss for one in found.positions] == [10_000, 20_000, 15_000, 250]


def test_a_pair_of_coins_that_fall_together_keeps_its_price() -> None:
    made = book(Open(CROSS, "LONG", "4", "0.05", "0.05"), cash={"BTC": "0", "USDT": "0"})
    found = run(made, "prices: [{all: -20}]")
    assert found.positions[0].stressed_price == Decimal("0.05")
    assert found.loss == 4 * Decimal("0.05") * 50_000 / 5


def test_a_peg_that_breaks_takes_cash_and_leaves_coins() -> None:
    made = book(Open(SPOT, "LONG", "1", "50000", "50000"), cash={"USDT": "10000", "USDC": "5000"})
    found = run(made, "currencies: {USDT: -10, USDC: -2}")
    assert found.loss == 1_100 == found.cash_loss
    # The coin is worth as much as before, so it costs more of the currency that lost.
    assert found.positions[0].loss == 0
    assert abs(found.positions[0].stressed_price - Decimal(50_000) / Decimal("0.9")) < Decimal(1)
    short = run(book(Open(LINEAR, "SHORT", "1000", "50000", "50000")), "currencies: {USDT: -10}")
    # Owing 1 BTC against 10,000 USDT: 1,000 of cash, and 5,000 of what BTC gained in USDT.
    assert abs(short.loss - 6_000) < Decimal("1e-12")


def test_the_worst_moment_of_a_path_is_told_beside_its_end() -> None:
    made = book(Open(SPOT, "LONG", "1", "50000", "50000"))
    found = run(
        made,
        "minutes: 60\nprices: [{all: -20}]\n"
        "path: [{minute: 15, share: 1}, {minute: 60, share: 0.5}]",
    )
    assert found.loss == 5_000
    assert found.worst_loss == 10_000
    assert found.worst_minute == 15


def test_funding_is_paid_by_the_side_that_the_book_is_on() -> None:
    longs = Open(LINEAR, "LONG", "2000", "50000", "50000")
    shorts = Open(BYBIT, "SHORT", "0.5", "50000", "50000")
    body = "minutes: 1440\nfunding: {rate: 0.75, intervals: 3, hours: 8, payer: %s}"
    made = book(longs, shorts)
    net = run(made, body % "NET")
    # 0.75 % of 100,000 paid and of 25,000 received, three times.
    assert net.loss == 3 * Decimal("562.5") == net.funding_cost
    assert run(made, body % "SHORT").loss == -net.loss
    assert run(book(shorts), body % "NET").loss == 3 * Decimal("187.5")
    assert run(book(Open(SPOT, "LONG", "1", "50000", "50000")), body % "NET").loss == 0


def test_what_is_frozen_is_left_later_and_worse() -> None:
    made = book(
        Open(LINEAR, "LONG", "1000", "50000", "50000"),
        Open(BYBIT, "SHORT", "1", "50000", "50000"),
        cash={"USDT": "20000"},
    )
    body = "prices: [{all: -10}]\nhalt: {exchange: %s, minutes: 20, worse: 20}\nliquidation: {}"
    found = run(made, body % "binanceusdm")
    # The hedge gains what the frozen long loses; then the long is left 20 % below 45,000.
    assert [one.frozen for one in found.positions] == [True, False]
    assert found.positions[0].exit_price == 36_000
    assert found.loss == 9_000 == found.exit_cost
    assert found.positions[0].liquidated_quantity == 0
    largest = book(
        Open(LINEAR, "LONG", "100", "50000", "50000"), Open(BYBIT, "SHORT", "1", "50000", "50000")
    )
    assert [one.frozen for one in run(largest, body % "largest").positions] == [False, True]


def test_what_is_frozen_is_forced_out_only_after_the_halt() -> None:
    made = book(Open(BYBIT, "LONG", "1", "50000", "50000"), cash={"USDT": "3000"})
    body = (
        "minutes: 40\nprices: [{all: -10}]\n"
        "path: [{minute: 20, share: 1}, {minute: 40, share: 1}]\n"
        "halt: {exchange: bybit, minutes: 30, worse: 20}\nliquidation: {fee: 1, slice: 100}"
    )
    found = run(made, body)
    (part,) = found.positions
    assert part.liquidated_quantity == 1
    assert part.exit_price is None
    # In need from -5.5 % on; closed at 45,000 less 20 %, and 1 % of that.
    assert found.margin_call_minute is not None
    assert found.margin_call_minute < 20
    assert found.loss == 14_000 + 360 == part.loss
    assert found.shortfall == found.loss - 3_000


def _descended(price: Fraction, quantity: Fraction, cash: Fraction) -> tuple[Fraction, Fraction]:
    """Quantity and equity of one long after its venue closed slices: entry 50,000."""
    slice_ = quantity / 4
    while quantity and cash + quantity * (price - 50_000) < quantity * price / 200:
        part = min(slice_, quantity)
        cash += part * (price - 50_000) - part * price / 200
        quantity -= part
    return quantity, cash + quantity * (price - 50_000)


@given(st.integers(1, 80), st.integers(500, 60_000))
def test_forced_closes_take_slices_until_margin_is_covered(fall: int, cash: int) -> None:
    made = book(Open(BYBIT, "LONG", "2", "50000", "50000"), cash={"USDT": str(cash)})
    body = f"minutes: 20\nprices: [{{all: -{fall}}}]\nliquidation: {{}}"
    one = scenario(body)
    points = hypothetical_points(one, made, moves_of(one, made))
    found = stressed(made, one, points)
    quantity, money = Fraction(2), Fraction(cash)
    equity = money
    for at in points:
        price = 50_000 * exact(at.prices[1])
        before = quantity
        quantity, equity = _descended(price, quantity, money)
        # What was closed is cash from then on.
        money = equity - quantity * (price - 50_000)
        assert quantity <= before
    assert exact(found.positions[0].liquidated_quantity) == 2 - quantity
    assert abs(exact(found.equity - found.loss) - equity) < Fraction(1, 10**9)
    assert found.shortfall >= max(Decimal(0), found.loss - found.equity)
    assert (found.margin_call_minute is None) == (quantity == 2)


def test_a_rebound_does_not_bring_closed_positions_back() -> None:
    made = book(Open(BYBIT, "LONG", "1", "50000", "50000"), cash={"USDT": "5000"})
    path = "path: [{minute: 10, share: 1}, {minute: 20, share: 0}]\nprices: [{all: -20}]\n"
    kept = run(made, path)
    assert kept.loss == 0
    closed = run(made, path + "liquidation: {maintenance: 1, fee: 0, slice: 100}")
    assert closed.loss > 4_000
    assert closed.positions[0].liquidated_quantity == 1
    assert closed.margin_call_minute is not None


def test_a_spot_short_is_bought_back_without_a_seam() -> None:
    made = book(Open(SPOT, "SHORT", "1", "50000", "50000"), cash={"USDT": "52000"})
    found = run(made, "prices: [{all: 10}]\nliquidation: {maintenance: 5, fee: 1, slice: 50}")
    # Up to the first point where 52,000 - price covers less than 5 % of it.
    assert found.positions[0].liquidated_quantity > 0
    assert found.cash_loss == 0
    assert found.loss == found.positions[0].loss


@given(st.lists(_open(), max_size=5), _decimals(-9_000, 9_000, 2))
def test_parts_add_up_to_the_loss(opened: list[Open], pct: str) -> None:
    made = book(
        *opened, Open(INVERSE, "SHORT", "20", "47000", "50000"),
        cash={"USDT": "4000", "BTC": "0.1", "USDC": "7"},
    )  # fmt: skip
    found = run(
        made,
        f"minutes: 480\nprices: [{{all: {pct}}}]\ncurrencies: {{USDC: -5}}\n"
        "funding: {rate: 0.1, intervals: 1}\nliquidation: {fee: 0.3}",
    )
    assert found.loss == found.cash_loss + sum(one.loss for one in found.positions)


def test_an_empty_portfolio_loses_nothing() -> None:
    found = run(book(cash={"USDT": "0"}), "prices: [{all: -50}]")
    assert found.equity == found.loss == 0
    assert found.positions == ()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("prices: [{symbol: DOGEUSDT, move: -1}]", "symbol DOGEUSDT"),
        ("prices: [{symbol: BTCUSDT, exchange: kraken, move: -1}]", "symbol BTCUSDT on kraken"),
        ("prices: [{exchange: ftx, move: -1}]", "exchange ftx"),
        ("prices: [{base: LUNA, move: -1}]", "base LUNA"),
        ("currencies: {LUNA: -1}", "currency LUNA"),
        ("halt: {exchange: ftx, minutes: 1, worse: 1}", "exchange ftx"),
    ],
)
def test_names_that_nobody_knows_are_refused(body: str, named: str) -> None:
    with pytest.raises(InputError, match=f"names what is not known here: {named};"):
        run(book(Open(SPOT, "LONG", "1", "50000", "50000")), body)


def test_a_book_in_coins_is_told_at_the_coins_worth_before() -> None:
    """All assets fall by a fifth: a bitcoin is then worth what 0.8 of one was."""
    rates = {"BTC": "1", "USDT": "0.00002", "ETH": "0.05"}
    made = book(
        Open(CROSS, "LONG", "4", "0.05", "0.05"), cash={"BTC": "1", "USDT": "50000"}, base="BTC",
        rates=rates,
    )  # fmt: skip
    found = run(made, "prices: [{all: -20}]")
    # One coin and 4 x 0.05 lose a fifth; the dollars, another coin's worth, do not.
    assert found.equity == 1 + 1 + Decimal("0.2")
    assert found.loss == Decimal("0.24")
