"""The price at a moment: what counts, and when it is known for sure."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, Continuity
from tests.capture.storing import candle, chunk_of, store
from tests.faces import at, quote, table, trade
from tests.postgres import Place
from tests.registry.resolving import SECOND, Made, fetched, model, observed, outcomes, predict
from tests.tiers.market import cool, fill

MINUTE = 60 * SECOND


async def trades(db: AsyncDatabase, *rows: dict[str, Any]) -> None:
    await db.capture.write_trades(table(rows), continuity=Continuity.CONSECUTIVE_IDS)


async def three(db: AsyncDatabase) -> None:
    """Trades at 0, 10 and 20 s; two share the second of the middle one."""
    await trades(
        db,
        trade(0, 1, price="100"),
        trade(10 * SECOND, 2, price="101"),
        trade(10 * SECOND, 3, price="102"),
        trade(20 * SECOND, 4, price="103"),
    )


async def test_the_last_trade_at_or_before(db: AsyncDatabase, database: Place) -> None:
    await three(db)
    for after, price, seen in (
        (0, "100", 0),
        (10 * SECOND - 1, "100", 0),
        (10 * SECOND, "102", 10 * SECOND),
        (20 * SECOND - 1, "102", 10 * SECOND),
    ):
        found = observed(database, at(after))
        assert found == ("KNOWN", Decimal(price), at(seen), None), after


async def test_a_moment_is_known_when_something_later_has_come(
    db: AsyncDatabase, database: Place
) -> None:
    await three(db)
    assert observed(database, at(20 * SECOND))[0] == "WAITING"
    assert (
        "not received up to 2024-08-08T12:00:20.000001Z" in observed(database, at(20 * SECOND))[3]
    )
    # One more of the same moment came late: it is the price of that moment.
    await trades(db, trade(20 * SECOND, 5, price="104"), trade(21 * SECOND, 6, price="105"))
    assert observed(database, at(20 * SECOND))[:2] == ("KNOWN", Decimal(104))


async def test_before_the_first_and_without_an_instrument(
    db: AsyncDatabase, database: Place
) -> None:
    assert observed(database, at(0))[0] == "WAITING"
    await three(db)
    assert observed(database, at(-1))[0] == "GAP"
    assert observed(database, at(0), "MID")[0] == "WAITING"


async def test_a_missing_id_is_a_gap_until_it_comes(db: AsyncDatabase, database: Place) -> None:
    await trades(db, trade(0, 1), trade(SECOND, 2), trade(9 * SECOND, 4), trade(10 * SECOND, 5))
    assert observed(database, at(SECOND // 2))[0] == "KNOWN"
    state, price, seen, detail = observed(database, at(5 * SECOND))
    assert (state, price, seen) == ("GAP", None, None)
    assert "from 2024-08-08T12:00:01.000000Z to 2024-08-08T12:00:05.000001Z" in detail
    assert observed(database, at(9 * SECOND))[0] == "KNOWN"
    await trades(db, trade(3 * SECOND, 3, price="7"))
    assert observed(database, at(5 * SECOND))[:2] == ("KNOWN", Decimal(7))


async def test_a_quarantined_trade_is_a_gap(db: AsyncDatabase, database: Place) -> None:
    await three(db)
    await db.capture.write_trades(table([trade(15 * SECOND, 9, price="-1")]))
    assert observed(database, at(14 * SECOND))[0] == "KNOWN"
    assert observed(database, at(15 * SECOND))[0] == "GAP"
    assert observed(database, at(16 * SECOND))[0] == "GAP"
    # One of the very moment of the last trade may have been the price there.
    await db.capture.write_trades(table([trade(10 * SECOND, 8, price="-1")]))
    assert observed(database, at(12 * SECOND))[0] == "GAP"


async def test_older_than_reach_is_stale(db: AsyncDatabase, database: Place) -> None:
    await three(db)
    ten = timedelta(seconds=9)
    assert observed(database, at(9 * SECOND), reach=ten)[0] == "KNOWN"
    state, price, _, detail = observed(database, at(9 * SECOND + 1), reach=ten)
    assert (state, price) == ("STALE", None)
    assert "no trade of BTCUSDT on binance within 00:00:09" in detail


async def test_half_way_between_bid_and_ask(db: AsyncDatabase, database: Place) -> None:
    rows = [
        quote(0, 1, bid_price="0.000000000000000001", ask_price="0.000000000000000002"),
        quote(SECOND, 2, bid_price="100", ask_price="101"),
        quote(2 * SECOND, 3),
        # Another source's quotes are not looked at.
        quote(SECOND, 4, source="depth", bid_price="1"),
    ]
    await db.capture.write_quotes(table(rows), continuity=Continuity.SESSION)
    assert observed(database, at(0), "MID")[:2] == ("KNOWN", Decimal("1.5e-18"))
    assert observed(database, at(SECOND), "MID")[:3] == ("KNOWN", Decimal("100.5"), at(SECOND))
    assert observed(database, at(2 * SECOND), "MID")[0] == "WAITING"


async def test_the_close_of_the_last_candle_that_had_ended(
    db: AsyncDatabase, database: Place
) -> None:
    await trades(
        db,
        trade(0, 1, price="100"),
        trade(MINUTE - 1, 2, price="101"),
        trade(MINUTE, 3, price="102"),
        trade(2 * MINUTE + 5, 4, price="103"),
    )
    for after, close in ((MINUTE, "101"), (2 * MINUTE - 1, "101"), (2 * MINUTE, "102")):
        found = observed(database, at(after), "CANDLE_CLOSE", "1m")
        assert found[:2] == ("KNOWN", Decimal(close)), after
    # The candle that ends at 3 min has not ended in what was received.
    assert observed(database, at(3 * MINUTE), "CANDLE_CLOSE", "1m")[0] == "WAITING"
    assert observed(database, at(2 * MINUTE + 5), "CANDLE_CLOSE", "1m")[0] == "KNOWN"


async def test_an_imported_candle_tells_where_ticks_do_not(
    db: AsyncDatabase, database: Place
) -> None:
    await trades(db, trade(0, 1, price="100"), trade(MINUTE, 2, price="102"))
    await store(
        db,
        chunk_of(
            [candle(n, exchange="binance", close=f"{n}.25") for n in (0, 1)]
            + [candle(10, exchange="binance", interval="5m", close="9.5")],
            [],
            [],
        ),
    )
    # The ticks tell of the first minute, not of the second.
    assert observed(database, at(MINUTE), "CANDLE_CLOSE", "1m")[1] == Decimal(100)
    second = observed(database, at(2 * MINUTE), "CANDLE_CLOSE", "1m")
    assert second[:3] == ("KNOWN", Decimal("1.25"), at(2 * MINUTE))
    assert observed(database, at(3 * MINUTE), "CANDLE_CLOSE", "1m")[0] == "WAITING"
    assert observed(database, at(14 * MINUTE), "CANDLE_CLOSE", "5m")[0] == "WAITING"
    assert observed(database, at(15 * MINUTE), "CANDLE_CLOSE", "5m")[1] == Decimal("9.5")


async def test_removed_ticks_are_a_gap(db: AsyncDatabase, database: Place) -> None:
    await db.capture.write_quotes(
        table([quote(n * SECOND, n) for n in (0, 1, 2, 3)]), continuity=Continuity.SESSION
    )
    await db.capture.write_quotes(
        table([quote(3 * SECOND + n, 4 + n, bid_price="99") for n in (1, 2)]),
        continuity=Continuity.SESSION,
    )
    await db.market.undo_batch((await db.market.batches(1))[0].batch_id)
    assert observed(database, at(2 * SECOND), "MID")[0] == "KNOWN"
    assert observed(database, at(3 * SECOND + 2), "MID")[0] in ("WAITING", "GAP")


async def test_cold_days_wait_and_are_named(
    db: AsyncDatabase, database: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRYPTOSCALP_ADMIN_URL", database.admin_dsn)
    await fill(db)
    number = model(database, "cold", reach=timedelta(hours=12))
    predict(database, number, [Made(0, 3600 * SECOND), Made(2 * 86_400 * SECOND, 3600 * SECOND)])
    await cool(db, database, days=1)
    found = await db.registry.resolve_predictions()
    assert (found.resolved, found.cold, found.unresolvable) == (1, 1, {})
    thaw = (
        "cryptoscalp retention thaw --table market_data --exchange binance --symbol BTCUSDT"
        " --start 2024-08-08 --end 2024-08-09"
    )
    assert found.thaw == (thaw,)
    await db.retention.thaw("market_data", "binance", "BTCUSDT", at(0).date(), at(0).date())
    found = await db.registry.resolve_predictions()
    assert (found.resolved, found.cold) == (1, 0)
    assert {one[0] for one in outcomes(database, number).values()} == {"RESOLVED"}


@pytest.mark.long
@pytest.mark.parametrize("price", ["LAST_TRADE", "MID"])
async def test_few_partitions_are_read_by_the_primary_key(
    db: AsyncDatabase, database: Place, price: str
) -> None:
    await db.market.ensure_partitions(at(0), at(0) + timedelta(days=40))
    await trades(db, *(trade(n * 3600 * SECOND, n) for n in range(24 * 30)))
    rows = [quote(n * 3600 * SECOND, n) for n in range(24 * 30)]
    await db.capture.write_quotes(table(rows), continuity=Continuity.SESSION)
    with psycopg.connect(database.admin_dsn, autocommit=True) as session:
        session.execute("ANALYZE")
        session.execute("LOAD 'auto_explain'")
        for name, value in (
            ("log_min_duration", "0"), ("log_nested_statements", "on"), ("log_level", "notice"),
        ):  # fmt: skip
            session.execute(f"SET auto_explain.{name} = {value}".encode())
        plans: list[str] = []
        session.add_notice_handler(lambda told: plans.append(told.message_primary or ""))
        session.execute(
            "SELECT * FROM observed_at('BTCUSDT', 'binance', %s, %s::target_price, NULL, %s)",
            (at(10 * 86_400 * SECOND), price, timedelta(hours=2)),
        )
    parent = "market_data" if price == "LAST_TRADE" else "order_book_l1"
    (plan,) = [one for one in plans if f"FROM {parent}" in one]
    tree = plan[plan.index("Limit") :]
    assert f"Index Scan Backward using {parent}_20240818_pkey" in tree
    assert tree.count("Scan") == 1
    assert "Sort" not in tree


async def test_anybody_may_ask_and_nobody_may_write(db: AsyncDatabase, database: Place) -> None:
    await three(db)
    number = model(database)
    predict(database, number, [Made(0)])
    with psycopg.connect(database.dsn, autocommit=True) as session:
        for statement in (
            "UPDATE model_performance SET actual = 1",
            "DELETE FROM model_performance_revisions",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement.encode())
        session.execute("SELECT * FROM resolve_predictions(10)")
    assert [one[0] for one in outcomes(database, number).values()] == ["RESOLVED"]
    with psycopg.connect(database.admin_dsn, autocommit=True) as session:
        for role in ("", "SET ROLE cryptoscalp_owner"):
            session.execute((role or "RESET ROLE").encode())
            with pytest.raises(psycopg.Error, match="set once"):
                session.execute("UPDATE model_performance SET actual = 5")
    with psycopg.connect(database.dsn, autocommit=True) as session:
        (count,) = (
            session.execute("SELECT count(*) FROM model_performance_summary").fetchone() or ()
        )
    assert count == 0
    assert fetched(database, "SELECT count(*) FROM model_performance_revisions") == [(0,)]
