"""Candles: one day of 1-minute candles that ticks have made, and the same day in hours."""

from __future__ import annotations

import time
from typing import Final

from bench import made
from bench.figures import Bar, Figure, Section, latency
from bench.place import Place
from cryptoscalp import Continuity
from cryptoscalp.market.types import Interval

NAME: Final = "candles"
_BAR: Final = Bar("figure", "<", 5)
_QUERY: Final = (
    "SELECT timestamp, open, high, low, close, volume, trade_count, source::text FROM candles"
    " WHERE symbol = %s AND exchange = %s AND interval = '1m'"
    " AND timestamp >= %s AND timestamp < %s"
)
_WARM_UP: Final = 20


def measure(place: Place, quick: bool) -> Section:
    """Read the day of one of four instruments, in turn with the bare rows."""
    trades, calls = (20_000, 20) if quick else (240_000, 500)
    symbol = made.symbols(4)[0]
    figures: list[Figure] = []
    with place.connect() as db, place.bare() as bare:
        table = made.trades(trades, 4, seconds=86_400)
        db.capture.write_trades(table, continuity=Continuity.CONSECUTIVE_IDS)
        place.settle()
        asked = (symbol, made.EXCHANGE, made.DAY, made.NEXT_DAY)
        intervals: tuple[tuple[Interval, int], ...] = (("1m", 1_440), ("1h", 24))
        for interval, count in intervals:
            ours: list[float] = []
            peer: list[float] = []
            for _ in range(_WARM_UP + calls):
                began = time.perf_counter()
                rows = bare.execute(_QUERY, asked, binary=True).fetchall()
                between = time.perf_counter()
                found = db.market.candles(symbol, interval, made.DAY, made.NEXT_DAY, made.EXCHANGE)
                ours.append(time.perf_counter() - between)
                peer.append(between - began)
                if not quick and (found.num_rows, len(rows)) != (count, 1_440):
                    raise AssertionError(f"{found.num_rows} candles of {interval}, not {count}")
            figures += latency(
                f"a day of {interval} candles ({found.num_rows:,})",
                ours[_WARM_UP:],
                peer[_WARM_UP:],
                {"p99": (_BAR,)},
                unit="ms",
            )
    return Section(
        NAME,
        f"market.candles to Arrow, float64, with `complete`: psycopg 3 (C); {calls:,} calls a line",
        "fetching the day's stored 1-minute rows with psycopg 3 as tuples, call by call in turn",
        place.settings(),
        figures,
    )
