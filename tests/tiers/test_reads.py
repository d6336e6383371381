"""One read over PostgreSQL and the cold tier: what it answers does not depend on where rows lie."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from cryptoscalp import AsyncDatabase, CryptoscalpError
from tests.faces import open_face, table, trade
from tests.postgres import Place
from tests.retention.days import age, ledger
from tests.tiers.market import DAY, END, START, TABLES, cool, fill, reads, same


def ranges(found: pa.Table) -> list[tuple[str, str, str]]:
    told = json.loads(found.schema.metadata[b"cryptoscalp.ranges"])
    return [(one["tier"], one["start"], one["end"]) for one in told]


@pytest.mark.long
async def test_every_read_is_what_it_was(db: AsyncDatabase, database: Place) -> None:
    await fill(db)
    before = await reads(db)
    assert all(before[f"{name}"].num_rows for name in before if "nothing" not in name)
    await cool(db, database)
    after = await reads(db)
    same(after, before)
    border = f"{DAY + timedelta(days=2)}T00:00:00+00:00"
    for name in ("trades BTCUSDT all True", "mark_prices all False", f"candles 1s {START}"):
        assert ranges(before[name]) == [("hot", START.isoformat(), END.isoformat())]
        assert ranges(after[name]) == [
            ("cold", START.isoformat(), border),
            ("hot", border, END.isoformat()),
        ]
    assert ranges(after[f"candles 1m {START}"]) == ranges(before[f"candles 1m {START}"])
    # One instrument's day comes back: it alone is read from PostgreSQL again.
    await db.retention.thaw("market_data", "binance", "BTCUSDT", DAY, DAY)
    same(await reads(db), before)
    one = await db.market.trades("BTCUSDT", START, END)
    assert [tier for tier, *_ in ranges(one)] == ["hot", "cold", "hot"]
    other = await db.market.trades("ETHUSDT", START, END)
    assert [tier for tier, *_ in ranges(other)] == ["cold", "hot"]
    for name in TABLES:
        for symbol in ("BTCUSDT", "ETHUSDT"):
            await db.retention.thaw(name, "binance", symbol, DAY, DAY + timedelta(days=5))
    same(await reads(db), before)


def lost_file(warehouse: Path) -> str:
    """Delete the one file of trades; its name."""
    (file,) = warehouse.glob("**/market_data/**/*.parquet")
    file.unlink()
    return file.name


async def test_a_damaged_lake_gives_an_error_and_no_answer(
    db: AsyncDatabase, mode: str, database: Place, warehouse: Path
) -> None:
    await fill(db)
    await cool(db, database, days=1)
    file = lost_file(warehouse)
    # Another process: this one may remember what it has read of the file.
    async with await open_face(mode, database.dsn) as other:
        market = other.market
        for call in (
            market.trades("BTCUSDT", START, END),
            market.events("BTCUSDT", START, END),
            market.candles("BTCUSDT", "1s"),
            other.retention.thaw("market_data", "binance", "BTCUSDT", DAY, DAY),
            other.capture.write_trades(table([trade(0, 1)])),
        ):
            with pytest.raises(CryptoscalpError, match=file):
                await call
        assert (await market.candles("BTCUSDT", "1m")).num_rows
        assert (await market.trades("BTCUSDT", START + timedelta(days=1), END)).num_rows
    assert {state for *_, state, _ in ledger(database)} == {"COLD"}


@pytest.mark.long
async def test_while_days_move_each_event_comes_once(db: AsyncDatabase, database: Place) -> None:
    """Days leave and come back in a loop; readers and a writer of late events go on."""
    await fill(db)
    await cool(db, database)
    expected = await db.market.trades("BTCUSDT", START, END, exact=True)
    quoted = await db.market.quotes("BTCUSDT", START, END)
    seconds = await db.market.candles("BTCUSDT", "1s", START, END)
    done = False
    answers = 0

    async def read() -> None:
        nonlocal answers
        while not done:
            assert (await db.market.trades("BTCUSDT", START, END, exact=True)).equals(expected)
            assert (await db.market.quotes("BTCUSDT", START, END)).equals(quoted)
            assert (await db.market.candles("BTCUSDT", "1s", START, END)).equals(seconds)
            answers += 3

    async def move() -> int:
        rounds = 0
        until = time.monotonic() + 4
        while time.monotonic() < until:
            for name in ("market_data", "order_book_l1"):
                await db.retention.thaw(name, "binance", "BTCUSDT", DAY, DAY + timedelta(days=1))
            age(database)
            report = await db.retention.run(("market_data", "order_book_l1"))
            # A day that a session is still letting go of is told to be tried again, which is done.
            failed = [one for one in report.done if one.outcome == "failed"]
            assert not [one for one in failed if "try again" not in one.detail], report
            rounds += 1
        return rounds

    async def late() -> None:
        n = 0
        while not done:
            await db.capture.write_trades(table([trade(n, n, symbol="ETHUSDT", feed="agg_trade")]))
            n += 1

    readers = [asyncio.create_task(work()) for work in (read, read, late)]
    try:
        rounds = await move()
    finally:
        done = True
        await asyncio.gather(*readers)
    assert rounds >= 2
    assert answers >= 6
