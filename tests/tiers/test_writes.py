"""Writes to days that lie in the cold tier: late events, imports again, undo, foreign sessions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, IntegrityRefused, NotFound
from cryptoscalp.infra.server import EmbeddedServer
from tests.capture import brute, rows
from tests.capture.storing import chunk_of, mark, store
from tests.faces import at, open_face, quote, table, trade
from tests.postgres import Place, new_database
from tests.retention.days import age, ledger
from tests.tiers.market import DAY, DAY_US, END, START, TABLES, cool, fill, reads, same, trades

_STATES = "SELECT table_name, day, symbol, state::text FROM cold_parts ORDER BY 1, 2, 3"


@pytest.mark.long
async def test_late_events_bring_their_parts_back(db: AsyncDatabase, database: Place) -> None:
    await fill(db)
    await cool(db, database)
    late = [trade(17, 900_001), trade(DAY_US + 17, 900_002), trade(18, 900_003, feed="agg_trade")]
    account = await db.capture.write_trades(table([*late, *trades(1)[:5]]))
    assert (account.total.stored, account.total.duplicate) == (3, 5)
    await db.capture.write_quotes(table([quote(19, 900_004)]))
    await store(db, chunk_of(marks=[mark(1, exchange="binance")]))
    found = {row[:3]: row[3] for row in brute.fetch(database.dsn, _STATES)}
    for name, day, symbol, state in (
        ("market_data", 0, "BTCUSDT", "THAWED"), ("market_data", 1, "BTCUSDT", "THAWED"),
        ("market_data", 0, "ETHUSDT", "COLD"), ("order_book_l1", 0, "BTCUSDT", "THAWED"),
        ("order_book_l1", 1, "BTCUSDT", "COLD"), ("mark_prices", 0, "BTCUSDT", "THAWED"),
        ("funding_rates", 0, "BTCUSDT", "COLD"),
    ):  # fmt: skip
        assert found[name, DAY + timedelta(days=day), symbol] == state
    expected = await reads(db)
    shown = await db.market.trades("BTCUSDT", START, END)
    assert {900_001, 900_002} <= set(shown["sequence"].to_pylist())
    # They move again, with what was added.
    age(database)
    await db.retention.run()
    assert {row[3] for row in ledger(database)} == {"COLD"}
    same(await reads(db), expected)
    for name in TABLES:
        for symbol in ("BTCUSDT", "ETHUSDT"):
            await db.retention.thaw(name, "binance", symbol, DAY, DAY + timedelta(days=1))
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_a_twin_across_midnight_is_found_in_the_cold_tier(
    db: AsyncDatabase, database: Place
) -> None:
    await db.capture.write_trades(table([trade(DAY_US // 2 - 500_000, 7)]))
    await cool_all(db, database)
    account = await db.capture.write_trades(table([trade(DAY_US // 2 + 500_000, 7)]))
    assert (account.total.stored, account.total.duplicate) == (0, 1)


async def cool_all(db: AsyncDatabase, database: Place) -> None:
    age(database)
    assert not [one for one in (await db.retention.run()).done if one.outcome == "failed"]


@pytest.mark.parametrize("ids", [True, False])
async def test_an_import_again_stores_nothing(
    db: AsyncDatabase, database: Place, tmp_path: Path, ids: bool
) -> None:
    made = rows.trades(3, 200, every_us=40_000_000)
    file = rows.file(tmp_path / "trades.csv", made)
    if ids:
        text = rows.text(made, "timestamp,price,size,side,trade_id").splitlines()
        numbered = (f"{line},{n}" for n, line in enumerate(text[1:], start=1))
        file = tmp_path / "numbered.csv"
        file.write_text("\n".join([text[0], *numbered]) + "\n")

    async def run(check: bool = False) -> Any:
        report = await db.capture.import_files(
            file, exchange="binance", symbol="BTCUSDT", unit="us", check=check
        )
        return report.account.total

    assert (await run()).stored == 200
    before = await db.market.trades("BTCUSDT", START, END, exact=True)
    await cool_all(db, database)
    for check in (True, False):
        again = await run(check)
        assert (again.stored, again.duplicate) == (0, 200)
        await cool_all(db, database)
    assert (await db.market.trades("BTCUSDT", START, END, exact=True)).equals(before)


async def test_foreign_rows_of_a_cold_day_are_refused(db: AsyncDatabase, database: Place) -> None:
    await fill(db)
    await cool(db, database, days=1)
    insert = (
        "INSERT INTO market_data (timestamp, symbol, exchange, price, volume, feed, sequence)"
        " VALUES (%s, %s, 'binance', 1, 1, 'trade', 77)"
    )
    await db.market.ensure_partitions(at(0), at(1))
    with psycopg.connect(database.dsn, autocommit=True) as foreign:
        with pytest.raises(psycopg.Error, match="retention thaw --table market_data") as caught:
            foreign.execute(insert, (at(1), "BTCUSDT"))
        assert caught.value.sqlstate == "CS003"
        # Another instrument's day is not cold, a younger day of this one neither.
        foreign.execute(insert, (at(1), "SOLUSDT"))
        foreign.execute(insert, (at(DAY_US), "BTCUSDT"))
        foreign.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(psycopg.Error, match="READ COMMITTED") as caught:
            foreign.execute(insert, (at(1), "XRPUSDT"))
        assert caught.value.sqlstate == "25001"
        foreign.execute("ROLLBACK")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            foreign.execute("SELECT finish_thaw('market_data', '2024-08-08', 'a', 'b', 1)")
        # The switch alone is not enough.
        foreign.execute("SET cryptoscalp.thawing = 'on'")
        with pytest.raises(psycopg.Error, match="cold tier"):
            foreign.execute(insert, (at(1), "BTCUSDT"))


@pytest.mark.long
async def test_undo_of_cold_days_is_what_it_is_of_hot_ones(
    db: AsyncDatabase,
    mode: str,
    server: EmbeddedServer,
    template: Place,
    database: Place,
) -> None:
    with new_database(server, template.name) as other:
        async with await open_face(mode, other.dsn) as never_cold:
            batches = await fill(never_cold)
            assert await fill(db) == batches
            await cool(db, database)
            for which in (0, 3, 4, 6):
                await cool_all(db, database)
                expected = await never_cold.market.undo_batch(batches[which])
                assert await db.market.undo_batch(batches[which]) == expected
                same(await reads(db, "all"), await reads(never_cold, "all"))
                for call in _LEDGERS:
                    assert await answer(call, db) == await answer(call, never_cold)


async def answer(call: Callable[[AsyncDatabase], Any], db: AsyncDatabase) -> Any:
    try:
        return await call(db)
    except NotFound as error:
        return str(error)


_LEDGERS: tuple[Callable[[AsyncDatabase], Any], ...] = (
    lambda db: db.market.coverage(),
    lambda db: db.market.gaps(),
    lambda db: db.market.latest("BTCUSDT"),
    lambda db: db.market.last_trade("BTCUSDT"),
    lambda db: db.market.last_trade("ETHUSDT"),
)


async def test_the_newest_rows_are_found_in_the_cold_tier(
    db: AsyncDatabase, database: Place
) -> None:
    """The newest batch goes; what comes before it lies in the cold tier, days back."""
    for n in range(3):
        await db.capture.write_trades(table([trade(n * DAY_US, n), trade(n * DAY_US + 1, 100 + n)]))
        await db.capture.write_quotes(table([quote(n * DAY_US, n)]))
    newest = await db.market.batches(2)
    await cool_all(db, database)
    assert (await db.market.last_trade("BTCUSDT")).sequence == 102
    for batch in newest:
        await db.market.undo_batch(batch.batch_id)
    assert (await db.market.last_trade("BTCUSDT")).sequence == 101
    assert (await db.market.latest("BTCUSDT")).sequence == 1
    # What was not looked at stays where it is.
    assert [row[3] for row in ledger(database)][:1] == ["COLD"]


async def test_a_canonical_feed_changes_over_hot_trades_only(
    db: AsyncDatabase, database: Place
) -> None:
    await fill(db)
    await cool(db, database)
    await db.market.set_instrument("BTCUSDT", quote_source="depth")
    with pytest.raises(IntegrityRefused, match="retention thaw --table market_data") as caught:
        await db.market.set_instrument("BTCUSDT", canonical_feed="agg_trade")
    assert f"--start {DAY} --end {DAY + timedelta(days=2)}" in str(caught.value)
    await db.retention.thaw("market_data", "binance", "BTCUSDT", DAY, DAY + timedelta(days=1))
    changed = await db.market.set_instrument("BTCUSDT", canonical_feed="agg_trade")
    assert (changed.canonical_feed, changed.quote_source) == ("agg_trade", "depth")
