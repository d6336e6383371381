"""What differs between the tables of states for the code that writes them.

A state is what a venue says of an instrument at one moment: a candle, a mark price, a funding
rate. There is one for each key, so unlike a tick it needs no id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString

import polars as pl

from cryptoscalp.market.buckets import STORED_SECONDS

_MINUTE_US: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class StateKind:
    """One table of states.

    `table` also names its frame in `Prepared` and its advisory lock. Two states of one key are
    the same when the `said` values are equal and the `maybe` ones too, where both have one: what
    a source does not say contradicts nothing. `part` is a further column of the key. Stored
    states within `reach_us` of a new one are read with it, so that a dense batch asks for one
    range. `copied` are stored beside the key and the values.
    """

    table: LiteralString
    said: tuple[LiteralString, ...]
    maybe: tuple[LiteralString, ...]
    stream: pl.Expr
    reach_us: pl.Expr
    part: LiteralString | None = None
    copied: tuple[str, ...] = ()

    @property
    def key(self) -> list[str]:
        """What there is one state of."""
        return ["symbol", "exchange", *([self.part] if self.part else []), "timestamp"]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that COPY sends, in order."""
        return (*self.key, *self.said, *self.maybe, *self.copied, "batch_id")


CANDLES: Final = StateKind(
    table="candles",
    said=("open", "high", "low", "close", "volume"),
    maybe=("trade_count",),
    stream=pl.format("candle_{}", "interval"),
    reach_us=pl.col("interval").replace_strict(
        {name: 4_000_000 * seconds for name, seconds in STORED_SECONDS.items()},
        return_dtype=pl.Int64,
    ),
    part="interval",
    copied=("source",),
)
MARK_PRICES: Final = StateKind(
    table="mark_prices",
    said=("mark_price",),
    maybe=("index_price",),
    stream=pl.lit("mark_price"),
    reach_us=pl.lit(_MINUTE_US),
    copied=("received_at",),
)
FUNDING_RATES: Final = StateKind(
    table="funding_rates",
    said=("funding_rate",),
    maybe=("funding_time", "predicted_rate"),
    stream=pl.lit("funding_rate"),
    reach_us=pl.lit(60 * _MINUTE_US),
    copied=("received_at",),
)
#: In the order in which a transaction writes them.
STATES: Final = (CANDLES, MARK_PRICES, FUNDING_RATES)
