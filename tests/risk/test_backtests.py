"""Recorded VaR against the P&L that followed: of the same positions, horizons apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, InputError, NotFound
from cryptoscalp.risk.coverage_tests import coverage_test
from tests.postgres import Place
from tests.risk.held import AT, HOUR, bars, bought, closes, market, portfolio, positions, put
from tests.trading.books import CROSS, INVERSE, LINEAR, SPOT

#: Rows are recorded every half hour of a day.
HALF = HOUR / 2
START = AT - 24 * HOUR
METHOD: dict[str, Any] = {"lookback": timedelta(hours=150), "confidence": 0.75}


@pytest.fixture
async def recorded(db: AsyncDatabase) -> AsyncDatabase:
    """Four positions whose VaR was recorded, as of then, while the candles came in."""
    await market(db)
    await portfolio(db)
    await positions(db)
    for n in range(49):
        await db.risk.record(
            "main", START + n * HALF, estimators=["HISTORICAL"],
            scopes=["PORTFOLIO", "SYMBOL"],
            **METHOD,
        )  # fmt: skip
    return db


async def test_each_row_meets_what_its_positions_came_to(recorded: AsyncDatabase) -> None:
    found = await recorded.risk.backtest("main", START, AT, **METHOD)
    # Of 48 rows each second one; that of AT - 1 h is the last whose horizon is over by AT.
    assert [one.at for one in found.compared] == [START + n * HOUR for n in range(24)]
    assert (found.skipped, found.result.observations) == (0, 24)
    rows = {one.timestamp: one for one in await recorded.risk.history("main")}
    for one in found.compared:
        before = await recorded.trading.value("main", one.at)
        after = await recorded.trading.value("main", one.at + HOUR)
        # Nothing was traded: the hypothetical P&L is the portfolio's.
        assert one.pnl == pytest.approx(float(after.equity - before.equity), rel=1e-6, abs=1e-6)
        assert one.value_at_risk == rows[one.at].value_at_risk
        assert one.exception == (-one.pnl > float(one.value_at_risk))
    expected = coverage_test([one.exception for one in found.compared], 0.75)
    assert found.result == expected
    assert 0 < expected.exceptions < 20


async def test_trades_after_a_row_do_not_count(recorded: AsyncDatabase) -> None:
    before = await recorded.risk.backtest("main", START, AT, **METHOD)
    await recorded.trading.record_fill("main", bought(9, "SELL", "1", "40000", 230.5 * HOUR))
    assert await recorded.risk.backtest("main", START, AT, **METHOD) == before


async def test_a_part_is_tested_by_itself(recorded: AsyncDatabase) -> None:
    subject = f"{SPOT.symbol}@{SPOT.exchange}"
    found = await recorded.risk.backtest(
        "main", START, AT, scope="SYMBOL", subject=subject, **METHOD
    )
    price = closes(SPOT)
    # One coin, from the close of the candle before to that of the next.
    assert [one.pnl for one in found.compared] == pytest.approx(
        [price[216 + n] - price[215 + n] for n in range(24)], abs=1e-6
    )


async def test_an_outcome_is_kept(recorded: AsyncDatabase, database: Place) -> None:
    kept = await recorded.risk.record_backtest("main", START, AT, **METHOD)
    assert kept.backtest_id is not None
    (found,) = await recorded.risk.backtests("main")
    assert found == replace(kept, compared=())
    with psycopg.connect(database.dsn) as session:
        row = session.execute(
            "SELECT observations, exceptions, kupiec_p, pnl_kind FROM risk_backtests"
        ).fetchone()
    result = kept.result
    assert row == (result.observations, result.exceptions, result.kupiec_p, "HYPOTHETICAL")


async def test_without_a_later_price_a_row_is_skipped(db: AsyncDatabase) -> None:
    await market(db, LINEAR, INVERSE, CROSS)
    await put(db, bars(SPOT, closes(SPOT)[:230]))
    await portfolio(db)
    await db.trading.record_fill("main", bought(1, "BUY", "1", "50000", 2 * HOUR))
    for n in range(20, 0, -2):
        await db.risk.record(
            "main", AT - n * HOUR, scopes=["PORTFOLIO"], estimators=["HISTORICAL"], **METHOD
        )
    found = await db.risk.backtest("main", START, AT, **METHOD)
    assert (found.result.observations, found.skipped) == (5, 5)
    # Two hours apart: neighbours still, a longer gap is none.
    assert sum(found.result.transitions) == 4


async def test_nothing_recorded_has_a_reason(db: AsyncDatabase) -> None:
    await db.trading.create_portfolio("main", "USDT")
    found = await db.risk.backtest("main", START, AT, **METHOD)
    assert (found.result.observations, found.result.kupiec_p) == (0, None)
    assert found.result.reasons == ("there are no observations",)
    with pytest.raises(NotFound):
        await db.risk.backtest("unheard")
    with pytest.raises(InputError):
        await db.risk.backtest("main", AT, START)
    with pytest.raises(InputError, match="limit"):
        await db.risk.backtests("main", limit=0)
