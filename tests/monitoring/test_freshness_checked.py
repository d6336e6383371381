"""The doctor looks at the age of data, at coverage, and at logs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from cryptoscalp import AsyncDatabase, Fill
from tests.monitoring.asking import one, store
from tests.monitoring.conftest import Breaking


async def test_data_that_has_stopped(db: AsyncDatabase) -> None:
    assert (await one(db, "data-age")).status == "SKIP"
    await store(db, datetime.now(UTC) - timedelta(minutes=1))
    assert (await one(db, "data-age")).status == "OK"


async def test_data_that_is_old(db: AsyncDatabase) -> None:
    await store(db, datetime.now(UTC) - timedelta(minutes=30))
    found = await one(db, "data-age")
    assert found.status == "WARN"
    assert "the newest trade of binance is 0:3" in found.found


async def test_history_is_not_expected_to_go_on(db: AsyncDatabase) -> None:
    await store(db, datetime.now(UTC) - timedelta(days=400))
    found = await one(db, "data-age")
    assert found.status == "OK"
    assert "no data of the last two days" in found.found


async def test_many_gaps(db: AsyncDatabase, breaking: Breaking) -> None:
    assert (await one(db, "coverage")).status == "OK"
    breaking(
        "SET session_replication_role = replica",  # its rows follow from ticks otherwise
        "INSERT INTO coverage (exchange, symbol, stream, kind, start_time, end_time, cause)"
        " SELECT 'binance', 'BTCUSDT', 'trade', 'GAP', now(), now(), 'silent'"
        " FROM generate_series(1, 100)",
    )
    found = await one(db, "coverage")
    assert (found.status, "100 silent" in found.found) == ("WARN", True)


async def test_errors_and_drops(db: AsyncDatabase) -> None:
    assert (await one(db, "logs")).status == "OK"
    for _ in range(9):
        await db.logs.record("ERROR", "x", "broken")
    assert (await one(db, "logs")).status == "OK"
    await db.logs.record("CRITICAL", "bot", "it is on fire")
    found = await one(db, "logs")
    assert found.status == "WARN"
    assert "1 critical records and 9 errors in an hour: bot: it is on fire" in found.found
    await db.logs.record("WARNING", "cryptoscalp.logs", "dropped", {"dropped": 12})
    assert any("12 log records" in problem.found for problem in (await one(db, "logs")).problems)


async def test_what_was_never_reckoned(db: AsyncDatabase) -> None:
    assert (await one(db, "reckoned-age")).status == "SKIP"


async def test_what_was_reckoned_of_long_ago_is_as_old_as_the_reckoning(
    db: AsyncDatabase,
) -> None:
    began = datetime.now(UTC) - timedelta(days=3)
    await db.trading.create_portfolio("main", "USDT")
    await db.trading.deposit("main", "USDT", Decimal(100), reference="a", timestamp=began)
    await db.risk.record("main", began + timedelta(days=1), estimators=["HISTORICAL"])
    await db.analytics.refresh(["main"])
    held = (await db.monitoring.ages()).reckoned
    assert held["stress_test_results"] is None
    for table in ("risk_metrics", "performance_analytics"):
        age = held[table]
        assert age is not None
        assert 0 <= age < 120, table


async def test_fresh_risk_of_one_portfolio_does_not_hide_that_of_another(
    db: AsyncDatabase,
) -> None:
    now = datetime.now(UTC)
    await db.market.add_instrument("BTCUSDT", "binance", base="BTC", quote="USDT")
    for name in ("flat", "long", "idle"):
        await db.trading.create_portfolio(name, "USDT")
        await db.trading.deposit(
            name, "USDT", Decimal(100), reference=name, timestamp=now - timedelta(days=3)
        )
    bought = Fill("BTCUSDT", "binance", "1", now, "BUY", Decimal(1), Decimal(50))

    async def age() -> float:
        found = (await db.monitoring.ages()).reckoned["risk_metrics"]
        assert found is not None
        return found

    await db.risk.record("long", estimators=["HISTORICAL"])
    await asyncio.sleep(1.5)
    await db.risk.record("flat", estimators=["HISTORICAL"])
    newest = await age()
    await db.trading.record_fill("long", bought)
    assert await age() >= newest + 1.5


async def test_limits_that_are_broken_and_trading_that_is_halted(db: AsyncDatabase) -> None:
    await db.trading.create_portfolio("main", "USDT")
    assert (await one(db, "limits")).status == "SKIP"
    await db.risk.set_limit("STALE_DATA", portfolio="main", high=Decimal(60))
    assert (await one(db, "limits")).status == "OK"
    await db.risk.set_limit("VAR", portfolio="main", critical=Decimal(1))
    await db.risk.check_limits("main")
    found = await one(db, "limits")
    assert found.status == "WARN"
    assert "VAR of main is not known to keep to its limit (unknown: no risk figures" in found.found
    await db.trading.deposit("main", "USDT", Decimal(100), reference="a")
    await db.risk.record("main", estimators=["HISTORICAL"])
    await db.risk.check_limits("main")
    assert (await one(db, "limits")).found == "VAR of main is within its limit again (clearing)"
    (breach,) = await db.risk.breaches("main")
    assert [breach.state, breach.reason] == ["CLEARING", None]
    await db.risk.halt("main", reason="venue is down")
    found = await one(db, "limits")
    assert found.status == "FAIL"
    assert found.found == "trading is halted in main: venue is down (and 1 more)"
    samples = {one.name: dict(one.samples) for one in (await db.monitoring.metrics()).metrics}
    assert samples["cryptoscalp_portfolios_halted"] == {(): 1}
    assert samples["cryptoscalp_trading_halted"] == {(): 0}
    assert samples["cryptoscalp_risk_breaches_open"] == {("clearing",): 1}
