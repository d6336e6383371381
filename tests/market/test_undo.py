"""Taking a batch back, and what follows from it."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from cryptoscalp import AsyncDatabase, Continuity, CryptoscalpError, InputError, NotFound
from tests.capture import brute
from tests.faces import at, quote, table, trade
from tests.postgres import Place

_IDS = Continuity.CONSECUTIVE_IDS


def some(seed: int, ids: range) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    return [trade(one * 400_000, one, price=str(chance.randrange(1, 999))) for one in ids]


async def newest_batch(db: AsyncDatabase) -> int:
    return (await db.market.batches(1))[0].batch_id


async def test_undo_leaves_what_the_other_batches_say(db: AsyncDatabase, database: Place) -> None:
    batches, rows = {}, {}
    for n, ids in enumerate((range(1, 300), range(200, 500), range(450, 700))):
        rows[n] = table(some(n, ids))
        await db.capture.write_trades(rows[n], continuity=_IDS)
        await db.capture.write_quotes(table([quote(n * 10, n), quote(5, 9 - n)]))
        batches[n] = await newest_batch(db) - 1
    undone = await db.market.undo_batch(batches[1])
    assert (undone.trades, undone.quotes) == (200, 0)
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)
    assert brute.coverage_by_id(database.dsn) == {
        ("binance", "BTCUSDT", "trade"): [(1, 299), (500, 699)]
    }
    with pytest.raises(InputError, match="undone already"):
        await db.market.undo_batch(batches[1])
    with pytest.raises(NotFound, match="no batch 99999"):
        await db.market.undo_batch(99_999)
    again = await db.capture.write_trades(rows[1], continuity=_IDS)
    assert again.total.stored == 200
    brute.check_derived(database.dsn)
    assert brute.coverage_by_id(database.dsn) == {("binance", "BTCUSDT", "trade"): [(1, 699)]}
    for batch in await db.market.batches():
        if batch.status == "COMMITTED":
            await db.market.undo_batch(batch.batch_id)
    for name in ("market_data", "order_book_l1", "candles", "newest_quotes", "newest_trades"):
        assert brute.fetch(database.dsn, f"SELECT * FROM {name}") == []  # noqa: S608
    assert brute.coverage_by_id(database.dsn) == {}


async def test_quotes_with_consecutive_ids(db: AsyncDatabase, database: Place) -> None:
    for ids in (range(1, 10), range(10, 20), range(20, 30)):
        rows = [quote(one * 1000, one) for one in ids]
        await db.capture.write_quotes(table(rows), continuity=_IDS)
    await db.market.undo_batch(await newest_batch(db) - 1)
    brute.check_derived(database.dsn)
    assert brute.coverage_by_id(database.dsn) == {
        ("binance", "BTCUSDT", "ticker"): [(1, 9), (20, 29)]
    }


async def test_a_session_taken_back_and_imported_again_has_no_gap(db: AsyncDatabase) -> None:
    rows = table([quote(n * 1_000_000, n) for n in range(100)])
    await db.capture.write_quotes(rows, continuity=Continuity.SESSION)
    assert await db.market.gaps() == []
    before = await db.market.coverage()
    await db.market.undo_batch(await newest_batch(db))
    assert {gap.cause for gap in await db.market.gaps()} == {"removed"}
    assert await db.market.coverage() == []
    await db.capture.write_quotes(rows, continuity=Continuity.SESSION)
    assert await db.market.gaps() == []
    assert await db.market.coverage() == before


async def test_coverage_keeps_ids_whose_stamps_were_finer(
    db: AsyncDatabase, database: Place
) -> None:
    fine = [trade(one * 1000 + 900, one) for one in range(1, 20)]
    coarse = [trade(one * 1000, one) for one in range(1, 20)]
    await db.capture.write_trades(table(fine))
    await db.capture.write_trades(table(coarse), continuity=_IDS)
    await db.capture.write_trades(table(some(1, range(20, 30))), continuity=_IDS)
    await db.market.undo_batch(await newest_batch(db))
    assert brute.coverage_by_id(database.dsn) == {("binance", "BTCUSDT", "trade"): [(1, 19)]}


async def test_undo_while_others_write(db: AsyncDatabase, database: Place) -> None:
    await db.capture.write_trades(table(some(0, range(1, 400))))
    first = await newest_batch(db)
    writes = [
        db.capture.write_trades(table(some(n, range(100 * n, 100 * n + 350)))) for n in range(4)
    ]
    await asyncio.gather(*writes, db.market.undo_batch(first))
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_undo_of_a_batch_that_is_being_written(
    db: AsyncDatabase, database: Place, tmp_path: Any
) -> None:
    """The writer finds its batch taken back and stops; nothing of it stays, nothing deadlocks."""
    lines = [
        b'%d {"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":%d,"p":"1.5","q":"2",'
        b'"T":%d,"m":true,"M":true}}' % (1723161254087896568 + n * 1_000_000, n, 1723161254087 + n)
        for n in range(1, 160_000)
    ]
    file = tmp_path / "trades"
    file.write_bytes(b"\n".join(lines) + b"\n")

    async def take_back() -> None:
        while not (found := await db.market.batches(1)) or not found[0].stored:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await db.market.undo_batch(found[0].batch_id)

    written, undone = await asyncio.gather(
        db.capture.import_files([file]), take_back(), return_exceptions=True
    )
    assert undone is None
    assert isinstance(written, CryptoscalpError), "the import ended before it was taken back"
    assert "undone" in str(written)
    assert brute.fetch(database.dsn, "SELECT FROM market_data") == []
    brute.check_derived(database.dsn)
    assert (await db.capture.import_files([file])).account.total.stored == len(lines)
    brute.check_ledger(database.dsn)


async def test_a_batch_of_several_days(db: AsyncDatabase, database: Place) -> None:
    day = 86_400_000_000
    rows = [trade(n * day, n + 100) for n in range(-3, 4)] + [trade(1, 50), trade(day, 51)]
    await db.capture.write_trades(table([trade(5, 200), trade(day + 7, 201)]))
    await db.capture.write_trades(table(rows))
    assert (await db.market.undo_batch(await newest_batch(db))).trades == 9
    assert len(brute.fetch(database.dsn, "SELECT FROM market_data")) == 2
    assert (await db.market.last_trade("BTCUSDT")).timestamp == at(day + 7)
    brute.check_derived(database.dsn)
