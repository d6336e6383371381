"""What is stored and what runs: plans, dead rows, transactions, clocks, records, alerts, lake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.monitoring.checks import activity, clock, indexes, tables
from tests.faces import NOON, table, trade
from tests.monitoring.asking import NOW, one, store
from tests.monitoring.conftest import Breaking
from tests.postgres import Place


@pytest.mark.parametrize(
    ("check", "damage", "told"),
    [
        (
            "plan-newest-quote",
            "ALTER TABLE newest_quotes DROP CONSTRAINT newest_quotes_pkey CASCADE",
            "newest_quotes is read from end to end",
        ),
        (
            "plan-last-trade",
            "ALTER TABLE newest_trades DROP CONSTRAINT newest_trades_pkey CASCADE",
            "newest_trades is read from end to end",
        ),
        (
            "plan-trades",
            "ALTER TABLE market_data DROP CONSTRAINT market_data_pkey CASCADE",
            "market_data_20240808",
        ),
        (
            "plan-quotes",
            "ALTER TABLE order_book_l1 DROP CONSTRAINT order_book_l1_pkey CASCADE",
            "order_book_l1_20240808",
        ),
        (
            "plan-candles",
            "ALTER TABLE candles DROP CONSTRAINT candles_pkey CASCADE",
            "candles_long_202408",
        ),
    ],
)
async def test_a_hot_query_without_its_key(
    db: AsyncDatabase, breaking: Breaking, check: str, damage: str, told: str
) -> None:
    await store(db, NOON)
    assert (await one(db, check)).status == "OK"
    breaking(damage)
    found = await one(db, check)
    assert found.status == "FAIL"
    assert told in found.found
    assert "not by its key" in found.found


async def test_a_ledger_without_its_key(db: AsyncDatabase, breaking: Breaking) -> None:
    await store(db, NOON)
    assert (await one(db, "plan-ledger")).status == "SKIP"
    breaking(
        "INSERT INTO cold_parts (table_name, day, exchange, symbol, state, rows, first_timestamp,"
        " last_timestamp, content_sha256, snapshot_id, written_at) SELECT 'market_data',"
        " day, 'binance', 'S' || n, 'WRITTEN', 1, day, day, sha256('x'), 1, now()"
        " FROM generate_series('2024-01-01'::timestamptz, '2024-03-01', '1 day') AS day,"
        " generate_series(1, 100) AS n",
        "ANALYZE cold_parts",
    )
    assert (await one(db, "plan-ledger")).status == "OK"
    breaking("ALTER TABLE cold_parts DROP CONSTRAINT cold_parts_pkey CASCADE")
    found = await one(db, "plan-ledger")
    assert found.status == "FAIL"
    assert "not by its key" in found.found


async def test_a_large_table_is_judged_as_it_is_planned(
    db: AsyncDatabase, breaking: Breaking
) -> None:
    rows = [trade(n * 1_000, n) for n in range(20_000)]
    await db.capture.write_trades(table(rows))
    breaking("ANALYZE")
    assert (await one(db, "plan-trades")).status == "OK"


async def test_a_range_that_prunes_nothing(
    db: AsyncDatabase, breaking: Breaking, database: Place
) -> None:
    await db.market.ensure_partitions(NOON, NOON + timedelta(days=9))
    await store(db, NOON)
    breaking(f"ALTER DATABASE {database.name} SET enable_partition_pruning = off")
    breaking(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    found = await one(db, "plan-trades")
    assert found.status == "FAIL"
    assert "a read of one second plans 10 partitions of market_data" in found.found


async def test_an_index_that_nobody_uses(
    db: AsyncDatabase, breaking: Breaking, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await one(db, "indexes-used")).status == "SKIP"
    monkeypatch.setattr(indexes, "UNUSED_AFTER", timedelta(0))
    monkeypatch.setattr(indexes, "UNUSED_BYTES", 16_384)
    await store(db, NOON)
    breaking("CREATE INDEX idle_idx ON instruments (base)")
    breaking("INSERT INTO exchanges SELECT 'e' || n FROM generate_series(1, 3000) AS n")
    breaking("CREATE INDEX exchanges_name_idx ON exchanges (name, exchange_id)")
    found = await one(db, "indexes-used")
    assert found.status == "WARN"
    told = [problem.found for problem in found.problems]
    assert any("exchanges_name_idx was not used" in each for each in told)
    assert not any("pkey" in each for each in told)


async def test_dead_rows(db: AsyncDatabase, breaking: Breaking) -> None:
    assert (await one(db, "bloat")).status == "OK"
    breaking(
        "ALTER TABLE exchanges SET (autovacuum_enabled = false)",
        "INSERT INTO exchanges SELECT 'e' || n FROM generate_series(1, 12000) AS n",
        "UPDATE exchanges SET name = 'x'",
        "SELECT pg_stat_force_next_flush()",
    )
    found = await one(db, "bloat")
    assert found.status == "WARN"
    assert "exchanges has 12,000 dead rows beside 12,000 live ones" in found.found
    assert (found.hint or "").startswith("VACUUM exchanges")


async def test_updates_that_leave_their_page(
    db: AsyncDatabase, breaking: Breaking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "HOT_FROM", 20)
    await store(db, NOON)
    breaking(
        "ALTER TABLE newest_quotes DISABLE TRIGGER ALL",
        "CREATE INDEX costly ON newest_quotes (timestamp)",
        *["UPDATE newest_quotes SET timestamp = timestamp + interval '1 second'"] * 30,
        "SELECT pg_stat_force_next_flush()",
    )
    found = await one(db, "updates-in-place")
    assert found.status == "WARN"
    assert "updates of newest_quotes were in place (HOT)" in found.found


async def test_a_transaction_left_open(
    db: AsyncDatabase, database: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "IDLE_WARN", timedelta(0))
    assert (await one(db, "transactions")).status == "OK"
    with psycopg.connect(database.dsn, application_name="forgotten") as left:
        left.execute("SELECT 1")
        found = await one(db, "transactions")
        assert found.status == "WARN"
        assert "(forgotten) is idle in a transaction for 0:00:0" in found.found
        assert found.hint == f"end it: SELECT pg_terminate_backend({left.info.backend_pid})"
        monkeypatch.setattr(activity, "IDLE_FAIL", timedelta(0))
        assert (await one(db, "transactions")).status == "FAIL"


async def test_sessions_that_cannot_be_seen_are_counted(db: AsyncDatabase, database: Place) -> None:
    with psycopg.connect(database.admin_dsn):
        found = await one(db, "transactions")
    assert found.status == "OK"
    assert "1 sessions of other roles cannot be seen" in found.found


async def test_ticks_without_their_instrument(db: AsyncDatabase, breaking: Breaking) -> None:
    assert (await one(db, "instruments")).status == "SKIP"
    await store(db, NOON)
    await db.capture.write_trades(table([trade(5, 1, symbol="ETHUSDT")]))
    known = await one(db, "instruments")
    assert known.status == "OK"
    assert "2 registered, none missing; 2 without tick or lot size" in known.found
    breaking("DELETE FROM instruments WHERE symbol = 'ETHUSDT'")
    found = await one(db, "instruments")
    assert found.status == "FAIL"
    assert found.found == "ticks without an instrument: ETHUSDT on binance"
    breaking("ALTER TABLE newest_trades DISABLE TRIGGER ALL", "DELETE FROM newest_trades"
             " WHERE symbol = 'ETHUSDT'")  # fmt: skip
    assert (await one(db, "instruments")).status == "FAIL"


async def test_a_clock_that_is_wrong(db: AsyncDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await one(db, "clock")).status == "OK"
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() - timedelta(seconds=2))
    found = await one(db, "clock")
    assert found.status == "WARN"
    assert "the server's clock is 2.0" in found.found
    assert "s ahead of this machine's" in found.found


async def test_records_from_the_future(db: AsyncDatabase) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=5)
    await db.capture.write_trades(table([trade(0, 1, timestamp=NOW, received_at=ahead)]))
    found = await one(db, "clock")
    assert found.status == "FAIL"
    assert "s after the server's now" in found.found


async def test_many_refused_records(db: AsyncDatabase) -> None:
    await db.capture.write_trades(table([trade(n, n, price="-1") for n in range(150)]))
    found = await one(db, "quarantine")
    assert found.status == "WARN"
    assert "150 records were refused in a day, of 150 events" in found.found


async def test_an_import_that_was_cut_off(db: AsyncDatabase, breaking: Breaking) -> None:
    breaking(
        "INSERT INTO batches (source, format, started_at) VALUES"
        " ('today.gz', 'x', now()), ('spot.gz', 'x', now() - interval '25 hours')"
    )
    found = await one(db, "batches")
    assert found.status == "WARN"
    assert "(spot.gz) is open since" in found.found
    assert len(found.problems) == 1


async def test_an_open_alert(db: AsyncDatabase, breaking: Breaking) -> None:
    breaking("INSERT INTO alerts (source, name, message) VALUES ('job', 'tidy', 'it broke')")
    found = await one(db, "alerts")
    assert found.status == "FAIL"
    assert "job tidy: it broke (since" in found.found
    assert found.hint == "cryptoscalp jobs history tidy"
    breaking("UPDATE alerts SET cleared_at = now()")
    assert (await one(db, "alerts")).status == "OK"


_PART = (
    "INSERT INTO cold_parts (table_name, day, exchange, symbol, state, rows, first_timestamp,"
    " last_timestamp, content_sha256, snapshot_id, written_at) VALUES ('market_data',"
    " '2024-08-08', 'binance', 'BTCUSDT', 'WRITTEN', 1, '2024-08-08', '2024-08-08',"
    " sha256('x'), 1, now() - interval '{age}')"
)


async def test_a_part_that_was_never_verified(db: AsyncDatabase, breaking: Breaking) -> None:
    breaking(_PART.format(age="1 hour"))
    assert (await one(db, "cold-verified")).status == "OK"
    breaking("UPDATE cold_parts SET written_at = now() - interval '2 days'")
    found = await one(db, "cold-verified")
    assert found.status == "FAIL"
    assert "1 parts of market_data of 2024-08-08 were written and never verified" in found.found


async def test_a_day_that_is_due(db: AsyncDatabase, breaking: Breaking) -> None:
    await store(db, NOON)
    breaking("ANALYZE")
    recent = await one(db, "retention")
    assert recent.status == "OK", "the last write counts, and that was now"
    breaking("UPDATE late_writes SET written_at = now() - interval '40 days'")
    due = await one(db, "retention")
    assert due.status == "WARN"
    assert "market_data 2024-08-08" in due.found
    breaking(
        "INSERT INTO retention_holds (table_name, first_day, last_day, reason, placed_by)"
        " SELECT name, '2024-08-01', '2024-08-31', 'a case', 'us'"
        " FROM unnest(ARRAY['market_data', 'order_book_l1']) AS name"
    )
    held = await one(db, "retention")
    assert held.status == "OK"
    assert "2 holds in force" in held.found


async def test_files_that_nobody_sweeps(db: AsyncDatabase, breaking: Breaking) -> None:
    breaking("INSERT INTO cold_orphans VALUES ('a', now() - interval '5 days')")
    assert (await one(db, "cold-orphans")).status == "OK"
    breaking("INSERT INTO cold_orphans VALUES ('b', now() - interval '40 days')")
    found = await one(db, "cold-orphans")
    assert found.status == "WARN"
    assert found.found.startswith("1 files of the warehouse are referred to by nothing since 20")
