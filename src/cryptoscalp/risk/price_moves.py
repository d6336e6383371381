"""Flow: how prices moved from candle to candle, as far as they had ended by a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.market.buckets import EPOCH, step_of
from cryptoscalp.market.candles import candles
from cryptoscalp.market.types import Interval
from cryptoscalp.risk.measure_types import Doubles
from cryptoscalp.risk.scenarios import Moves

_MOST_PERIODS: Final = 20_000
_US: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, eq=False)
class PriceMoves:
    """Moves of `count` periods; `data_cut` is the end of the last candle that any price has."""

    moves: Moves
    count: int
    data_cut: datetime | None


#: The moves of instruments over a range, and the end of the last candle, as they were read.
ReadMoves: TypeAlias = dict[
    tuple[str, str, str, datetime, datetime], tuple[Doubles, datetime | None]
]


def periods(horizon: Interval, lookback: timedelta) -> int:
    """How many periods a lookback has; InputError where it is not some of them."""
    step = step_of(horizon)
    count = lookback // step
    if not 2 <= count <= _MOST_PERIODS:
        raise InputError(
            f"a lookback of {lookback} has {count:,} periods of {horizon}; take 2 to"
            f" {_MOST_PERIODS:,}"
        )
    return count


def price_moves(
    instruments: Iterable[tuple[str, str]],
    horizon: Interval,
    lookback: timedelta,
    at: datetime,
    read: ReadMoves | None = None,
) -> Flow[PriceMoves]:
    """The relative moves of closing prices over the periods that had ended by `at`.

    A period without a trade is a move of zero where everything was received, and NaN where trades
    may be missing. What is in `read` is not read again; what is read is added to it. Raises
    InputError for a horizon or lookback that is none.
    """
    step, count = step_of(horizon), periods(horizon, lookback)
    end = EPOCH + (at - EPOCH) // step * step
    start = end - (count + 1) * step
    held: ReadMoves = {} if read is None else read
    moves: dict[tuple[str, str], Doubles] = {}
    cuts: list[datetime] = []
    for symbol, exchange in sorted(set(instruments)):
        key = symbol, exchange, horizon, start, end
        if key not in held:
            table = yield from candles(symbol, horizon, start, end, exchange, fill="previous")
            held[key] = _moves(pl.DataFrame(table), start, step, count)
        moves[symbol, exchange], cut = held[key]
        cuts += [cut] if cut else []
    return PriceMoves(moves, count, max(cuts, default=None))


def _moves(
    frame: pl.DataFrame, start: datetime, step: timedelta, count: int
) -> tuple[Doubles, datetime | None]:
    start_us, step_us = ((start - EPOCH) // _US, step // _US)
    # Shown at the previous close: a price where nothing can be missing, else a hole.
    known = frame.filter((pl.col("source") != "filled") | pl.col("complete").fill_null(False))
    places = (known["timestamp"].dt.epoch("us").to_numpy() - start_us) // step_us
    closes = np.full(count + 1, np.nan)
    closes[places] = known["close"].to_numpy()
    last = known["timestamp"].max()
    return closes[1:] / closes[:-1] - 1, last + step if isinstance(last, datetime) else None
