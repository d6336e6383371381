"""Which candle is shown for a bucket, where files brought candles of several intervals."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.feather as feather
import pytest

from cryptoscalp import AsyncDatabase, Continuity
from cryptoscalp.capture.chunk import CANDLE_COLUMNS, Chunk, empty_quotes, empty_trades
from tests.capture.storing import candle, chunk_of, moment, store
from tests.faces import NOON, table, trade

_SHARED = Path(
    os.environ.get("CRYPTOSCALP_SHARED", Path(__file__).resolve().parents[2].parent / "shared")
)
DOWNLOADED = _SHARED / "data" / "freqtrade_userdata_binance"
_SECOND = 1_000_000


async def shown(db: AsyncDatabase, interval: Any, *, exact: bool = False) -> list[dict[str, Any]]:
    found = await db.market.candles(
        "BTCUSDT", interval, NOON, NOON + timedelta(days=1), exact=exact
    )
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def bars(minutes: range, **changes: Any) -> list[dict[str, Any]]:
    """Minutes that differ: open n + 1, close n + 2, volume n."""
    return [
        candle(
            n, str(n + 2), open=str(n + 1), high=str(n + 3), low=str(n + 1), volume=str(n),
            **changes,
        )
        for n in minutes
    ]  # fmt: skip


async def test_minutes_make_longer_candles(db: AsyncDatabase) -> None:
    await store(db, chunk_of(bars(range(12))))
    first, second, third = await shown(db, "5m", exact=True)
    assert first == {
        "timestamp": NOON, "open": 1, "high": 7, "low": 1, "close": 6, "volume": 10,
        "trade_count": 15, "complete": True, "source": "imported",
    }  # fmt: skip
    assert (second["open"], second["close"], second["volume"]) == (6, 11, 35)
    # Two of five minutes: something is missing, or was not traded.
    assert (third["close"], third["trade_count"], third["complete"]) == (13, 6, False)
    assert [row["complete"] for row in await shown(db, "1m")] == [True] * 12


async def test_an_unknown_count_of_trades_stays_unknown(db: AsyncDatabase) -> None:
    await store(db, chunk_of([*bars(range(5)), *bars(range(5, 9)), candle(9, trade_count=None)]))
    assert [row["trade_count"] for row in await shown(db, "5m")] == [15, None]
    assert [row["volume"] for row in await shown(db, "5m")] == [10, 36]


async def test_without_minutes_the_longest_that_divides(db: AsyncDatabase) -> None:
    quarters = [candle(15 * n, "7", interval="15m") for n in range(8)]
    halves = [candle(30 * n, "8", interval="30m") for n in range(3)]
    await store(db, chunk_of([*quarters, *halves]))
    assert [(row["close"], row["complete"]) for row in await shown(db, "1h")] == [
        (8, True), (7, True),
    ]  # fmt: skip
    assert [row["close"] for row in await shown(db, "30m")] == [8, 8, 8, 7]
    await store(db, chunk_of([candle(n, "9") for n in range(60)]))
    assert [row["close"] for row in await shown(db, "1h")] == [9, 7]
    await store(db, chunk_of([candle(60, "10", interval="1h")]))
    assert [row["close"] for row in await shown(db, "1h")] == [9, 10]
    # Nothing shorter divides 3 minutes, and a longer candle says nothing of a shorter one.
    assert [row["close"] for row in await shown(db, "3m")] == [9] * 20


async def test_what_is_whole_goes_before_what_is_not(db: AsyncDatabase) -> None:
    """Some minutes of an hour are worth less than its quarters."""
    await store(db, chunk_of([candle(n, "9") for n in range(30)]))
    await store(db, chunk_of([candle(15 * n, "7", interval="15m") for n in range(4)]))
    (hour,) = await shown(db, "1h")
    assert (hour["close"], hour["complete"]) == (7, True)


async def test_complete_ticks_go_first_and_incomplete_ones_last(db: AsyncDatabase) -> None:
    rows = [trade(n * _SECOND, n, price="5") for n in range(-1, 21 * 60)]
    holes = [row for row in rows if row["sequence"] // 60 not in (7, 17)]
    await db.capture.write_trades(table(holes), continuity=Continuity.CONSECUTIVE_IDS)
    assert [(row["source"], row["complete"]) for row in await shown(db, "5m")] == [
        ("computed", True), ("computed", False), ("computed", True), ("computed", False),
        ("computed", False),
    ]  # fmt: skip
    await store(db, chunk_of([candle(n, "1.25") for n in range(10)]))
    await store(db, chunk_of([candle(0, "1.5", interval="5m"), candle(20, "1.5", interval="5m")]))
    found = await shown(db, "5m")
    assert [(row["source"], row["close"], row["complete"]) for row in found] == [
        ("computed", 5, True), ("imported", 1.25, True), ("computed", 5, True),
        ("computed", 5, False), ("imported", 1.5, True),
    ]  # fmt: skip
    # Where nothing is complete, what is made of more of the bucket's minutes is shown.
    assert [(row["close"], row["complete"]) for row in await shown(db, "15m")] == [
        (5, False), (1.5, False),
    ]  # fmt: skip
    assert {row["source"] for row in await shown(db, "1s")} == {"computed"}


async def test_imported_candles_prove_nothing_of_ticks(db: AsyncDatabase) -> None:
    await store(db, chunk_of([candle(n) for n in range(10)]))
    assert await db.market.coverage() == []
    await db.capture.write_trades(table([trade(5 * _SECOND, 1, price="5")]))
    (first, *_) = await shown(db, "1m")
    assert (first["source"], first["close"]) == ("imported", 1.5)


async def test_holes_are_filled_at_the_close_of_imported_candles(db: AsyncDatabase) -> None:
    await store(db, chunk_of([candle(n, str(n + 2)) for n in (0, 1, 2, 3, 4, 15)]))
    found = await db.market.candles("BTCUSDT", "5m", NOON, moment(25), fill="previous")
    assert found["source"].to_pylist() == [
        "imported", "filled", "filled", "imported", "filled",
    ]  # fmt: skip
    assert found["close"].to_pylist() == [6, 6, 6, 17, 17]


def downloaded(name: str, symbol: str, interval: str, until: datetime | None = None) -> Chunk:
    """A file of candles, as an importer hands it over."""
    frame = pl.DataFrame(feather.read_table(DOWNLOADED / name, memory_map=False))
    if until is not None:
        frame = frame.filter(pl.col("date") < until)
    made = frame.select(
        pl.col("date").dt.epoch("us").alias("timestamp"),
        pl.lit("binanceusdm").alias("exchange"),
        pl.lit(symbol).alias("symbol"),
        pl.lit(interval).alias("interval"),
        *("open", "high", "low", "close", "volume"),
        pl.lit(None, pl.Int64).alias("trade_count"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line"),
    )
    assert made.columns == list(CANDLE_COLUMNS)
    return Chunk(
        empty_trades(), empty_quotes(), (), {}, lambda line: b"%d" % line, made.height, candles=made
    )


@pytest.mark.long
@pytest.mark.skipif(
    not DOWNLOADED.is_dir(), reason=f"no downloaded candles at {DOWNLOADED} (CRYPTOSCALP_SHARED)"
)
@pytest.mark.parametrize(
    ("short", "long", "interval", "equal"),
    [
        ("DOGE_USDT_USDT-1m-futures.feather", "DOGE_USDT_USDT-5m-futures.feather", "5m", 9_621),
        ("1000SHIB_USDT_USDT-1m-futures.feather", "1000SHIB_USDT_USDT-4h-futures.feather", "4h",
         200),
    ],
)  # fmt: skip
async def test_a_venues_minutes_make_its_longer_candles(
    db: AsyncDatabase, short: str, long: str, interval: Any, equal: int
) -> None:
    await store(db, downloaded(short, "MINUTES", "1m"))
    await store(db, downloaded(long, "WHOLE", interval))
    made = pl.DataFrame(await db.market.candles("MINUTES", interval, exact=True))
    own = pl.DataFrame(await db.market.candles("WHOLE", interval, exact=True))
    values = ["timestamp", "open", "high", "low", "close", "volume"]
    whole = made.filter("complete")
    assert whole.height == equal
    assert whole.select(values).join(own.select(values), on=values, how="semi").height == equal
    assert made.height - whole.height in (0, 1)  # the file may end inside a bucket
    assert isinstance(own["volume"][0], Decimal)
