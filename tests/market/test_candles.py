"""Candles of every interval against the trades they are made of."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, Continuity
from cryptoscalp.market.types import Interval
from tests.faces import NOON, at, table, trade
from tests.postgres import Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = {"1s": 1, "1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600,
            "2h": 7200, "4h": 14400, "6h": 21600, "8h": 28800, "12h": 43200,
            "1d": 86400}  # fmt: skip
_SECOND = 1_000_000


def bucket(moment: datetime, interval: str) -> datetime:
    step = timedelta(seconds=_SECONDS[interval])
    return _EPOCH + (moment - _EPOCH) // step * step


def imported(place: Place, interval: str, start: datetime, close: int) -> None:
    """Put a venue's own candle beside the computed ones, as an importer will."""
    with psycopg.connect(place.admin_dsn) as session:
        session.execute("SET ROLE cryptoscalp_owner")
        session.execute(
            "INSERT INTO candles (timestamp, symbol, exchange, interval, source, open, high, low,"
            " close, volume) VALUES (%s, 'BTCUSDT', 'binance', %s, 'imported', 1, 9999, 1, %s, 7)",
            (start, interval, close),
        )


async def test_every_interval(db: AsyncDatabase) -> None:
    chance = random.Random(5)
    rows = [
        trade(chance.randrange(3 * 86_400) * _SECOND, n, price=str(chance.randrange(1, 999)),
              volume=str(chance.randrange(1, 9)))
        for n in range(400)
    ]  # fmt: skip
    for part in range(4):
        await db.capture.write_trades(table(rows[part::4]))
    first, last = at(3600 * _SECOND + 5), at(2 * 86_400 * _SECOND + 77)
    for interval in get_args(Interval):
        for start, end in ((None, None), (first, last), (None, last), (first, None)):
            inside: dict[datetime, list[dict[str, Any]]] = {}
            for row in sorted(rows, key=lambda row: (row["timestamp"], row["sequence"])):
                begin = bucket(row["timestamp"], interval)
                if (start is None or begin >= start) and (end is None or begin < end):
                    inside.setdefault(begin, []).append(row)
            expected = [
                (begin, float(held[0]["price"]), max(float(one["price"]) for one in held),
                 min(float(one["price"]) for one in held), float(held[-1]["price"]),
                 sum(float(one["volume"]) for one in held), len(held), False, "computed")
                for begin, held in inside.items()
            ]  # fmt: skip
            found = await db.market.candles("BTCUSDT", interval, start, end)
            assert [tuple(row.values()) for row in found.to_pylist()] == expected


async def test_empty_buckets_are_filled_at_the_previous_close(db: AsyncDatabase) -> None:
    prices = {0: "5", 3: "7", 130: "2"}
    rows = [
        trade(after * _SECOND, n, price=price) for n, (after, price) in enumerate(prices.items())
    ]
    await db.capture.write_trades(table(rows))
    found = (await db.market.candles("BTCUSDT", "1s", fill="previous")).to_pylist()
    assert len(found) == 131
    closes, close = [], 0.0
    for second in range(131):
        close = float(prices.get(second, close))
        closes.append(close)
    assert [row["close"] for row in found] == closes
    assert {row["source"] for row in found if row["trade_count"] == 0} == {"filled"}
    assert sum(row["trade_count"] for row in found) == 3
    minutes = await db.market.candles("BTCUSDT", "1m", at(-1), at(240 * _SECOND), fill="previous")
    assert minutes["close"].to_pylist() == [7.0, 7.0, 2.0, 2.0]


@pytest.mark.long
@pytest.mark.parametrize("start", [1, 2, 4, 30, 59, 60, 61, 131, 200])
async def test_a_filled_start_knows_only_the_past(db: AsyncDatabase, start: int) -> None:
    rows = [trade(0, 1, price="5"), trade(3 * _SECOND, 2, price="7"),
            trade(59 * _SECOND, 3, price="9"), trade(130 * _SECOND, 4, price="2")]  # fmt: skip
    await db.capture.write_trades(table(rows))
    begin, end = at(start * _SECOND), at((start + 1) * _SECOND)
    found = await db.market.candles("BTCUSDT", "1s", begin, end, fill="previous")
    known = [row["price"] for row in rows if row["timestamp"] < end]
    assert found["close"].to_pylist() == [float(known[-1])]


async def test_nothing_is_filled_before_the_first_trade(db: AsyncDatabase) -> None:
    await db.capture.write_trades(table([trade(60 * _SECOND, 1)]))
    found = await db.market.candles("BTCUSDT", "1s", NOON, at(62 * _SECOND), fill="previous")
    assert found["timestamp"].to_pylist() == [at(60 * _SECOND), at(61 * _SECOND)]


async def test_which_source_is_shown(db: AsyncDatabase, database: Place) -> None:
    """Computed where complete, else imported, else computed and not complete."""
    rows = [trade(second * _SECOND, second, price="5") for second in range(-1, 190)]
    holes = [row for row in rows if row["sequence"] != 70]
    await db.capture.write_trades(table(holes), continuity=Continuity.CONSECUTIVE_IDS)
    for minute in (0, 1, 5):
        imported(database, "1m", at(minute * 60 * _SECOND), 1234)
    found = (await db.market.candles("BTCUSDT", "1m", NOON)).to_pylist()
    assert [(row["close"], row["complete"], row["source"]) for row in found] == [
        (5.0, True, "computed"), (1234.0, True, "imported"), (5.0, True, "computed"),
        (5.0, False, "computed"), (1234.0, True, "imported"),
    ]  # fmt: skip
    assert [row["trade_count"] for row in found] == [60, None, 60, 10, None]
    await db.capture.write_trades(
        table([row for row in rows if row["sequence"] == 70]),
        continuity=Continuity.CONSECUTIVE_IDS,
    )
    found = (await db.market.candles("BTCUSDT", "3m", NOON)).to_pylist()
    assert [(row["timestamp"], row["complete"]) for row in found] == [
        (NOON, True), (at(180 * _SECOND), False),
    ]  # fmt: skip


async def test_ids_that_are_missing_prove_nothing(db: AsyncDatabase) -> None:
    rows = [trade(second * _SECOND, None) for second in range(-1, 190)]
    await db.capture.write_trades(table(rows), continuity=Continuity.CONSECUTIVE_IDS)
    assert await db.market.coverage() == []
    found = await db.market.candles("BTCUSDT", "1m", NOON)
    assert found["complete"].to_pylist() == [False] * 4


async def test_a_refused_trade_makes_its_bucket_incomplete(db: AsyncDatabase) -> None:
    rows = [trade(second * _SECOND, second) for second in range(-1, 190)]
    rows[80]["price"] = "-1"
    account = await db.capture.write_trades(table(rows), continuity=Continuity.SESSION)
    assert account.total.quarantined == 1
    found = await db.market.candles("BTCUSDT", "1m", NOON)
    assert found["complete"].to_pylist() == [True, False, True, False]
    assert {gap.cause for gap in await db.market.gaps()} == {"quarantined"}
