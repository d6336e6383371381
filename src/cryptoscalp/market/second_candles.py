"""Flow: 1-second candles, of days in the cold tier made of the trades that lie there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal
from functools import reduce
from typing import Final

import polars as pl
import pyarrow as pa

from cryptoscalp.infra.cold.floats import to_float64
from cryptoscalp.infra.cold.lake import Lake
from cryptoscalp.infra.db.flow import Flow, using
from cryptoscalp.market.aggregate import SUM_LIMIT, candles_of, sums_fit
from cryptoscalp.market.names import Known
from cryptoscalp.market.stored_candles import NUMBERS, SCHEMA, stored, too_wide
from cryptoscalp.market.tiers import Stretch, joined, read_tiers

_SECOND: Final = timedelta(seconds=1)
_TICKS: Final = ("timestamp", "sequence", "price", "volume")
#: 28 digits, Python's default, are too few for a sum of sizes.
_WIDE: Final = Context(prec=100)


def second_candles(
    known: Known, low: datetime, high: datetime, exact: bool
) -> Flow[tuple[pl.DataFrame, Sequence[Stretch]]]:
    """1-second candles that begin in [low, high), by time, and which tier they came from.

    Columns as in `stored`. Imported ones always lie in PostgreSQL; computed ones follow the
    trades of the canonical feed and are gone from it once these are in the cold tier.
    """

    def hot(start: datetime, end: datetime) -> Flow[pa.Table]:
        frame = yield from stored(known.symbol, known.exchange, "1s", _SECOND, start, end, exact)
        return _arrow(frame)

    def cold(start: datetime, end: datetime, holding: int) -> Flow[pa.Table]:
        from cryptoscalp.market.kept import MARKET_DATA

        imported = yield from stored(
            known.symbol, known.exchange, "1s", _SECOND, start, end, exact, imported_only=True
        )
        ticks = yield from using(
            Lake,
            lambda lake: lake.read(
                MARKET_DATA,
                known.exchange,
                known.symbol,
                start,
                end,
                columns=_TICKS,
                where={"feed": known.canonical_feed or "trade"},
                holding=holding,
            ),
        )
        computed = _candles(pl.DataFrame(ticks), known, exact)
        return _arrow(pl.concat([imported, computed]).sort("timestamp", maintain_order=True))

    pieces = yield from read_tiers(
        "market_data", known.exchange, known.symbol, low, high, hot, cold
    )
    frame = pl.DataFrame(joined(pieces)).cast(_schema(exact))
    return frame, [piece.stretch for piece in pieces]


def _candles(ticks: pl.DataFrame, known: Known, exact: bool) -> pl.DataFrame:
    """Computed candles of one instrument's trades, as `stored` gives them."""
    if ticks.is_empty():
        return pl.DataFrame(schema=_schema(exact))
    labelled = ticks.with_columns(
        pl.lit(known.symbol).alias("symbol"), pl.lit(known.exchange).alias("exchange")
    )
    sums: list[Decimal] = []
    if not sums_fit(ticks):
        seconds = pl.col("timestamp").dt.truncate("1s")
        grouped = ticks.group_by(seconds, maintain_order=True).agg("volume")["volume"]
        sums = [reduce(_WIDE.add, volumes) for volumes in grouped.to_list()]
        labelled = labelled.with_columns(pl.lit(0).cast(SCHEMA["volume"]).alias("volume"))
    made = candles_of(labelled).filter(pl.col("interval") == "1s").select(SCHEMA.names())
    if exact and any(one >= SUM_LIMIT for one in sums):
        raise too_wide(known.symbol)
    if not exact:
        table = _arrow(made)
        made = made.with_columns(
            pl.Series(name, to_float64(table[name]), pl.Float64()) for name in NUMBERS
        )
    if sums:
        held = sums if exact else [float(one) for one in sums]
        made = made.with_columns(pl.Series("volume", held, _schema(exact)["volume"]))
    return made


def _schema(exact: bool) -> pl.Schema:
    return SCHEMA if exact else pl.Schema({**SCHEMA, **dict.fromkeys(NUMBERS, pl.Float64())})


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
