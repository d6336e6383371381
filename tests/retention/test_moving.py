"""A day goes through export, reading back, sealing and dropping."""

from __future__ import annotations

import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.cold.lake import Lake
from tests.postgres import Place
from tests.retention.days import (
    DAY,
    MARKET_DATA,
    ORDER_BOOK_L1,
    age,
    authoritative,
    departed,
    ledger,
    partitions,
    quotes,
    same,
    stored,
    trades,
)


@pytest.mark.parametrize("admin", [True, False], ids=["detached", "dropped"], indirect=True)
async def test_a_day_moves_whole(db: AsyncDatabase, database: Place, lake: Lake) -> None:
    await db.capture.write_trades(trades())
    await db.capture.write_quotes(quotes())
    before = {of.name: stored(database, of) for of in (MARKET_DATA, ORDER_BOOK_L1)}
    assert not (await db.retention.run(["market_data", "order_book_l1"])).done
    age(database)
    report = await db.retention.run()
    assert not report.failed
    moved = [("market_data", DAY, 300, "cold"), ("order_book_l1", DAY, 100, "cold")]
    assert departed(database)[:2] == moved
    for of in (MARKET_DATA, ORDER_BOOK_L1):
        assert not stored(database, of)
        assert not partitions(database, of.name)
        assert same(authoritative(database, lake, of), before[of.name])
    assert {row[3] for row in ledger(database)} == {"COLD"}
    assert not (await db.retention.run()).done
    assert (await db.retention.verify()).rows == 400
