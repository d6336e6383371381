"""Trades to candles, whole columns at a time: the same candles the database's trigger makes."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import polars as pl

#: Decimal(38, 18) holds 20 integer digits.
SUM_LIMIT: Final = Decimal(10) ** 20


def sums_fit(trades: pl.DataFrame) -> bool:
    """Whether no sum of these volumes can leave Decimal(38, 18)."""
    largest = trades["volume"].max()
    return isinstance(largest, Decimal) and largest * trades.height < SUM_LIMIT


def candles_of(trades: pl.DataFrame) -> pl.DataFrame:
    """1-second and 1-minute candles of trades, keyed and sorted as the table is.

    `trades` has symbol, exchange, timestamp (Datetime µs UTC), sequence, price and volume
    (Decimal), all of canonical feeds, sorted by (symbol, exchange, timestamp, sequence). The sum
    of volumes must fit Decimal(38, 18); the caller sees to it.
    """
    seconds = (
        trades.group_by(
            "symbol",
            "exchange",
            pl.col("timestamp").dt.truncate("1s").alias("bucket"),
            maintain_order=True,
        )
        .agg(
            pl.col("price").first().alias("open"),
            pl.col("price").max().alias("high"),
            pl.col("price").min().alias("low"),
            pl.col("price").last().alias("close"),
            pl.col("volume").sum(),
            pl.len().cast(pl.Int64).alias("trade_count"),
            pl.col("timestamp").first().alias("open_at"),
            pl.col("sequence").first().alias("open_sequence"),
            pl.col("timestamp").last().alias("close_at"),
            pl.col("sequence").last().alias("close_sequence"),
        )
        .rename({"bucket": "timestamp"})
    )
    minutes = (
        seconds.group_by(
            "symbol",
            "exchange",
            pl.col("timestamp").dt.truncate("1m").alias("bucket"),
            maintain_order=True,
        )
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
            pl.col("trade_count").sum(),
            pl.col("open_at").first(),
            pl.col("open_sequence").first(),
            pl.col("close_at").last(),
            pl.col("close_sequence").last(),
        )
        .rename({"bucket": "timestamp"})
    )
    return pl.concat(
        [
            seconds.with_columns(pl.lit("1s").alias("interval")),
            minutes.with_columns(pl.lit("1m").alias("interval")),
        ]
    ).with_columns(pl.lit("computed").alias("source"))
