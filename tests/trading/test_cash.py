"""Deposits, withdrawals, adjustments, funding, and the rates that currencies are valued with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from cryptoscalp import AsyncDatabase, InputError, IntegrityRefused, MissingRate, NotFound
from tests.faces import NOON, table, trade
from tests.trading.books import INVERSE, LINEAR, SPOT, START, fill, prepare

_RATES = {"BTC": Decimal(50_000)}


async def test_a_transfer_is_booked_once_under_its_reference(books: AsyncDatabase) -> None:
    given: dict[str, Any] = {"reference": "wire 1", "timestamp": START}
    first = await books.trading.deposit("main", "USDT", Decimal("1000.5"), **given)
    again = await books.trading.deposit("main", "USDT", Decimal("1000.5"), **given)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert first.entry == again.entry
    with pytest.raises(IntegrityRefused, match=r"another content: 1000.5 USDT is booked, 7 USDT"):
        await books.trading.deposit("main", "USDT", Decimal(7), **given)
    # The same reference may name a withdrawal.
    out = await books.trading.withdraw("main", "USDT", Decimal("0.5"), **given)
    assert out.entry.amount == Decimal("-0.5")
    assert await books.trading.balances("main") == {"USDT": Decimal(1000)}


async def test_a_withdrawal_must_be_covered(books: AsyncDatabase) -> None:
    await books.trading.deposit("main", "USDT", Decimal(10), reference="in")
    with pytest.raises(IntegrityRefused, match="of 11 USDT is not covered: the balance is 10"):
        await books.trading.withdraw("main", "USDT", Decimal(11), reference="out")
    with pytest.raises(IntegrityRefused, match="the balance is 0"):
        await books.trading.withdraw("main", "BTC", Decimal(1), reference="out", rates=_RATES)
    await books.trading.withdraw("main", "USDT", Decimal(11), reference="out", overdraw=True)
    assert await books.trading.balances("main") == {"USDT": Decimal(-1)}


async def test_an_adjustment_says_why(books: AsyncDatabase) -> None:
    with pytest.raises(InputError, match="note"):
        await books.trading.adjust_cash("main", "USDT", Decimal(1), reference="a", note=" ")
    done = await books.trading.adjust_cash(
        "main", "USDT", Decimal("-0.01"), reference="a", note="dust"
    )
    assert (done.entry.kind, done.entry.note) == ("ADJUSTMENT", "dust")


@pytest.mark.parametrize(
    ("currency", "amount", "error", "why"),
    [
        ("USDT", Decimal(0), InputError, "amount 0 must be above zero"),
        ("USDT", Decimal(-1), InputError, "amount -1 must be above zero"),
        ("USDT", Decimal("1e20"), InputError, "more than 20 digits"),
        ("US DT", Decimal(1), InputError, "'US DT' is no currency"),
        ("XYZ", Decimal(1), MissingRate, "no rate from XYZ to USDT"),
    ],
)
async def test_what_cannot_be_deposited(
    books: AsyncDatabase, currency: str, amount: Decimal, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        await books.trading.deposit("main", currency, amount, reference="in")
    assert await books.trading.cash_ledger("main") == []
    with pytest.raises(NotFound, match="no portfolio"):
        await books.trading.deposit("unheard", "USDT", Decimal(1), reference="in")


async def test_funding_is_reckoned_from_what_was_open_then(books: AsyncDatabase) -> None:
    await books.trading.record_fill("main", fill(1, "BUY", "1000", "50000", of=LINEAR))
    await books.trading.record_fill("main", fill(2, "SELL", "400", "50000", of=LINEAR, after_s=60))
    given: dict[str, Any] = {"funding_rate": Decimal("0.0001"), "mark_price": Decimal(51_000)}

    async def fund(after_s: int, **changes: Any) -> Any:
        at = START + timedelta(seconds=after_s)
        return await books.trading.record_funding(
            "main", LINEAR.symbol, LINEAR.exchange, at, **{**given, **changes}
        )

    # 1000 contracts of 0.001 BTC at 51,000 before the second fill, 600 after it; longs pay.
    early, late = await fund(30), await fund(90)
    assert (early.quantity, early.amount) == (Decimal(1000), Decimal("-5.1"))
    assert (late.quantity, late.amount) == (Decimal(600), Decimal("-3.06"))
    assert (await fund(90)).duplicate
    with pytest.raises(IntegrityRefused, match=r"-3\.06 is booked, -7 came"):
        await fund(90, amount=Decimal(-7))
    with pytest.raises(IntegrityRefused, match=r"a LONG position pays, and the amount is 7"):
        await fund(91, amount=Decimal(7))
    (held,) = await books.trading.positions("main")
    assert held.funding == Decimal("-8.16")
    assert await books.trading.balances("main") == {"USDT": Decimal("-8.16")}
    assert [one.amount for one in await books.trading.funding_payments("main")] == [
        early.amount,
        late.amount,
    ]
    assert await books.trading.check_books() == []


async def test_funding_that_is_reported_after_the_position_was_closed(books: AsyncDatabase) -> None:
    await books.trading.record_fill("main", fill(1, "SELL", "10", "50000", of=INVERSE))
    await books.trading.record_fill("main", fill(2, "BUY", "10", "50000", of=INVERSE, after_s=60))
    paid = await books.trading.record_funding(
        "main", INVERSE.symbol, INVERSE.exchange, START + timedelta(seconds=30),
        amount=Decimal("0.00002"), rates=_RATES,
    )  # fmt: skip
    (over,) = await books.trading.positions("main", "closed")
    assert (paid.position_id, over.funding) == (over.position_id, Decimal("0.00002"))


@pytest.mark.parametrize(
    ("of", "given", "why"),
    [
        (SPOT, {"amount": Decimal(1)}, "is a spot pair, for which no funding is paid"),
        (LINEAR, {}, "no position was open then"),
        (LINEAR, {"amount": Decimal(0)}, "0 is no amount"),
        (LINEAR, {"amount": Decimal(1), "currency": "BTC"}, "is paid in USDT, not in BTC"),
    ],
)
async def test_what_cannot_be_funding(
    books: AsyncDatabase, of: Any, given: dict[str, Any], why: str
) -> None:
    with pytest.raises(IntegrityRefused, match=why):
        await books.trading.record_funding("main", of.symbol, of.exchange, START, **given)
    assert await books.trading.funding_payments("main") == []


@pytest.fixture
async def market(db: AsyncDatabase) -> AsyncDatabase:
    """Trades of BNBUSDT and BNBBTC at noon of 2024-08-08, of ETHBTC at one."""
    await prepare(db)
    await db.market.add_instrument("BNBUSDT", "binance", base="BNB", quote="USDT")
    await db.market.add_instrument("EURUSDT", "kraken", base="EUR", quote="USDT")
    rows = [
        trade(0, 1, symbol="BNBUSDT", price="500"),
        trade(60_000_000, 2, symbol="BNBUSDT", price="600"),
        trade(0, 1, symbol="EURUSDT", exchange="kraken", price="1.25"),
        trade(0, 1, symbol="BTCUSDT", price="50000"),
        trade(0, 1, symbol="ETHBTC", price="0.05"),
    ]
    await db.capture.write_trades(table(rows))
    await db.trading.create_portfolio("main", "USDT")
    await db.trading.create_portfolio("euro", "EUR")
    return db


async def test_a_fee_is_valued_by_the_market_at_the_moment_of_the_fill(
    market: AsyncDatabase,
) -> None:
    async def paid(after_s: int, fee_currency: str = "BNB") -> Any:
        one = fill(after_s, "BUY", "1", "50000", fee="0.01", fee_currency=fee_currency, rates=None)
        at = NOON + timedelta(seconds=after_s)
        return (await market.trading.record_fill("main", replace(one, timestamp=at))).trade

    assert (await paid(0)).commission_rate == 500
    assert (await paid(59)).commission_rate == 500
    assert (await paid(60)).commission_rate == 600
    with pytest.raises(MissingRate, match="no rate from BNB to USDT is known at 2024-08-08T11"):
        await paid(-1)
    # Over bitcoin: no instrument trades ETH against USDT.
    eth = await paid(61, "ETH")
    assert (eth.commission_rate, eth.commission_value) == (Decimal(2_500), Decimal(25))
    entries = {one.trade_id: one for one in await market.trading.cash_ledger("main", "ETH")}
    assert entries[eth.trade_id].conversion_path == (
        "ETH>BTC binance:ETHBTC@2024-08-08T12:00:00.000000Z,"
        " BTC>USDT binance:BTCUSDT@2024-08-08T12:00:00.000000Z"
    )


async def test_a_portfolio_in_a_third_currency_keeps_both_values(market: AsyncDatabase) -> None:
    one = fill(1, "BUY", "1", "50000", fee="10", fee_currency="USDT", rates=None)
    await market.trading.record_fill("euro", replace(one, timestamp=NOON))
    entries = await market.trading.cash_ledger("euro")
    assert [(one.currency, one.amount, one.rate, one.base_amount) for one in entries] == [
        ("USDT", Decimal(-50_000), Decimal("0.8"), Decimal(-40_000)),
        ("BTC", Decimal(1), Decimal(40_000), Decimal(40_000)),
        ("USDT", Decimal(-10), Decimal("0.8"), Decimal(-8)),
    ]
