"""What money is reckoned by stays while the books depend on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import IntegrityRefused
from tests.faces import mode, open_face
from tests.postgres import Place
from tests.trading.books import START, Traded, fill, terms

__all__ = ["mode"]

SOL = Traded("SOLUSDT", "binance", "SOL", "USDT")
CONTRACT = Traded("SOLUSD_PERP", "binancecoinm", "SOL", "USD", "SOL", True, Decimal(10))


@pytest.fixture
async def own(database: Place, mode: str) -> AsyncIterator[AsyncDatabase]:
    """A database of the test's own: what is booked on an instrument decides here."""
    async with await open_face(mode, database.dsn) as opened:
        for one in (SOL, CONTRACT):
            await opened.market.add_instrument(
                one.symbol, one.exchange, base=one.base, quote=one.quote, **terms(one)
            )
        await opened.trading.create_portfolio("main", "USDT")
        yield opened


RATES = {"SOL": Decimal(100), "USD": Decimal(1)}


@pytest.mark.parametrize(
    "change",
    [{"base": "XRP"}, {"quote": "USD"}, {"settle": "USDT"}, {"inverse": True}],
    ids=lambda change: next(iter(change)),
)
async def test_currencies_stay_while_a_fill_stands(
    own: AsyncDatabase, database: Place, change: dict[str, Any]
) -> None:
    set_terms = partial(own.market.set_instrument, SOL.symbol, SOL.exchange)
    bought = await own.trading.record_fill("main", fill(1, "BUY", "2", "100", of=SOL))
    with pytest.raises(IntegrityRefused, match="SOLUSDT on binance stay: fills or funding"):
        await set_terms(**change)
    # Closed or not: a reversal would move other currencies than the fill did.
    await own.trading.record_fill("main", fill(2, "SELL", "2", "100", of=SOL, after_s=1))
    with pytest.raises(IntegrityRefused, match="stay"):
        await set_terms(**change)
    with (
        psycopg.connect(database.dsn, autocommit=True) as client,
        pytest.raises(psycopg.Error, match="stay"),
    ):
        client.execute("UPDATE instruments SET base = 'XRP' WHERE symbol = 'SOLUSDT'")
    # Steps of price and size are not money.
    await set_terms(tick_size=Decimal("0.01"))
    for trade in reversed(await own.trading.trades("main")):
        await own.trading.reverse_trade(trade.trade_id, reason="wrong terms", rates=RATES)
    assert bought.trade.trade_id
    await set_terms(**change)
    assert await own.trading.check_books() == []


async def test_a_multiplier_stays_while_a_position_is_open(own: AsyncDatabase) -> None:
    change = partial(own.market.set_instrument, CONTRACT.symbol, CONTRACT.exchange)
    await own.trading.record_fill("main", fill(1, "BUY", "10", "50", of=CONTRACT, rates=RATES))
    with pytest.raises(IntegrityRefused, match="multiplier of SOLUSD_PERP on binancecoinm stays"):
        await change(contract_multiplier=Decimal(100))
    await own.trading.record_fill(
        "main", fill(2, "SELL", "10", "40", of=CONTRACT, after_s=1, rates=RATES)
    )
    await change(contract_multiplier=Decimal(100))
    later = await own.trading.record_fill(
        "main", fill(3, "BUY", "1", "50", of=CONTRACT, after_s=2, rates=RATES)
    )
    assert later.trade.notional == 2
    assert await own.trading.check_books() == []


async def test_terms_and_a_fill_at_once_wait_for_each_other(
    own: AsyncDatabase, database: Place
) -> None:
    """A fill that is not committed yet counts: the change waits for it, and is refused."""
    with psycopg.connect(database.dsn) as booking:
        booking.execute(
            "SELECT record_fill('main', 'SOLUSDT', 'binance', '1', %s, 'BUY', 2, 100)", (START,)
        )
        change = asyncio.create_task(asyncio.to_thread(_change, database.dsn))
        await asyncio.sleep(0.3)
        assert not change.done()
        booking.commit()
        with pytest.raises(psycopg.Error, match="stay"):
            await change
    assert await own.trading.check_books() == []


def _change(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as client:
        client.execute("UPDATE instruments SET base = 'XRP' WHERE symbol = 'SOLUSDT'")


async def test_a_portfolio_with_open_positions_is_not_closed_by_plain_sql(
    own: AsyncDatabase, database: Place
) -> None:
    await own.trading.record_fill("main", fill(1, "BUY", "2", "100", of=SOL))
    with psycopg.connect(database.dsn, autocommit=True) as client:
        with pytest.raises(psycopg.Error, match="has 1 open positions"):
            client.execute("UPDATE portfolios SET closed_at = now()")
        with pytest.raises(psycopg.errors.CheckViolation, match="chk_portfolio_closed"):
            client.execute(
                "INSERT INTO portfolios (name, base_currency) VALUES ('idle', 'USDT');"
                " UPDATE portfolios SET closed_at = '2001-01-01' WHERE name = 'idle'"
            )
    assert (await own.trading.portfolio("main")).closed_at is None


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("marked_at = 'infinity'", "chk_position_status"),
        ("marked_at = '-infinity'", "chk_position_status"),
        ("marked_at = '0001-01-01 00:00:00+00 BC'", "chk_position_status"),
        ("stop_loss = 150, take_profit = 120", "chk_position_prices"),
        ("stop_loss = 120, take_profit = 120", "chk_position_prices"),
    ],
)
async def test_marks_and_stops_that_are_none_are_refused_in_plain_sql(
    own: AsyncDatabase, database: Place, change: str, check: str
) -> None:
    await own.trading.record_fill("main", fill(1, "BUY", "2", "100", of=SOL))
    before = await own.trading.positions("main")
    with (
        psycopg.connect(database.dsn, autocommit=True) as client,
        pytest.raises(psycopg.errors.CheckViolation, match=check),
    ):
        client.execute(b"UPDATE positions SET " + change.encode())
    assert await own.trading.positions("main") == before


async def test_a_fill_of_a_reduce_only_order_opens_nothing(own: AsyncDatabase) -> None:
    await own.trading.record_fill("main", fill(1, "SELL", "1", "100", of=SOL))
    await own.trading.place_order(
        "main", "SOLUSDT", "binance", "SELL", Decimal(1),
        client_order_id="r", reduce_only=True, decided_at=START,
    )  # fmt: skip
    with pytest.raises(IntegrityRefused, match="reduce-only"):
        await own.trading.record_fill(
            "main", fill(2, "SELL", "1", "100", of=SOL, after_s=1, client_order_id="r")
        )
    (held,) = await own.trading.positions("main")
    assert held.open_quantity == 1


async def test_a_fill_that_comes_again_with_another_context_is_refused(own: AsyncDatabase) -> None:
    await own.trading.create_strategy("scalp")
    await own.trading.create_strategy("other")
    await own.trading.create_portfolio("hedged", "USDT", position_mode="HEDGING")
    one = fill(
        1, "BUY", "1", "100", of=SOL, strategy="scalp", position_side="LONG", liquidity="MAKER"
    )
    await own.trading.record_fill("hedged", one)
    for other, told in (
        (replace(one, strategy="other"), "strategy"),
        (replace(one, position_side="SHORT"), "not booked for a SHORT position"),
        (replace(one, liquidity="TAKER"), "liquidity MAKER is booked, TAKER came"),
        (replace(one, client_order_id="c1"), "it is booked without an order, 'c1' came"),
    ):
        with pytest.raises(IntegrityRefused, match=told):
            await own.trading.record_fill("hedged", other)
    # A venue's export knows none of these.
    bare = replace(one, strategy=None, liquidity=None)
    assert (await own.trading.record_fill("hedged", bare)).duplicate
    assert len(await own.trading.trades("hedged")) == 1


async def test_a_venue_order_id_that_contradicts_the_order_is_refused(own: AsyncDatabase) -> None:
    for name in ("o1", "o2"):
        await own.trading.place_order(
            "main", "SOLUSDT", "binance", "BUY", Decimal(1), client_order_id=name, decided_at=START
        )
    await own.trading.acknowledge_order("main", "binance", "o1", "V1")
    with pytest.raises(
        IntegrityRefused, match="'o1' is known to the venue as V1, the fill is of V9"
    ):
        await own.trading.record_fill(
            "main",
            fill(1, "BUY", "1", "100", of=SOL, after_s=1, client_order_id="o1",
                 exchange_order_id="V9"),
        )  # fmt: skip
    with pytest.raises(IntegrityRefused, match="another order of SOLUSDT on binance is known"):
        await own.trading.acknowledge_order("main", "binance", "o2", "V1")
    assert await own.trading.trades("main") == []
