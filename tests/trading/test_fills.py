"""Fills, one by one: what they do to positions and cash, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cryptoscalp import (
    AsyncDatabase,
    CryptoscalpError,
    Fill,
    InputError,
    IntegrityRefused,
    MissingRate,
    NotFound,
)
from cryptoscalp.trading.types import Position
from tests.trading.books import CROSS, INVERSE, LINEAR, SPOT, Traded, fill


async def contents(db: AsyncDatabase) -> tuple[Any, ...]:
    """Everything that a fill could have changed."""
    return (
        await db.trading.trades("main"),
        await db.trading.positions("main", "all"),
        await db.trading.cash_ledger("main"),
        await db.trading.balances("main"),
        await db.trading.orders("main"),
    )


def sizes(held: Position) -> str:
    """A position's numbers, with all their digits."""
    return (
        f"{held.open_quantity} open at {held.entry_price} cost {held.cost_basis},"
        f" {held.closed_quantity} closed at {held.exit_price}, {held.realized_pnl} realized"
    )


async def test_a_long_position_opens_grows_shrinks_and_closes(books: AsyncDatabase) -> None:
    book = books.trading.record_fill
    await book("main", fill(1, "BUY", "1", "100"))
    await book("main", fill(2, "BUY", "99", "200"))
    (held,) = await books.trading.positions("main")
    assert (held.status, held.side) == ("OPEN", "LONG")
    assert sizes(held) == "100 open at 199 cost 19900, 0 closed at None, 0 realized"
    part = await book("main", fill(3, "SELL", "40", "210", after_s=1))
    assert part.trade.pnl == 440
    (held,) = await books.trading.positions("main")
    assert held.status == "PARTIAL"
    assert sizes(held) == "60 open at 199 cost 11940, 40 closed at 210, 440 realized"
    done = await book("main", fill(4, "SELL", "60", "190", after_s=2))
    assert done.trade.pnl == -540
    assert await books.trading.positions("main") == []
    (over,) = await books.trading.positions("main", "closed")
    assert (over.status, over.quantity) == ("CLOSED", Decimal(100))
    assert sizes(over) == "0 open at 199 cost 0, 100 closed at 198, -100 realized"
    assert over.closed_at == done.trade.timestamp
    assert await books.trading.balances("main") == {"BTC": 0, "USDT": -100}
    assert await books.trading.check_books() == []


async def test_a_fill_beyond_the_position_turns_it_over_in_one_trade(books: AsyncDatabase) -> None:
    first = await books.trading.record_fill("main", fill(1, "BUY", "2", "100"))
    turned = await books.trading.record_fill("main", fill(2, "SELL", "5", "110", after_s=1))
    trade = turned.trade
    assert trade.closes_position_id == first.trade.opens_position_id
    assert [trade.closed_quantity, trade.closed_value, trade.pnl] == [2, 220, 20]
    assert [trade.opened_quantity, trade.opened_cost] == [3, 330]
    (held,) = await books.trading.positions("main")
    assert held.position_id == trade.opens_position_id
    assert held.side == "SHORT"
    assert sizes(held) == "3 open at 110 cost 330, 0 closed at None, 0 realized"
    back = await books.trading.record_fill("main", fill(3, "BUY", "3", "100", after_s=2))
    assert back.trade.pnl == 30
    assert await books.trading.balances("main") == {"BTC": 0, "USDT": 50}


async def test_an_inverse_contract_pays_in_its_base_currency(books: AsyncDatabase) -> None:
    book = books.trading.record_fill
    await book("main", fill(1, "BUY", "10", "50000", of=INVERSE))
    done = await book("main", fill(2, "SELL", "10", "40000", of=INVERSE, after_s=1))
    # 10 contracts of 100 USD: 1000/50000 - 1000/40000 BTC.
    assert done.trade.pnl == Decimal("-0.005")
    assert (done.trade.pnl_currency, await books.trading.balances("main")) == (
        "BTC",
        {"BTC": Decimal("-0.005")},
    )


async def test_a_linear_contract_moves_no_notional(books: AsyncDatabase) -> None:
    book = books.trading.record_fill
    await book("main", fill(1, "SELL", "1000", "50000", of=LINEAR, fee="0.01", fee_currency="USDT"))
    assert await books.trading.balances("main") == {"USDT": Decimal("-0.01")}
    done = await book("main", fill(2, "BUY", "400", "49000", of=LINEAR, after_s=1))
    # 400 contracts of 0.001 BTC.
    assert done.trade.pnl == 400
    assert await books.trading.balances("main") == {"USDT": Decimal("399.99")}


async def test_fees_in_quote_base_and_a_third_currency(books: AsyncDatabase) -> None:
    book = books.trading.record_fill
    quote = await book("main", fill(1, "BUY", "1", "100", fee="0.1", fee_currency="USDT"))
    base = await book("main", fill(2, "BUY", "1", "100", fee="0.001", fee_currency="BTC"))
    third = await book("main", fill(3, "SELL", "1", "100", fee="0.002", fee_currency="BNB"))
    assert [one.trade.commission_value for one in (quote, base, third)] == [
        Decimal("0.1"), Decimal("0.1"), Decimal("0.625"),
    ]  # fmt: skip
    # What the venue took out of the bitcoins that came in does not stay in the position.
    (held,) = await books.trading.positions("main")
    assert sizes(held) == "0.999 open at 100 cost 99.9, 1 closed at 100, 0 realized"
    assert await books.trading.balances("main") == {
        "BNB": Decimal("-0.002"), "BTC": Decimal("0.999"), "USDT": Decimal("-100.1"),
    }  # fmt: skip
    paths = {one.trade_id: one for one in await books.trading.cash_ledger("main", "BNB")}
    entry = paths[third.trade.trade_id]
    assert (entry.rate, entry.conversion_path) == (Decimal("312.5"), "BNB>USDT given")
    assert entry.base_amount == Decimal("-0.625")


async def test_a_rebate_comes_in(books: AsyncDatabase) -> None:
    await books.trading.record_fill(
        "main", fill(1, "BUY", "1", "100", fee="-0.02", fee_currency="USDT", liquidity="MAKER")
    )
    assert await books.trading.balances("main") == {"BTC": 1, "USDT": Decimal("-99.98")}


async def test_a_notional_is_rounded_once_half_to_even(books: AsyncDatabase) -> None:
    unit = "0.000000000000000001"
    for number, (size, notional) in enumerate({"1.5": 2, "2.5": 2, "3.5": 4, "2.51": 3}.items()):
        done = await books.trading.record_fill("main", fill(number, "BUY", size, unit))
        assert done.trade.notional == notional * Decimal(unit), size
    with pytest.raises(IntegrityRefused, match="worth 0, which the books cannot hold"):
        await books.trading.record_fill("main", fill(9, "BUY", "0.5", unit))


async def test_a_part_of_the_cost_is_rounded_half_to_even(books: AsyncDatabase) -> None:
    unit = Decimal("1e-18")
    await books.trading.record_fill("main", fill(1, "BUY", "5", unit))
    done = await books.trading.record_fill("main", fill(2, "SELL", "2.5", 2 * unit, after_s=1))
    # Half of 5e-18 is 2.5e-18: 2e-18 leaves, 3e-18 stays.
    assert [done.trade.closed_cost, done.trade.closed_value] == [2 * unit, 5 * unit]
    (held,) = await books.trading.positions("main")
    assert held.cost_basis == 3 * unit
    # A fill of 3 that closes 2.5 of it at 1e-18: 2.5e-18 again, 2e-18 and 1e-18.
    over = await books.trading.record_fill("main", fill(3, "SELL", "3", unit, after_s=2))
    assert [over.trade.closed_value, over.trade.opened_cost] == [2 * unit, unit]


async def test_two_positions_of_a_hedging_portfolio(books: AsyncDatabase) -> None:
    await books.trading.create_portfolio("hedged", "USDT", position_mode="HEDGING")

    async def book(number: int, side: str, sided: str, quantity: str = "2") -> None:
        await books.trading.record_fill(
            "hedged",
            fill(number, side, quantity, "100", of=LINEAR, position_side=sided, after_s=number),
        )

    await book(1, "BUY", "LONG")
    await book(2, "SELL", "SHORT")
    held = await books.trading.positions("hedged")
    assert [f"{one.side} {one.open_quantity}" for one in held] == ["LONG 2", "SHORT 2"]
    await book(3, "SELL", "LONG", "1")
    with pytest.raises(
        IntegrityRefused, match="side mismatch: fill 4 is a SELL of 2, and the LONG"
    ):
        await book(4, "SELL", "LONG")
    with pytest.raises(IntegrityRefused, match="HEDGING: say which position"):
        await books.trading.record_fill("hedged", fill(5, "BUY", "1", "100", of=LINEAR))
    held = await books.trading.positions("hedged")
    assert [f"{one.side} {one.open_quantity}" for one in held] == ["LONG 1", "SHORT 2"]


async def test_positions_of_strategies_are_apart(books: AsyncDatabase) -> None:
    for name in ("a", "b"):
        await books.trading.create_strategy(name)
    await books.trading.record_fill("main", fill(1, "BUY", "1", "100", strategy="a"))
    await books.trading.record_fill("main", fill(2, "SELL", "1", "100", strategy="b"))
    await books.trading.record_fill("main", fill(3, "SELL", "1", "100"))
    held = await books.trading.positions("main")
    assert [one.side for one in held] == ["LONG", "SHORT", "SHORT"]
    assert len({one.strategy_id for one in held}) == 3


async def test_booking_again_changes_nothing(books: AsyncDatabase) -> None:
    given = fill(1, "BUY", "1", "100", fee="0.001", fee_currency="BTC")
    first = await books.trading.record_fill("main", given)
    before = await contents(books)
    again = await books.trading.record_fill("main", given)
    assert (again.duplicate, again.trade) == (True, first.trade)
    # An export to the second is the same fill.
    coarse = replace(given, timestamp=given.timestamp + timedelta(milliseconds=999))
    assert (await books.trading.record_fill("main", coarse)).duplicate
    assert await contents(books) == before


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"quantity": Decimal(2)}, "quantity 1 is booked, 2 came"),
        ({"price": Decimal(101)}, "price 100 is booked, 101 came"),
        ({"fee": Decimal("0.5")}, "fee 0.001 BTC is booked, 0.5 BTC came"),
        ({"fee_currency": "USDT"}, "fee 0.001 BTC is booked, 0.001 USDT came"),
        ({"timestamp": datetime(2024, 1, 2, tzinfo=UTC)}, "timestamp 2024-01-01"),
    ],
)
async def test_the_same_id_with_another_content_is_refused_and_named(
    books: AsyncDatabase, changes: dict[str, Any], named: str
) -> None:
    given = fill(1, "BUY", "1", "100", fee="0.001", fee_currency="BTC")
    await books.trading.record_fill("main", given)
    before = await contents(books)
    with pytest.raises(IntegrityRefused, match=named):
        await books.trading.record_fill("main", replace(given, **changes))
    assert await contents(books) == before


_GOOD = fill(7, "BUY", "1", "100", after_s=100)
_NAIVE = _GOOD.timestamp.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("bad", "error", "named"),
    [
        (replace(_GOOD, quantity=Decimal(0)), InputError, "quantity 0 must be above zero"),
        (replace(_GOOD, quantity=Decimal(-1)), InputError, "quantity -1 must be above zero"),
        (replace(_GOOD, price=Decimal("NaN")), InputError, "price NaN is no number"),
        (replace(_GOOD, price=1.5), InputError, "price 1.5 is float"),  # type: ignore[arg-type]
        (replace(_GOOD, quantity=Decimal("1e20")), InputError, "more than 20 digits"),
        (replace(_GOOD, quantity=Decimal("1e-19")), InputError, "more than 18 decimals"),
        (replace(_GOOD, quantity=Decimal("1" * 20 + ".1234567890123456789")), InputError,
         "more than 18 decimals"),
        (replace(_GOOD, fee=Decimal(1)), InputError, "its fee 1 has no currency"),
        (replace(_GOOD, side="LONG"), InputError, "no side"),  # type: ignore[arg-type]
        (replace(_GOOD, exchange_trade_id=""), InputError, "no exchange_trade_id"),
        (replace(_GOOD, timestamp=_NAIVE), InputError, "no time zone"),
        (replace(_GOOD, timestamp=datetime(2099, 1, 1, tzinfo=UTC)), IntegrityRefused, "future"),
        (replace(_GOOD, timestamp=datetime(2001, 1, 1, tzinfo=UTC)), IntegrityRefused, "2009"),
        (replace(_GOOD, symbol="NOPE"), NotFound, "no instrument NOPE on binance"),
        (replace(_GOOD, exchange="nowhere"), NotFound, "no instrument BTCUSDT on nowhere"),
        (replace(_GOOD, strategy="unheard"), NotFound, "no strategy 'unheard'"),
        (replace(_GOOD, client_order_id="c9"), NotFound, "no order 'c9'"),
        (
            replace(_GOOD, fee=Decimal(1), fee_currency="XYZ"), MissingRate,
            "no rate from XYZ to USDT is known at 2024-01-01T00:01:40Z",
        ),
        (replace(_GOOD, position_side="LONG"), IntegrityRefused, "side mismatch"),
        (replace(_GOOD, quantity=Decimal(3), reduce_only=True), IntegrityRefused, "reduce-only"),
        (
            replace(_GOOD, timestamp=datetime(2023, 12, 31, tzinfo=UTC)), IntegrityRefused,
            "older than position",
        ),
        (
            replace(_GOOD, quantity=Decimal("9e19"), price=Decimal("9e19")), IntegrityRefused,
            "which the books cannot hold",
        ),
        (
            replace(_GOOD, fee=Decimal(1), fee_currency="BTC"), IntegrityRefused,
            "leaves nothing of it",
        ),
        (replace(_GOOD, leverage=Decimal(0)), InputError, "leverage 0 must be above zero"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_with_nothing_changed(
    books: AsyncDatabase, bad: Fill, error: type[CryptoscalpError], named: str
) -> None:
    await books.trading.record_fill("main", fill(1, "SELL", "2", "100"))
    before = await contents(books)
    with pytest.raises(error, match=named):
        await books.trading.record_fill("main", bad)
    with pytest.raises(error, match=named):
        await books.trading.record_fills("main", [replace(_GOOD, exchange_trade_id="6"), bad])
    assert await contents(books) == before


async def test_an_unknown_or_closed_portfolio_books_nothing(books: AsyncDatabase) -> None:
    with pytest.raises(NotFound, match="no portfolio 'unheard'"):
        await books.trading.record_fill("unheard", _GOOD)
    await books.trading.create_portfolio("old", "USDT")
    await books.trading.close_portfolio("old")
    with pytest.raises(IntegrityRefused, match="portfolio 'old' is closed"):
        await books.trading.record_fill("old", _GOOD)


async def test_an_instrument_whose_terms_are_not_known_says_which(books: AsyncDatabase) -> None:
    await books.market.add_instrument("BTCUSD_PERP", "other", base="BTC", quote="USD", inverse=True)
    of = Traded("BTCUSD_PERP", "other", "BTC", "USD")
    with pytest.raises(NotFound, match="contract multiplier of BTCUSD_PERP on other is not known"):
        await books.trading.record_fill("main", fill(1, "BUY", "1", "100", of=of))


async def test_a_batch_is_booked_in_its_order_or_not_at_all(books: AsyncDatabase) -> None:
    given = [fill(n, "BUY" if n % 2 else "SELL", "1", str(100 + n), after_s=n) for n in range(1, 9)]
    done = await books.trading.record_fills("main", given)
    assert [one.trade.exchange_trade_id for one in done] == [str(n) for n in range(1, 9)]
    assert [one.trade.trade_id for one in done] == sorted(one.trade.trade_id for one in done)
    assert [one.trade.pnl for one in done] == [0, 1, 0, 1, 0, 1, 0, 1]
    again = await books.trading.record_fills("main", given)
    assert all(one.duplicate for one in again)
    assert await books.trading.record_fills("main", []) == []


async def test_unified_symbols_are_mapped(books: AsyncDatabase) -> None:
    done = await books.trading.record_fill(
        "main", replace(fill(1, "BUY", "1", "100"), symbol="BTC/USDT")
    )
    assert done.trade.symbol == "BTCUSDT"


@pytest.mark.parametrize("of", [SPOT, CROSS, LINEAR, INVERSE], ids=lambda one: one.exchange)
async def test_closing_by_hand_takes_the_rest_and_is_marked(
    books: AsyncDatabase, of: Traded
) -> None:
    await books.trading.record_fill("main", fill(1, "SELL", "3", "100", of=of))
    (held,) = await books.trading.positions("main")
    with pytest.raises(NotFound, match="no quote price"):
        await books.trading.close_position(held.position_id)
    rates = {"BTC": Decimal(50_000)}
    part = await books.trading.close_position(
        held.position_id, Decimal(90), quantity=Decimal(1), rates=rates
    )
    assert (part.trade.kind, part.trade.note) == ("ADJUSTMENT", "closed by hand")
    done = await books.trading.close_position(held.position_id, Decimal(90), rates=rates)
    assert done.trade.closed_quantity == 2
    with pytest.raises(IntegrityRefused, match="closed already"):
        await books.trading.close_position(held.position_id, Decimal(90))
    assert await books.trading.check_books() == []
