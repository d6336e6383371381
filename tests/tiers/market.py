"""Three days of everything that is read by time, its reads, and its way into the cold tier."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

import pyarrow as pa

from cryptoscalp import AsyncDatabase, Continuity
from tests.capture.storing import candle, chunk_of, funding, mark, store
from tests.faces import NOON, at, quote, table, trade
from tests.postgres import Place
from tests.retention.days import age

DAY = NOON.date()
DAY_US = 86_400_000_000
#: Midnight after `DAY`, in µs past noon.
MIDNIGHT = DAY_US // 2
START = at(-MIDNIGHT)
END = START + timedelta(days=3)
TABLES = ("market_data", "order_book_l1", "mark_prices", "funding_rates")
#: Values whose nearest float64 is easily missed: ends of the domain, ties, long fractions.
_NASTY = (
    "0.000000000000000001", "99999999999999999999.999999999999999999", "9007199254740993",
    "9007199254740993.000000000000000001", "9007199254740992.999999999999999999",
    "0.100000000000000005", "0.3", "61837.63", "123456789.123456789123456789",
    "4503599627370496.5", "4503599627370497.5", "72057594037927945", "1",
)  # fmt: skip


def trades(seed: int = 1, count: int = 120, **changes: Any) -> list[dict[str, Any]]:
    """Trades of three days; several at each side of every midnight."""
    chance = random.Random(seed)
    times = [chance.randrange(-MIDNIGHT, 5 * MIDNIGHT) for _ in range(count)]
    for border in (MIDNIGHT, 3 * MIDNIGHT):
        times += [border + step for step in (-900_000, -1, 0, 0, 1, 700_000, 1_500_000)]
    return [
        trade(
            when, seed * 100_000 + n, received_at=at(when + 5),
            price=_NASTY[n % len(_NASTY)], volume=_NASTY[-n % len(_NASTY)],
            side=("BUY", "SELL", None)[n % 3], **changes,
        )
        for n, when in enumerate(sorted(times))
    ]  # fmt: skip


async def fill(db: AsyncDatabase) -> list[int]:
    """Store it all; the numbers of the batches."""
    batches = []
    for rows in (
        trades(1), trades(2, feed="agg_trade"), trades(3, symbol="ETHUSDT"),
        trades(4, 40, symbol="ETHUSDT"),
    ):  # fmt: skip
        await db.capture.write_trades(table(rows), continuity=Continuity.CONSECUTIVE_IDS)
        batches.append((await db.market.batches(1))[0].batch_id)
    for source in ("ticker", "depth"):
        rows = [
            quote(_us(one["timestamp"]), n, source=source,
                  bid_price=f"{n + 1}.5", ask_price=f"{n + 2}", bid_volume=one["volume"])
            for n, one in enumerate(trades(5))
        ]  # fmt: skip
        await db.capture.write_quotes(table(rows), continuity=Continuity.SESSION)
        batches.append((await db.market.batches(1))[0].batch_id)
    hours = range(-12, 60)
    chunk = chunk_of(
        [candle(n * 60 + 7, exchange="binance", interval="1s") for n in hours],
        [mark(n * 3600, _NASTY[n % len(_NASTY)], exchange="binance") for n in hours],
        [funding(n * 3600, exchange="binance", predicted_rate="0.3") for n in hours],
    )
    batches.append((await store(db, chunk))[0])
    return batches


def _us(moment: datetime) -> int:
    return (moment - NOON) // timedelta(microseconds=1)


async def cool(db: AsyncDatabase, place: Place, *, days: int = 2) -> None:
    """Move the first days of all tables out of PostgreSQL; the others stay under a hold."""
    for name in TABLES:
        first = DAY + timedelta(days=days)
        await db.retention.hold(name, first, DAY + timedelta(days=9), "stays", "a test")
    age(place)
    report = await db.retention.run()
    assert not [one for one in report.done if one.outcome == "failed"], report
    moved = {(one.table, one.day) for one in report.done if one.outcome == "moved"}
    assert moved == {(name, DAY + timedelta(days=n)) for name in TABLES for n in range(days)}


async def reads(db: AsyncDatabase, *only: str) -> Mapping[str, pa.Table]:
    """Every read by time, over several ranges (or `only` some), as float64 and exact."""
    found: dict[str, pa.Table] = {}
    market = db.market
    border = datetime.combine(DAY + timedelta(days=2), time(), START.tzinfo)
    spans = {
        "all": (START, END),
        "across the border": (border - timedelta(milliseconds=800), border + timedelta(seconds=1)),
        "up to the border": (border - timedelta(hours=3), border),
        "one cold moment": (at(MIDNIGHT), at(MIDNIGHT + 1)),
        "nothing": (at(MIDNIGHT + 2), at(MIDNIGHT + 3)),
    }
    for span in only or spans:
        start, end = spans[span]
        for exact in (False, True):
            for symbol in ("BTCUSDT", "ETHUSDT"):
                key = f"{symbol} {span} {exact}"
                found[f"trades {key}"] = await market.trades(symbol, start, end, exact=exact)
            key = f"{span} {exact}"
            found[f"agg {key}"] = await market.trades(
                "BTCUSDT", start, end, feed="agg_trade", exact=exact
            )
            for source in ("ticker", "depth"):
                found[f"{source} {key}"] = await market.quotes(
                    "BTCUSDT", start, end, source=source, exact=exact
                )
            for name in ("mark_prices", "funding_rates", "events", "trades_with_quotes"):
                found[f"{name} {key}"] = await getattr(market, name)(
                    "BTCUSDT", start, end, exact=exact
                )
    for interval in ("1s", "1m", "5m", "1h", "1d"):
        for first, last in ((START, END), (None, None), (border - timedelta(hours=1), END)):
            found[f"candles {interval} {first}"] = await market.candles(
                "BTCUSDT", interval, first, last
            )
    for low, high in ((border - timedelta(minutes=3), border), (at(MIDNIGHT + 30_000_000),) * 2):
        found[f"filled {low}"] = await market.candles(
            "BTCUSDT", "1s", low, high + timedelta(minutes=2), fill="previous"
        )
    return found


def same(found: Mapping[str, pa.Table], expected: Mapping[str, pa.Table]) -> None:
    """Both have the same answers; each answer the same schema and rows in the same order."""
    assert found.keys() == expected.keys()
    for name, one in found.items():
        assert one.schema == expected[name].schema, name
        assert one.equals(expected[name]), name
