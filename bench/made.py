"""Made-up ticks: seeded, with consecutive ids by symbol and exact prices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

DAY: Final = datetime(2024, 8, 8, tzinfo=UTC)
NEXT_DAY: Final = datetime(2024, 8, 9, tzinfo=UTC)
EXCHANGE: Final = "benchmark"
_EXACT: Final = pl.Decimal(38, 18)


def symbols(count: int) -> list[str]:
    """Names of instruments."""
    return [f"S{n:04d}USDT" for n in range(count)]


def trades(rows: int, instruments: int, *, seconds: float, seed: int = 1) -> pa.Table:
    """Trades of the first `seconds` of the day, in time order, their symbols in random order.

    Columns are those of `write_trades`; price and volume decimal128(38, 18), ids by symbol from 1.
    """
    rng = np.random.default_rng(seed)
    stamps = np.sort(rng.integers(0, int(seconds * 1_000_000), rows)) // 1000 * 1000
    which = rng.integers(0, instruments, rows)
    walk = 6_000_000 + np.cumsum(rng.integers(-3, 4, rows))
    frame = pl.DataFrame(
        {
            "timestamp": stamps + int(DAY.timestamp()) * 1_000_000,
            "symbol": pl.Series(symbols(instruments))[which],
            "ticks": walk,
            "lots": rng.integers(1, 5_000_000, rows),
            "side": pl.Series(["BUY", "SELL"])[rng.integers(0, 2, rows)],
        }
    ).select(
        pl.col("timestamp").cast(pl.Datetime("us", "UTC")),
        "symbol",
        pl.lit(EXCHANGE).alias("exchange"),
        pl.lit("trade").alias("feed"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("symbol").alias("sequence"),
        fixed("ticks", 2).alias("price"),
        fixed("lots", 5).alias("volume"),
        "side",
        (pl.col("timestamp") + 1_500).cast(pl.Datetime("us", "UTC")).alias("received_at"),
    )
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def quotes(instruments: int, at: datetime, sequence: int) -> pa.Table:
    """One quote of every instrument at one moment, in the columns of `write_quotes`."""
    rng = np.random.default_rng(sequence)
    frame = pl.DataFrame(
        {
            "timestamp": [at] * instruments,
            "symbol": symbols(instruments),
            "exchange": [EXCHANGE] * instruments,
            "sequence": [sequence] * instruments,
            "bid": rng.integers(1_000_000, 6_000_000, instruments),
            "lots": rng.integers(1, 5_000_000, instruments),
        },
        schema_overrides={"timestamp": pl.Datetime("us", "UTC")},
    ).with_columns((pl.col("bid") + 1).alias("ask"))
    return frame.select(
        "timestamp",
        "symbol",
        "exchange",
        "sequence",
        fixed("bid", 2).alias("bid_price"),
        fixed("lots", 5).alias("bid_volume"),
        fixed("ask", 2).alias("ask_price"),
        fixed("lots", 5).alias("ask_volume"),
    ).to_arrow(compat_level=pl.CompatLevel.oldest())


def parts(table: pa.Table, rows: int) -> Iterator[pa.Table]:
    """The table in batches of `rows`."""
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows)


def fixed(column: str, decimals: int) -> pl.Expr:
    """Integer ticks of the given decimals as an exact decimal, never by way of a float."""
    whole = pl.col(column) // 10**decimals
    rest = (pl.col(column) % 10**decimals).cast(pl.String).str.zfill(decimals)
    return pl.concat_str([whole.cast(pl.String), pl.lit("."), rest]).cast(_EXACT)
