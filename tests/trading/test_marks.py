"""Marks: from quotes, mids, last trades and mark prices; stops, breaches, exposure, HOT updates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, InputError, IntegrityRefused, NotFound
from cryptoscalp.trading.types import PriceKind
from tests.faces import quote, table, trade
from tests.postgres import Place
from tests.trading.books import INVERSE, LINEAR, fill, prepare

_NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)


@pytest.fixture
async def market(db: AsyncDatabase) -> AsyncDatabase:
    """A long and a short position, and one whose instrument has no prices; a quote, a trade."""
    await prepare(db)
    await db.trading.create_portfolio("main", "USDT")
    await db.trading.create_portfolio("other", "USDT")
    await db.capture.write_quotes(
        table([quote(0, 1, timestamp=_NOW, bid_price="99", ask_price="102")])
    )
    await db.capture.write_trades(table([trade(0, 1, timestamp=_NOW, price="101.5")]))
    await db.trading.create_strategy("short")
    await db.trading.record_fill("main", fill(1, "BUY", "2", "100"))
    await db.trading.record_fill("main", fill(2, "SELL", "3", "100", strategy="short"))
    await db.trading.record_fill("main", fill(3, "BUY", "5", "50000", of=INVERSE))
    await db.trading.record_fill("other", fill(4, "BUY", "1", "100"))
    return db


@pytest.mark.parametrize(
    ("by", "long", "short"),
    [("quote", "99", "102"), ("mid", "100.5", "100.5"), ("last", "101.5", "101.5")],
)
async def test_every_open_position_is_marked_in_one_statement(
    market: AsyncDatabase, by: PriceKind, long: str, short: str
) -> None:
    before = await market.trading.positions("other")
    held = await market.trading.positions("main")
    marked = await market.trading.mark("main", by)
    assert (marked.marked, marked.unpriced) == (2, (held[2].position_id,))
    first, second, third = await market.trading.positions("main")
    assert [first.current_price, second.current_price] == [Decimal(long), Decimal(short)]
    assert first.unrealized_pnl == 2 * (Decimal(long) - 100)
    assert second.unrealized_pnl == 3 * (100 - Decimal(short))
    assert (first.marked_at, third) == (_NOW, held[2])
    assert await market.trading.positions("other") == before


async def test_mark_prices_mark_what_has_one(market: AsyncDatabase, database: Place) -> None:
    with psycopg.connect(database.admin_dsn) as connection:
        connection.execute("SELECT ensure_partitions(now(), now(), '{mark_prices}')")
        connection.execute("SET ROLE cryptoscalp_capture")
        connection.execute(
            "INSERT INTO mark_prices (timestamp, symbol, exchange, mark_price, batch_id)"
            " VALUES (%s, %s, %s, 40000, 1)",
            (_NOW, INVERSE.symbol, INVERSE.exchange),
        )
    marked = await market.trading.mark("main", "mark")
    assert (marked.marked, len(marked.unpriced)) == (1, 2)
    held = (await market.trading.positions("main"))[2]
    # 500 USD: 500/50000 - 500/40000 BTC.
    assert (held.current_price, held.unrealized_pnl) == (Decimal(40_000), Decimal("-0.0025"))


async def test_a_candle_that_has_ended_marks_by_last_where_no_trade_is_stored(
    market: AsyncDatabase, tmp_path: Path
) -> None:
    begins = (_NOW - timedelta(hours=1)).replace(second=0)
    path = tmp_path / "candles.csv"
    path.write_text(
        "timestamp,open,high,low,close,volume\n"
        f"{int(begins.timestamp())},50000,50000,40000,40000,1\n"
    )
    await market.capture.import_files(
        [path], exchange=INVERSE.exchange, symbol=INVERSE.symbol, interval="1m"
    )
    marked = await market.trading.mark("main", "last")
    assert (marked.marked, marked.unpriced) == (3, ())
    held = (await market.trading.positions("main"))[2]
    assert (held.current_price, held.unrealized_pnl) == (Decimal(40_000), Decimal("-0.0025"))
    assert held.marked_at == begins + timedelta(minutes=1)


async def test_what_cannot_be_marked_is_refused(market: AsyncDatabase) -> None:
    with pytest.raises(NotFound, match="no portfolio 'unheard'"):
        await market.trading.mark("unheard")
    with pytest.raises(InputError, match="no kind of price 'best'"):
        await market.trading.mark("main", "best")  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="no open position 999"):
        await market.trading.mark_position(999, Decimal(1))
    with pytest.raises(InputError, match="price 0 must be above zero"):
        await market.trading.mark_position(1, Decimal(0))


async def test_stops_and_targets_and_what_has_reached_them(market: AsyncDatabase) -> None:
    held = await market.trading.positions("main")
    long, short, unpriced = (one.position_id for one in held)
    await market.trading.set_stop_loss(long, Decimal(99))
    await market.trading.set_take_profit(short, Decimal(102))
    assert [
        (one.position_id, one.cause, one.price, one.level)
        for one in (await market.trading.breached("main")).breaches
    ] == [
        (long, "stop_loss", Decimal(99), Decimal(99)),
        (short, "take_profit", Decimal(102), Decimal(102)),
    ]
    by_mid = await market.trading.breached("main", "mid")
    assert [one.cause for one in by_mid.breaches] == ["take_profit"]
    await market.trading.set_stop_loss(long, Decimal("98.99"))
    await market.trading.set_take_profit(short, None)
    await market.trading.set_stops(unpriced, Decimal(1), Decimal(100_000))
    quiet = await market.trading.breached("main")
    assert (quiet.breaches, quiet.unpriced) == ((), (unpriced,))
    for change, level in (
        (market.trading.set_take_profit, Decimal(98)),
        (market.trading.set_stop_loss, Decimal(0)),
    ):
        with pytest.raises(InputError):
            await change(long, level)
    await market.trading.close_position(long, Decimal(100))
    with pytest.raises(IntegrityRefused, match="is closed"):
        await market.trading.set_stop_loss(long, Decimal(90))
    with pytest.raises(NotFound, match="no position 999"):
        await market.trading.set_stop_loss(999, Decimal(1))


async def test_open_risk_counts_from_the_mark_and_from_the_cost(market: AsyncDatabase) -> None:
    long, short, _ = [one.position_id for one in await market.trading.positions("main")]
    await market.trading.set_stop_loss(long, Decimal(90))
    await market.trading.set_stop_loss(short, Decimal(110))
    await market.trading.mark("main")
    risks = await market.trading.open_risk("main")
    assert [[one.unrealized_pnl, one.pnl_at_stop, one.risk_to_stop] for one in risks] == [
        [-2, -20, 18], [-6, -30, 24], [0, None, None],
    ]  # fmt: skip


async def test_exposure_by_symbol_exchange_and_strategy(market: AsyncDatabase) -> None:
    await market.trading.mark("main", "last")
    found = await market.trading.exposure("main")
    assert [
        [one.key, one.positions, one.long_notional, one.short_notional, one.net_notional,
         one.gross_notional, one.unrealized_pnl] for one in found
    ] == [
        ["BTCUSDT on binance", 2, 203, Decimal("304.5"), Decimal("-101.5"), Decimal("507.5"),
         Decimal("-1.5")],
        ["BTCUSD_PERP on binancecoinm", 1, Decimal("0.01"), 0, Decimal("0.01"), Decimal("0.01"), 0],
    ]  # fmt: skip
    by_strategy = await market.trading.exposure("main", "strategy")
    assert [(one.key, one.positions) for one in by_strategy] == [
        ("(none)", 1), ("(none)", 1), ("short", 1),
    ]  # fmt: skip
    by_exchange = await market.trading.exposure("main", "exchange")
    assert [one.key for one in by_exchange] == ["binance", "binancecoinm"]


async def test_active_portfolio_weighs_by_quantity(db: AsyncDatabase, database: Place) -> None:
    await prepare(db)
    await db.trading.create_portfolio("main", "USDT", position_mode="HEDGING")
    await db.trading.create_strategy("a")
    for n, (size, price, strategy) in enumerate((("1", "100", None), ("99", "200", "a"))):
        await db.trading.record_fill(
            "main", fill(n, "BUY", size, price, strategy=strategy, position_side="LONG")
        )
    await db.trading.record_fill(
        "main", fill(7, "SELL", "30", "200", of=LINEAR, position_side="SHORT")
    )
    with psycopg.connect(database.dsn) as connection:
        found: list[Any] = connection.execute(
            "SELECT symbol, exchange, net_position, total_pnl, avg_entry_price"
            " FROM active_portfolio ORDER BY exchange"
        ).fetchall()
    assert found == [
        ("BTCUSDT", "binance", 100, 0, 199),
        ("BTCUSDT", "binanceusdm", -30, 0, 200),
    ]


async def test_marks_are_hot_updates(db: AsyncDatabase, database: Place) -> None:
    """At least 99 of 100 marks rewrite the row in its page, and touch no index."""
    await prepare(db)
    await db.trading.create_portfolio("main", "USDT")
    for n in range(100):
        await db.trading.create_strategy(f"s{n}")
    await db.trading.record_fills(
        "main", [fill(n, "BUY", "1", "100", strategy=f"s{n}") for n in range(100)]
    )
    await db.capture.write_quotes(table([quote(0, 1, timestamp=_NOW)]))
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        connection.execute("VACUUM positions")
        connection.execute("SELECT pg_stat_reset()")
    for n in range(10):
        assert (await db.trading.mark("main")).marked == 100
        for held in (await db.trading.positions("main"))[:20]:
            await db.trading.mark_position(held.position_id, Decimal(100 + n))
    await db.close()
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        total, hot = connection.execute(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'positions'"
        ).fetchone() or (0, 0)
    assert total == 1_200
    assert hot / total >= 0.99
