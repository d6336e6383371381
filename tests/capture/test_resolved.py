"""Refused records that a retry resolves: their gap goes, and comes back with an undo."""

from __future__ import annotations

import psycopg

from cryptoscalp import AsyncDatabase, Continuity
from cryptoscalp.market.types import Quarantined
from tests.capture.storing import candle, chunk_of, store
from tests.faces import NOON, table, trade
from tests.postgres import Place

_SECOND = 1_000_000


async def refuse(db: AsyncDatabase) -> None:
    """Two minutes of trades, two of them refused at one moment."""
    rows = [trade(second * _SECOND, second) for second in range(-1, 121)]
    rows[31]["price"] = "-1"
    rows.append({**rows[31], "sequence": 999})
    await db.capture.write_trades(table(rows), continuity=Continuity.SESSION)


def resolve_as_writer(place: Place, batch_id: int, *records: bytes) -> int:
    """Mark records as a retry does, in the writer's role."""
    with psycopg.connect(place.dsn) as session:
        session.execute("SET ROLE cryptoscalp_capture")
        found = session.execute(
            "SELECT resolve_refused(array_agg(record_hash), %s) FROM quarantine"
            " WHERE raw = ANY (%s)",
            (batch_id, list(records)),
        ).fetchone()
    assert found is not None
    number: int = found[0]
    return number


async def complete(db: AsyncDatabase) -> list[bool]:
    found: list[bool] = (await db.market.candles("BTCUSDT", "1m", NOON))["complete"].to_pylist()
    return found


async def raws(db: AsyncDatabase, resolved: bool = False) -> list[Quarantined]:
    return await db.market.quarantined(resolved=resolved)


async def test_the_gap_goes_with_the_last_record_of_its_moment(
    db: AsyncDatabase, database: Place
) -> None:
    await refuse(db)
    assert await complete(db) == [False, True, False]
    one, other = await raws(db)
    retry = await db.capture.open_batch("a file", "retry")
    assert resolve_as_writer(database, retry, one.raw) == 1
    assert [left.raw for left in await raws(db)] == [other.raw]
    assert len(await raws(db, resolved=True)) == 2
    assert await complete(db) == [False, True, False]
    assert resolve_as_writer(database, retry, one.raw, other.raw) == 1
    assert await raws(db) == []
    assert {left.resolved_batch_id for left in await raws(db, resolved=True)} == {retry}
    assert await complete(db) == [True, True, False]
    assert (await db.market.overview()).quarantined == 0
    await db.market.undo_batch(retry)
    assert len(await raws(db)) == 2
    assert await complete(db) == [False, True, False]
    assert len([gap for gap in await db.market.gaps() if gap.cause == "quarantined"]) == 2


async def test_what_is_refused_again_is_open_again(db: AsyncDatabase, database: Place) -> None:
    await refuse(db)
    retry = await db.capture.open_batch("a file", "retry")
    assert resolve_as_writer(database, retry, *[one.raw for one in await raws(db)]) == 2
    await refuse(db)
    found = await raws(db)
    assert [(one.times_seen, one.resolved_at, one.resolved_batch_id) for one in found] == [
        (2, None, None)
    ] * 2
    assert len([gap for gap in await db.market.gaps() if gap.cause == "quarantined"]) == 2


async def test_candles_have_no_gaps_to_take_back(db: AsyncDatabase, database: Place) -> None:
    await store(db, chunk_of([candle(0)]))
    await store(db, chunk_of([candle(0, "1.7")]))
    (one,) = await raws(db)
    retry = await db.capture.open_batch("a file", "retry")
    assert resolve_as_writer(database, retry, one.raw) == 1
    await db.market.undo_batch(retry)
    assert [left.raw for left in await raws(db)] == [one.raw]
    assert await db.market.gaps() == []
