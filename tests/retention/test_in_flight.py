"""Writers whose transaction is open while a day moves: nothing is lost, nothing comes back."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any, LiteralString, TypeAlias

import psycopg
import pytest
from psycopg import sql

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.cold.types import ColdTable
from cryptoscalp.infra.db.errors import IntegrityRefused
from cryptoscalp.market.kept import FUNDING_RATES, MARK_PRICES, MARKET_DATA, ORDER_BOOK_L1
from cryptoscalp.retention import moving
from cryptoscalp.retention.calls import as_capture
from tests.capture.storing import chunk_of, funding, mark, store
from tests.faces import at, quote, table, trade
from tests.postgres import Place
from tests.retention.days import (
    DAY,
    age,
    as_admin,
    authoritative,
    ledger,
    partitions,
    perform,
    same,
    stored,
    trades,
)

Connection: TypeAlias = psycopg.Connection[tuple[object, ...]]

_AT = at(5_000_001)
#: For each table the columns of a row beside its key, and their values.
ROWS: dict[ColdTable, tuple[LiteralString, tuple[Any, ...]]] = {
    MARKET_DATA: ("price, volume, feed, sequence", (7, 7, "trade", 777)),
    ORDER_BOOK_L1: (
        "bid_price, bid_volume, ask_price, ask_volume, source, sequence",
        (1, 1, 2, 2, "ticker", 777),
    ),
    MARK_PRICES: ("mark_price, batch_id", (7, 1)),
    FUNDING_RATES: ("funding_rate, batch_id", (7, 1)),
}


_RECORD = "record_parts(%s, %s, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', 1)"


def called(place: Place, call: str, of: ColdTable) -> str | None:
    """Call a function of the ledger as the product's own writer; its SQLSTATE where it refuses."""
    with psycopg.connect(place.dsn) as connection:
        connection.execute("SET LOCAL ROLE cryptoscalp_capture")
        try:
            connection.execute(f"SELECT {call}".encode(), (of.name, DAY))
        except psycopg.Error as error:
            return error.sqlstate
    return None


async def fill(db: AsyncDatabase) -> None:
    """Every regulated table has rows on `DAY`; the newest batch is one of trades."""
    await db.capture.write_quotes(table(quote(n, n) for n in range(5)))
    states = chunk_of(
        marks=[mark(n, exchange="binance") for n in range(5)],
        fundings=[funding(n, exchange="binance") for n in range(5)],
    )
    await store(db, states)
    await db.capture.write_trades(trades(30))


def insert(
    connection: Connection, of: ColdTable, symbol: str = "BTCUSDT", when: datetime = _AT
) -> None:
    """As a foreign session, or as the product's writer where no other may."""
    if of in (MARK_PRICES, FUNDING_RATES):
        connection.execute("SET LOCAL ROLE cryptoscalp_capture")
    names, values = ROWS[of]
    query = "INSERT INTO {} (timestamp, symbol, exchange, {}) VALUES (%s, %s, 'binance', {})"
    places = sql.SQL(", ").join(sql.Placeholder() for _ in values)
    connection.execute(
        sql.SQL(query).format(sql.Identifier(of.name), sql.SQL(names), places),
        (when, symbol, *values),
    )


def undo(connection: Connection) -> None:
    """Take back the newest batch."""
    connection.execute("SELECT correct_ticks((SELECT max(batch_id) FROM batches))")


@pytest.mark.parametrize("of", ROWS, ids=lambda of: of.name)
@pytest.mark.parametrize("mode", ["sync"], indirect=True)
async def test_a_day_is_not_exported_sealed_or_dropped_under_a_writer(
    db: AsyncDatabase, database: Place, lake: Lake, of: ColdTable
) -> None:
    await fill(db)
    age(database)
    with psycopg.connect(database.dsn) as writer:
        insert(writer, of)
        for call in (_RECORD, "seal_day(%s, %s)", "drop_day(%s, %s)"):
            assert called(database, call, of) == "55P03"
        writer.commit()
        await perform(db, moving.export_open(of, DAY))
        assert not await perform(db, moving.read_back(of, DAY))
        # One who comes after the reading back opens the copy, and is waited for.
        insert(writer, of, when=_AT + timedelta(seconds=1))
        for call in ("seal_day(%s, %s)", "drop_day(%s, %s)"):
            assert called(database, call, of) == "55P03"
        writer.commit()
    assert called(database, "seal_day(%s, %s)", of) == "CS004"
    before = stored(database, of)
    age(database)
    assert not (await db.retention.run([of.name])).failed
    assert not partitions(database, of.name)
    assert same(authoritative(database, lake, of), before)


@pytest.mark.parametrize("mode", ["sync"], indirect=True)
async def test_a_batch_that_is_taken_back_meanwhile_does_not_come_back(
    db: AsyncDatabase, database: Place, lake: Lake
) -> None:
    await db.capture.write_trades(trades(30))
    await db.capture.write_trades(table([trade(7, 5, symbol="NEWUSDT")]))
    age(database)
    await perform(db, moving.export_open(MARKET_DATA, DAY))
    assert not await perform(db, moving.read_back(MARKET_DATA, DAY))
    with psycopg.connect(database.dsn) as writer:
        undo(writer)
        assert called(database, "seal_day(%s, %s)", MARKET_DATA) == "55P03"
        writer.commit()
    before = stored(database)
    assert sum(before.values()) == 30
    assert called(database, "seal_day(%s, %s)", MARKET_DATA) == "CS004"
    age(database)
    assert not (await db.retention.run()).failed
    assert same(authoritative(database, lake), before)


@pytest.mark.parametrize("mode", ["sync"], indirect=True)
async def test_as_many_rows_come_as_go_while_it_is_exported(
    db: AsyncDatabase, database: Place, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both transactions begin before there is a copy to open: the number of rows stays the same."""
    await db.capture.write_trades(trades(30))
    await db.capture.write_trades(table([trade(7, 5, symbol="ETHUSDT")]))
    age(database)
    write = Lake.write

    def meanwhile(lake: Lake, *given: object) -> object:
        result = write(lake, *given)  # type: ignore[arg-type]
        with psycopg.connect(database.dsn) as one:
            undo(one)
            insert(one, MARKET_DATA, "ETHUSDT")
        return result

    monkeypatch.setattr(Lake, "write", meanwhile)
    await perform(db, moving.export_open(MARKET_DATA, DAY))
    monkeypatch.undo()
    with pytest.raises(IntegrityRefused, match="is being written to, ETHUSDT for one"):
        await perform(db, moving.read_back(MARKET_DATA, DAY))
    before = stored(database)
    age(database)
    assert not (await db.retention.run()).failed
    assert same(authoritative(database, lake), before)


@pytest.mark.parametrize("mode", ["sync"], indirect=True)
async def test_a_sealed_day_refuses_who_began_before(
    db: AsyncDatabase, database: Place, lake: Lake
) -> None:
    """A transaction that has looked at the day and writes after the seal, and one that undoes."""
    await fill(db)
    age(database)
    with psycopg.connect(database.dsn) as early, psycopg.connect(database.dsn) as undoing:
        for one in (early, undoing):
            one.execute("SELECT count(*) FROM market_data")
        await perform(db, moving.export_open(MARKET_DATA, DAY))
        assert not await perform(db, moving.read_back(MARKET_DATA, DAY))
        before = stored(database)
        await perform(db, as_capture("SELECT seal_day('market_data', %s)", (DAY,)))
        for one, write in ((early, partial(insert, of=MARKET_DATA)), (undoing, undo)):
            with pytest.raises(psycopg.Error) as refused:
                write(one)
            assert refused.value.sqlstate == "CS003"
    assert same(authoritative(database, lake), before)
    assert not (await db.retention.run(["market_data"])).failed
    with psycopg.connect(database.dsn) as thawing:
        thawing.execute("SET LOCAL ROLE cryptoscalp_capture")
        key = ("market_data", DAY, "binance", "BTCUSDT")
        assert thawing.execute("SELECT thaw_part(%s, %s, %s, %s)", key).fetchone() == (10,)
        for call in (_RECORD, "seal_day(%s, %s)", "drop_day(%s, %s)", "expire_day(%s, %s)"):
            assert called(database, call, MARKET_DATA) == "55P03"
        thawing.rollback()
    assert same(authoritative(database, lake), before)


@pytest.mark.parametrize("mode", ["sync"], indirect=True)
async def test_imported_seconds_that_come_while_the_computed_leave(
    db: AsyncDatabase, database: Place
) -> None:
    await db.capture.write_trades(trades(30))
    age(database)
    assert not (await db.retention.run(["market_data"])).failed
    with psycopg.connect(database.dsn) as writer:
        writer.execute("SET LOCAL ROLE cryptoscalp_capture")
        writer.execute(
            "INSERT INTO candles (timestamp, symbol, exchange, interval, source, open, high, low,"
            " close, volume) VALUES (%s, 'BTCUSDT', 'binance', '1s', 'imported', 1, 1, 1, 1, 1)",
            (at(0),),
        )
        with psycopg.connect(database.dsn) as other:
            other.execute("SET LOCAL ROLE cryptoscalp_capture")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute("SELECT drop_day('candles_1s', %s)", (DAY,))
        writer.commit()
    assert not (await db.retention.run(["candles_1s"])).failed
    assert as_admin(database, "SELECT source::text FROM candles_1s") == [("imported",)]


@pytest.mark.parametrize("mode", ["sync"], indirect=True)
async def test_seconds_stay_while_ticks_are_detached(
    db: AsyncDatabase, database: Place, lake: Lake
) -> None:
    """A move was cut off after its detach; its ticks may have to be read from PostgreSQL again."""
    await db.capture.write_trades(trades(30))
    age(database)
    await perform(db, moving.export_open(MARKET_DATA, DAY))
    assert not await perform(db, moving.read_back(MARKET_DATA, DAY))
    await perform(db, as_capture("SELECT seal_day('market_data', %s)", (DAY,)))
    (piece,) = partitions(database, "market_data")
    as_admin(database, f"ALTER TABLE market_data DETACH PARTITION {piece}")
    report = await db.retention.run(["candles_1s"])
    assert [one.outcome for one in report.done] in ([], ["skipped"])
    assert partitions(database, "candles_1s")
    with pytest.raises(IntegrityRefused, match="follow from ticks"):
        await perform(db, as_capture("SELECT drop_day('candles_1s', %s)", (DAY,)))
    assert not (await db.retention.run()).failed
    assert not partitions(database, "candles_1s")
    assert {row[3] for row in ledger(database)} == {"COLD"}


@pytest.mark.parametrize("mode", ["sync"], indirect=True)
async def test_rows_of_yesterday_are_noted(db: AsyncDatabase, database: Place) -> None:
    """A transaction that writes them has a day to end before their day can move."""
    (now,) = as_admin(database, "SELECT now()")[0]
    moments = [now - timedelta(hours=hours) for hours in (1, 23, 25)]
    for n, moment in enumerate(moments):
        await db.capture.write_trades(table([trade(0, n, timestamp=moment)]))
    noted = as_admin(database, "SELECT day FROM late_writes WHERE table_name = 'market_data'")
    assert noted == [(moments[-1].date(),)]
