"""Stored performance: windows, late history, gaps, parts of a portfolio, slippage, rights."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import psycopg
import pytest

from cryptoscalp import AsyncDatabase, InputError, NotFound
from cryptoscalp.analytics.measures import measured, returns_of
from tests.analytics.traded import (
    LINEAR,
    MINUTE_US,
    SPOT,
    all_rows,
    at,
    fill,
    funded,
    market,
    write_prices,
)
from tests.faces import quote, table
from tests.postgres import Place


@pytest.fixture
async def traded(db: AsyncDatabase) -> AsyncDatabase:
    """1,000 USDT from 12:00:30, a bitcoin cent bought at 12:02 and half of it sold at 13:30."""
    await market(db)
    prices: dict[float, Any] = {n: 50_000 + 100 * ((n * 7) % 11) for n in range(180)}
    await write_prices(db, SPOT, prices)
    await funded(db)
    await db.trading.record_fills(
        "main",
        [
            fill(1, "BUY", "0.01", "50100", 2.5, strategy="scalp", fee=Decimal("0.5"),
                 fee_currency="USDT"),
            fill(2, "SELL", "0.005", "50600", 90, strategy="scalp", fee=Decimal("0.25"),
                 fee_currency="USDT"),
        ],
    )  # fmt: skip
    return db


async def test_rows_are_what_the_curve_of_equity_comes_to(traded: AsyncDatabase) -> None:
    done = await traded.analytics.refresh(as_of=at(150.9))
    assert [done.portfolios, done.recomputed, done.through] == [1, 0, at(150)]
    hours = await traded.analytics.performance("main", "1h")
    assert [(one.timestamp, one.through) for one in hours] == [
        (at(0), at(60)), (at(60), at(120)), (at(120), at(150)),
    ]  # fmt: skip
    for one in hours:
        (grid,) = await traded.trading.equity_grid(["main"], one.started_at, one.through)
        made = returns_of(grid.equity, grid.deposits, grid.withdrawals)
        # The capital came in the first bucket of all, which is none.
        whole = measured(made[np.isfinite(made).argmax() :], 525_600.0)
        for name in ("total_return", "sharpe_ratio", "sortino_ratio", "max_drawdown",
                     "volatility", "sharpe_low", "calmar_ratio"):  # fmt: skip
            expected = getattr(whole, name)
            assert getattr(one, name) == pytest.approx(expected, rel=1e-8, abs=1e-12), name
    assert [one.returns for one in hours] == [59, 60, 30]
    (day,) = await traded.analytics.performance("main", "1d")
    growth = 1.0
    for one in hours:
        assert one.total_return is not None
        growth *= 1 + one.total_return
    assert day.total_return == pytest.approx(growth - 1, rel=1e-9)
    assert [day.timestamp, day.started_at] == [datetime(2024, 8, 8, tzinfo=UTC), at(0)]
    (week,) = await traded.analytics.performance("main", "1w")
    (month,) = await traded.analytics.performance("main", "1M")
    assert [week.timestamp, week.through, week.returns] == [
        datetime(2024, 8, 5, tzinfo=UTC), at(120), 2,
    ]  # fmt: skip
    assert month.timestamp == datetime(2024, 8, 1, tzinfo=UTC)
    assert await traded.analytics.performance("main", "all") == []


async def test_trades_are_positions_that_closed_after_all_their_fees(
    traded: AsyncDatabase,
) -> None:
    await traded.analytics.refresh(as_of=at(120))
    (day,) = await traded.analytics.performance("main", "1d")
    assert [day.total_trades, day.fills, day.fees] == [0, 2, Decimal("0.75")]
    assert day.reasons["win_rate"] == day.reasons["profit_factor"] == "NO_TRADES"
    await traded.trading.record_fill(
        "main",
        fill(3, "SELL", "0.005", "50050", 121.5, strategy="scalp", fee=Decimal("0.25"),
             fee_currency="USDT"),
    )  # fmt: skip
    await traded.analytics.refresh(as_of=at(122))
    (day,) = await traded.analytics.performance("main", "1d")
    # 0.005 x (50600 - 50100) + 0.005 x (50050 - 50100) - 1 of fees.
    assert [day.total_trades, day.wins, day.losses] == [1, 1, 0]
    assert [day.gross_profit, day.avg_win, day.avg_loss] == [Decimal("1.25")] * 2 + [None]
    assert [day.win_rate, day.profit_factor] == [1.0, None]
    assert day.reasons["profit_factor"] == "NO_LOSS"
    assert day.turnover == Decimal("501") + 253 + Decimal("250.25")


async def test_parts_add_up_to_the_portfolio(traded: AsyncDatabase) -> None:
    await write_prices(traded, LINEAR, {n: 50_000 + 50 * (n % 9) for n in range(180)})
    await traded.trading.record_fills(
        "main",
        [
            fill(11, "SELL", "5", "50150", 20, of=LINEAR),
            fill(12, "BUY", "5", "50000", 45, of=LINEAR),
        ],
    )
    await traded.analytics.refresh(as_of=at(60))
    (whole,) = await traded.analytics.performance("main", "1h")
    spot = await traded.analytics.performance("main", "1h", symbol="BTC/USDT", exchange="binance")
    linear = await traded.analytics.performance(
        "main", "1h", symbol=LINEAR.symbol, exchange=LINEAR.exchange
    )
    scalp = await traded.analytics.performance("main", "1h", strategy="scalp")
    assert len(spot) == len(linear) == len(scalp) == 1
    assert [scalp[0].total_return, scalp[0].fills] == [spot[0].total_return, 1]
    assert [linear[0].total_trades, linear[0].wins, spot[0].total_trades] == [1, 1, 0]
    assert linear[0].gross_profit == Decimal("0.75")
    assert whole.fills == spot[0].fills + linear[0].fills
    # Each of some parts per thousand: their products are below 1e-5.
    assert whole.total_return == pytest.approx(
        spot[0].total_return + linear[0].total_return,  # type: ignore[operator]
        abs=1e-5,
    )
    # The bot's hour had as many minutes as the account's.
    assert linear[0].returns == whole.returns


async def test_minute_by_minute_is_at_once(traded: AsyncDatabase) -> None:
    for minute in range(1, 151):
        await traded.analytics.refresh(as_of=at(minute))
    bit_by_bit = await all_rows(traded, "main")
    await traded.analytics.recompute()
    assert await all_rows(traded, "main") == bit_by_bit
    assert {one.revision for one in await traded.analytics.performance("main", "1h")} == {0}


async def test_weeks_are_reckoned_in_pieces_and_come_out_once(traded: AsyncDatabase) -> None:
    """A window that the end of a piece of a week cuts is stored neither half nor twice."""
    weeks = at(20 * 1_440 + 700)
    done = await traded.analytics.refresh(["main"], as_of=weeks)
    rows = await all_rows(traded, "main")
    assert done.rows == len(rows)
    again = await traded.analytics.recompute(["main"], as_of=weeks)
    assert [again.rows, await all_rows(traded, "main")] == [len(rows), rows]
    for period in ("1h", "1d", "1w", "1M", "all"):
        held = await traded.analytics.performance("main", period)
        assert {one.revision for one in held} == {0}, period


async def test_a_late_fill_is_taken_in_and_flagged(traded: AsyncDatabase) -> None:
    await traded.analytics.refresh(as_of=at(150))
    before = await traded.analytics.performance("main", "1h")
    await traded.trading.record_fills(
        "main",
        [
            fill(21, "BUY", "0.1", "50000", 100, of=LINEAR),
            fill(22, "SELL", "0.1", "50100", 101, of=LINEAR),
        ],
    )
    done = await traded.analytics.refresh(as_of=at(150))
    after = await traded.analytics.performance("main", "1h")
    assert done.recomputed == 1
    # What it made is capital of the hour after it.
    assert [one.revision for one in after] == [0, 1, 1]
    assert [one.fills for one in after] == [1, 3, 0]
    assert before[0] == after[0] or before[0].computed_at < after[0].computed_at
    again = await traded.analytics.refresh(as_of=at(150))
    assert [again.rows, again.recomputed] == [0, 0]


async def test_a_late_price_is_taken_in_and_flagged(db: AsyncDatabase) -> None:
    await market(db)
    await write_prices(db, SPOT, {0: 50_000, 10: 51_000})
    await funded(db)
    await db.trading.record_fill("main", fill(1, "BUY", "0.01", "50000", 2))
    await db.analytics.refresh(as_of=at(30))
    (before,) = await db.analytics.performance("main", "1h")
    assert before.max_drawdown == 0
    await write_prices(db, SPOT, {20: 50_000})
    # A price of what nobody holds changes nothing.
    await write_prices(db, LINEAR, {20: 50_000})
    done = await db.analytics.refresh(as_of=at(30))
    (after,) = await db.analytics.performance("main", "1h")
    assert [done.recomputed, after.revision] == [1, 1]
    assert after.max_drawdown == pytest.approx(10 / 1_010)
    assert after.total_return == pytest.approx(0)


async def test_taking_back_a_batch_of_prices_is_late_too(db: AsyncDatabase) -> None:
    await market(db)
    await write_prices(db, SPOT, {0: 50_000})
    await write_prices(db, SPOT, {10: 51_000})
    await funded(db)
    await db.trading.record_fill("main", fill(1, "BUY", "0.01", "50000", 2))
    await db.analytics.refresh(as_of=at(30))
    (before,) = await db.analytics.performance("main", "1h")
    batches = await db.market.batches()
    await db.market.undo_batch(max(one.batch_id for one in batches))
    await db.analytics.refresh(as_of=at(30))
    (after,) = await db.analytics.performance("main", "1h")
    assert before.total_return == pytest.approx(0.01)
    assert [after.total_return, after.revision] == [pytest.approx(0), 1]


async def test_a_missing_price_is_a_gap_and_never_a_zero(db: AsyncDatabase) -> None:
    await market(db)
    await funded(db)
    await db.trading.record_fill("main", fill(1, "BUY", "0.01", "50000", 2))
    await db.analytics.refresh(as_of=at(20))
    (found,) = await db.analytics.performance("main", "1h")
    assert [found.returns, found.gaps] == [0, 19]
    assert found.total_return is None
    assert found.reasons["total_return"] == "PRICES_LACKING"
    assert found.lacking == {"BTCUSDT on binance": {"moments": 19, "last": at(20).isoformat()}}
    await write_prices(db, SPOT, {15: 60_000})
    await db.analytics.refresh(as_of=at(20))
    (found,) = await db.analytics.performance("main", "1h")
    # The wealth is that over the gap; returns of one bucket are before it and after it.
    assert [found.returns, found.gaps, found.revision] == [4, 15, 1]
    assert found.total_return == pytest.approx(0.1)


async def test_without_capital_and_without_anything(db: AsyncDatabase) -> None:
    await market(db)
    await db.trading.create_portfolio("idle", "USDT")
    await db.trading.create_portfolio("bare", "USDT")
    await write_prices(db, LINEAR, dict.fromkeys(range(60), 50000))
    await db.trading.record_fill("bare", fill(1, "BUY", "1", "50000", 2, of=LINEAR))
    done = await db.analytics.refresh(as_of=at(30))
    assert done.portfolios == 2
    assert await db.analytics.performance("idle", "1h") == []
    (bare,) = await db.analytics.performance("bare", "1h")
    assert bare.total_return is None
    assert bare.reasons["total_return"] == bare.reasons["sharpe_ratio"] == "NO_CAPITAL"


async def test_constant_prices_have_no_volatility(db: AsyncDatabase) -> None:
    await market(db)
    await write_prices(db, SPOT, dict.fromkeys(range(60), 50000))
    await funded(db)
    await db.trading.record_fill("main", fill(1, "BUY", "0.01", "50000", 2))
    await db.analytics.refresh(as_of=at(60))
    (found,) = await db.analytics.performance("main", "1h")
    assert [found.total_return, found.max_drawdown, found.volatility] == [0, 0, 0]
    assert found.reasons["sharpe_ratio"] == "ZERO_VOLATILITY"
    assert found.reasons["calmar_ratio"] == "NO_DRAWDOWN"


async def test_slippage_is_against_the_quote_at_the_decision(db: AsyncDatabase) -> None:
    await market(db)
    await write_prices(db, SPOT, dict.fromkeys(range(30), 50000))
    await db.capture.write_quotes(
        table([
            quote(4 * MINUTE_US, 1, bid_price="49990", ask_price="50010"),
            quote(5 * MINUTE_US, 2, bid_price="50090", ask_price="50110"),
        ])
    )  # fmt: skip
    await funded(db)
    for number, decided, order, side, price in (
        (1, 4.5, "a", "BUY", "50020"),  # 10 above the ask of its decision
        (2, 5.5, "b", "SELL", "50070"),  # 20 below the bid
        (3, 9.0, "c", "BUY", "50000"),  # no quote for three minutes
    ):
        await db.trading.place_order(
            "main", "BTCUSDT", "binance", side, Decimal("0.01"),  # type: ignore[arg-type]
            client_order_id=order, decided_at=at(decided),
        )  # fmt: skip
        await db.trading.record_fill(
            "main", fill(number, side, "0.01", price, 10 + number, client_order_id=order)
        )
    await db.trading.record_fill("main", fill(4, "BUY", "0.001", "50000", 15))
    await db.analytics.refresh(as_of=at(20))
    (found,) = await db.analytics.performance("main", "1h")
    assert [found.slippage, found.slippage_fills, found.fills] == [Decimal("0.3"), 2, 4]
    assert found.slippage_bps == pytest.approx(0.3 / (500.2 + 500.7) * 10_000)
    # A quote that comes afterwards changes nothing.
    await db.capture.write_quotes(
        table([quote(8 * MINUTE_US + MINUTE_US // 2, 3, bid_price="1", ask_price="2")])
    )
    await db.analytics.recompute()
    (again,) = await db.analytics.performance("main", "1h")
    assert [again.slippage, again.slippage_fills] == [Decimal("0.3"), 2]


async def test_portfolios_side_by_side(traded: AsyncDatabase) -> None:
    await funded(traded, "still", "500")
    await traded.analytics.refresh(as_of=at(60))
    found = await traded.analytics.compare(period="1h")
    assert sorted(one.portfolio for one in found) == ["main", "still"]
    returns = [one.total_return for one in found]
    assert returns == sorted(returns, reverse=True)  # type: ignore[type-var]
    by_symbol = await traded.analytics.compare(["main"], "1h", by="symbol")
    assert [(one.symbol, one.exchange) for one in by_symbol] == [("BTCUSDT", "binance")]
    later = await traded.analytics.compare(["main"], "1h", at=at(-1))
    assert later == []


async def test_what_cannot_be_asked(traded: AsyncDatabase) -> None:
    ahead = datetime.now(UTC) + timedelta(days=1)
    with pytest.raises(InputError, match="is not over yet"):
        await traded.analytics.refresh(as_of=ahead)
    with pytest.raises(NotFound, match="no portfolio 'unheard'"):
        await traded.analytics.refresh(["unheard"])
    with pytest.raises(NotFound, match="no portfolio 'unheard'"):
        await traded.analytics.performance("unheard")
    with pytest.raises(NotFound, match="no strategy 'unheard'"):
        await traded.analytics.performance("main", strategy="unheard")
    with pytest.raises(InputError, match="no period '2h'"):
        await traded.analytics.performance("main", "2h")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one of the two"):
        await traded.analytics.performance("main", strategy="scalp", symbol="BTCUSDT")


async def test_a_deposit_before_everything_begins_anew(traded: AsyncDatabase) -> None:
    await traded.analytics.refresh(as_of=at(150))
    await traded.trading.deposit(
        "main", "USDT", Decimal(1_000), reference="older", timestamp=at(-130)
    )
    done = await traded.analytics.refresh(as_of=at(150))
    assert done.recomputed == 1
    hours = await traded.analytics.performance("main", "1h")
    assert [one.timestamp for one in hours[:2]] == [at(-180), at(-120)]
    assert hours[0].started_at == at(-131)
    stored = await all_rows(traded, "main")
    await traded.analytics.recompute()
    assert await all_rows(traded, "main") == stored


async def test_refreshes_at_once_wait_for_each_other(traded: AsyncDatabase) -> None:
    done = await asyncio.gather(
        *(traded.analytics.refresh(as_of=at(minute)) for minute in (150, 30, 90, 60, 120))
    )
    assert sum(one.rows for one in done) > 0
    stored = await all_rows(traded, "main")
    assert max(row["through"] for row in stored) == at(150)
    await traded.analytics.recompute()
    assert await all_rows(traded, "main") == stored


async def test_a_fill_that_is_committed_late_is_late(
    traded: AsyncDatabase, database: Place
) -> None:
    with psycopg.connect(database.dsn) as bot:
        bot.execute(
            "SELECT record_fill('main', 'BTCUSDT', 'binance', '77', %s, 'BUY', 0.001, 50000)",
            (at(100),),
        )
        await traded.analytics.refresh(as_of=at(150))
        before = await traded.analytics.performance("main", "1h")
        bot.commit()
    done = await traded.analytics.refresh(as_of=at(150))
    after = await traded.analytics.performance("main", "1h")
    assert done.recomputed == 1
    assert [one.fills for one in before] == [1, 1, 0]
    assert [one.fills for one in after] == [1, 2, 0]


async def test_the_job_refreshes_all(db: AsyncDatabase) -> None:
    await db.trading.create_portfolio("main", "USDT")
    began = datetime.now(UTC) - timedelta(hours=3)
    await db.trading.deposit("main", "USDT", Decimal(5), reference="first", timestamp=began)
    run = await db.jobs.run("refresh_performance")
    assert run.state == "SUCCEEDED"
    hours = await db.analytics.performance("main", "1h")
    assert {one.total_return for one in hours} == {0}
    assert hours[-1].through > datetime.now(UTC) - timedelta(minutes=3)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE performance_analytics SET total_return = 1",
        "DELETE FROM performance_analytics",
        "TRUNCATE performance_analytics",
        "UPDATE fill_slippage SET slippage = 0",
        "DELETE FROM performance_changes",
        (
            "INSERT INTO performance_progress (portfolio_id, step, began, through, holding)"
            " VALUES (1, '1m', now(), now(), '{}')"
        ),
    ],
)
def test_nobody_writes_past_the_functions(database: Place, statement: Any) -> None:
    with psycopg.connect(database.dsn) as login, pytest.raises(psycopg.Error) as refused:
        login.execute(statement)
    assert refused.value.sqlstate == "42501"
    with psycopg.connect(database.admin_dsn) as admin, pytest.raises(psycopg.Error) as refused:
        admin.execute(statement)
    assert refused.value.sqlstate == "CS001"
