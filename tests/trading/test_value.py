"""What a portfolio is worth: now, at any moment before, and as a curve; P&L by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cryptoscalp import AsyncDatabase, Fill, InputError, MissingRate, NotFound
from cryptoscalp.trading.worth import Held, Priced, Rate, portfolio_value
from tests.faces import NOON, quote, table, trade
from tests.trading.books import CROSS, INVERSE, LINEAR, SPOT, Traded, fill, prepare

_MINUTE = 60_000_000
_RATES = {"ETH": Decimal(2_500)}


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def bought(number: int, side: str, size: str, price: str, minute: float, of: Traded = SPOT) -> Fill:
    """A fill some minutes after noon of 2024-08-08, valued by the stored market data."""
    after = (at(minute) - datetime(2024, 1, 1, tzinfo=UTC)).total_seconds()
    return fill(number, side, size, price, of=of, after_s=after, rates=None)


@pytest.fixture
async def market(db: AsyncDatabase) -> AsyncDatabase:
    """Four positions of a portfolio that began with 100,000 USDT, and an hour of prices."""
    await prepare(db)
    prices = [50_000, 51_000, 49_000, 52_000]
    rows: list[dict[str, Any]] = []
    for n, price in enumerate(prices):
        rows += [
            trade(n * 15 * _MINUTE, n + 1, price=str(price)),
            trade(n * 15 * _MINUTE, n + 1, symbol=LINEAR.symbol, exchange=LINEAR.exchange,
                  price=str(price + 10)),
            trade(n * 15 * _MINUTE, n + 1, symbol=INVERSE.symbol, exchange=INVERSE.exchange,
                  price=str(price - 10)),
            trade(n * 15 * _MINUTE, n + 1, symbol=CROSS.symbol, exchange=CROSS.exchange,
                  price=f"0.0{5 + n}"),
        ]  # fmt: skip
    await db.capture.write_trades(table(rows))
    await db.capture.write_quotes(
        table([quote(0, 1, bid_price="49999", ask_price="50001"),
               quote(50 * _MINUTE, 2, bid_price="51000", ask_price="51010")])
    )  # fmt: skip
    await db.trading.create_portfolio("main", "USDT", leverage=Decimal(10))
    await db.trading.deposit("main", "USDT", Decimal(100_000), reference="first", timestamp=at(0))
    await db.trading.record_fills(
        "main",
        [
            bought(1, "BUY", "1", "50000", 1),
            bought(2, "SELL", "2000", "50010", 2, LINEAR),
            bought(3, "BUY", "500", "49990", 3, INVERSE),
            bought(4, "SELL", "0.4", "51000", 16),
            bought(5, "BUY", "2000", "51010", 20, LINEAR),
            bought(6, "BUY", "4", "0.06", 21, CROSS),
        ],
    )
    return db


async def test_equity_at_a_moment_is_cash_and_positions_at_the_prices_then(
    market: AsyncDatabase,
) -> None:
    found = await market.trading.value("main", at(10))
    # Spot 1 BTC, short 2 BTC of a linear contract, 50,000 USD of an inverse one, all at noon's.
    assert found.equity == 100_000
    assert [one.symbol for one in found.positions] == ["BTCUSDT", "BTCUSDT", "BTCUSD_PERP"]
    later = await market.trading.value("main", at(15.5))
    inverse = Decimal(500 * 100) / 49_990 - Decimal(500 * 100) / 50_990
    gained = 1_000 - 2 * 1_000 + inverse * 51_000
    assert abs(later.equity - (100_000 + gained)) < Decimal("1e-12")
    assert later.cash_value == 50_000
    # Margin: the two derivatives, at a tenth of their notional; spot is paid for.
    linear = Decimal(2 * 51_010)
    perpetual = Decimal(500 * 100) / 50_990 * 51_000
    assert abs(later.margin_used - (linear + perpetual) / 10) < Decimal("1e-12")
    assert abs(later.exposure - (51_000 + linear + perpetual)) < Decimal("1e-12")
    assert later.available_margin == later.equity - later.margin_used
    assert later.leverage_ratio is not None
    assert abs(later.leverage_ratio - later.exposure / later.equity) < Decimal("1e-17")


async def test_before_the_first_fill_there_is_cash_alone(market: AsyncDatabase) -> None:
    assert (await market.trading.value("main", at(0))).equity == 100_000
    empty = await market.trading.value("main", at(-1))
    assert [empty.equity, empty.cash, empty.leverage_ratio] == [0, (), None]


async def test_the_curve_is_the_value_at_each_of_its_moments(market: AsyncDatabase) -> None:
    curve = await market.trading.equity_curve("main", at(0), at(60), timedelta(minutes=7))
    assert [one.at for one in curve] == [at(7 * n) for n in range(9)]
    for point in curve:
        assert point == await market.trading.value("main", point.at)
    assert len({point.equity for point in curve}) > 4


async def test_now_as_marked_is_now_at_the_same_prices(market: AsyncDatabase) -> None:
    given: Any = {"BTC": Decimal(52_000)}
    await market.trading.mark("main", "last")
    marked = await market.trading.value("main", rates=given)
    at_last = await market.trading.value("main", at(59), rates=given)
    assert marked.equity == at_last.equity
    assert marked.margin_used == at_last.margin_used
    assert [one.value for one in marked.positions] == [one.value for one in at_last.positions]


async def test_values_by_quotes_take_the_side_that_closes(market: AsyncDatabase) -> None:
    await market.trading.create_portfolio("spot", "USDT")
    await market.trading.record_fill("spot", bought(1, "BUY", "1", "50000", 1))
    early = await market.trading.value("spot", at(5), by="quote")
    late = await market.trading.value("spot", at(55), by="quote")
    middle = await market.trading.value("spot", at(55), by="mid")
    assert [early.equity, late.equity, middle.equity] == [-1, 1_000, 1_005]
    await market.trading.record_fill("spot", bought(2, "SELL", "2", "50000", 2))
    short = await market.trading.value("spot", at(55), by="quote")
    assert short.equity == -1_010
    # A borrowed bitcoin needs margin.
    assert short.margin_used == 51_010


async def test_what_cannot_be_valued_says_what_is_missing(market: AsyncDatabase) -> None:
    with pytest.raises(NotFound, match=r"no mark price is known within a week of BTCUSDT on bin"):
        await market.trading.value("main", at(10), by="mark")
    with pytest.raises(NotFound, match="no portfolio 'unheard'"):
        await market.trading.value("unheard")
    with pytest.raises(InputError, match="is not over yet"):
        await market.trading.value("main", datetime(2099, 1, 1, tzinfo=UTC))
    with pytest.raises(InputError, match="no time zone"):
        await market.trading.value("main", NOON.replace(tzinfo=None))
    await market.trading.deposit(
        "main", "XYZ", Decimal(1), reference="x", rates={"XYZ": Decimal(1)}, timestamp=at(0)
    )
    with pytest.raises(MissingRate, match="no rate from XYZ to USDT"):
        await market.trading.value("main", at(10))
    assert (await market.trading.value("main", at(10), rates={"XYZ": Decimal(7)})).equity == 100_007


@pytest.mark.parametrize(
    ("end", "step", "why"),
    [
        (NOON - timedelta(hours=1), timedelta(hours=1), "is not after start"),
        (NOON + timedelta(hours=1), timedelta(0), "must be above zero"),
        (NOON + timedelta(hours=1), timedelta(milliseconds=1), "points are too many"),
    ],
)
async def test_what_cannot_be_a_curve(
    market: AsyncDatabase, end: datetime, step: timedelta, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        await market.trading.equity_curve("main", NOON, end, step)


async def test_pnl_by_day_has_what_was_realized_and_what_was_open(market: AsyncDatabase) -> None:
    await market.trading.create_portfolio("days", "USDT")
    late = 12 * 60
    for given in (
        bought(1, "BUY", "2", "50000", 1),
        bought(2, "SELL", "1", "51000", 30),
        bought(3, "SELL", "0.5", "49000", late + 30),
        bought(4, "SELL", "0.5", "53000", late + 24 * 60 + 30),
    ):
        await market.trading.record_fill("days", given)
    found = await market.trading.pnl_by_day("days")
    assert [
        [one.day, one.fills, one.realized_pnl, one.net_pnl, one.unrealized_pnl] for one in found
    ] == [
        ["2024-08-08", 2, 1_000, 1_000, 2_000],
        ["2024-08-09", 1, -500, -500, 1_000],
        ["2024-08-10", 1, 1_500, 1_500, 0],
    ]  # fmt: skip
    only = await market.trading.pnl_by_day("days", date(2024, 8, 9), date(2024, 8, 9))
    assert only == found[1:2]
    with pytest.raises(InputError, match="is before start"):
        await market.trading.pnl_by_day("days", date(2024, 8, 9), date(2024, 8, 8))


def test_every_digit_of_a_large_portfolio_counts() -> None:
    """Python's own decimals would keep 28 digits of the sums."""
    amount = Decimal("12345678901234567890.123456789012345678")
    held = Held(
        1, "X", "binance", "LONG", False, Decimal(1), False, Decimal(1), "USDT", "X",
        Decimal("0.1"), Decimal("1234567890123456789.000000000000000001"),
    )  # fmt: skip
    found = portfolio_value(
        "main", NOON, "USDT", {"USDT": amount, "EUR": Decimal("0.5"), "X": Decimal("0.1")}, [held],
        {1: Priced(Decimal("10.000000000000000001"), NOON)},
        {code: Rate(Decimal(1), code) for code in ("USDT", "EUR", "X")},
    )  # fmt: skip
    assert str(found.cash_value) == "12345678901234567890.623456789012345678"
    assert str(found.equity) == "12345678901234567891.623456789012345678"
    assert str(found.unrealized_pnl) == "-1234567890123456788.000000000000000001"
