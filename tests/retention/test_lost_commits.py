"""A catalog that no longer leads to what was committed: it is noticed before anything is dropped,
by every read, and by the verification."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.errors import ColdDamage
from cryptoscalp.market.kept import MARKET_DATA
from cryptoscalp.retention import moving
from tests.faces import NOON
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

_POINTER = "SELECT metadata_location FROM iceberg.iceberg_tables WHERE table_name = 'market_data'"
_SECOND = DAY + timedelta(days=1)


def point_at(place: Place, location: str) -> None:
    """Make a metadata file the newest again: every commit after it is lost."""
    with psycopg.connect(place.admin_dsn) as connection:
        connection.execute(
            "UPDATE iceberg.iceberg_tables SET metadata_location = %s"
            " WHERE table_name = 'market_data'",
            (location,),
        )


async def test_a_commit_that_was_lost_is_never_sealed(
    db: AsyncDatabase, database: Place, lake: Lake
) -> None:
    await db.capture.write_trades(trades(30, days=2))
    age(database)
    before = stored(database)
    await perform(db, moving.export_open(MARKET_DATA, DAY))
    ((first,),) = as_admin(database, _POINTER)
    await perform(db, moving.export_open(MARKET_DATA, _SECOND))
    point_at(database, first)
    report = await db.retention.run(["market_data"])
    assert [(one.day, one.outcome) for one in report.done] == [(DAY, "moved"), (_SECOND, "failed")]
    assert "the lake holds none of its 10 rows" in report.failed[0].detail
    assert len(partitions(database, "market_data")) == 1
    assert same(authoritative(database, lake), before)
    # It is exported again.
    report = await db.retention.run(["market_data"])
    assert [(one.day, one.outcome, one.rows) for one in report.done] == [(_SECOND, "moved", 30)]
    assert same(authoritative(database, lake), before)


async def test_what_is_lost_later_is_no_empty_answer(
    db: AsyncDatabase, database: Place, warehouse: Path
) -> None:
    await db.capture.write_trades(trades(30))
    age(database)
    assert not (await db.retention.run(["market_data"])).failed
    ((first,),) = as_admin(database, _POINTER)
    await db.capture.write_trades(trades(30, days=2, first=500).slice(30))
    age(database)
    assert not (await db.retention.run(["market_data"])).failed
    point_at(database, first)
    start = NOON - timedelta(hours=12)
    for read in (db.market.trades, lambda *range_: db.market.candles("BTCUSDT", "1s", *range_[1:])):
        with pytest.raises(ColdDamage, match="leads to 0 rows, the ledger says 10"):
            await read("BTCUSDT", start, start + timedelta(days=2))
    assert (await db.market.trades("BTCUSDT", start, start + timedelta(days=1))).num_rows == 10
    found = await db.retention.verify()
    assert {one.part.day for one in found.damaged} == {_SECOND}
    assert len(found.damaged) == 3
    assert {row[3] for row in ledger(database)} == {"COLD"}
