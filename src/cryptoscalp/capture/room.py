"""Flow: everything that a batch needs in PostgreSQL before its transaction begins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from cryptoscalp.capture.identity import RECEIVE_CLOCK_US, Int64s
from cryptoscalp.capture.periods import Period, making
from cryptoscalp.capture.prepare import Prepared
from cryptoscalp.capture.selection import windows_of
from cryptoscalp.capture.statekind import FUNDING_RATES, MARK_PRICES
from cryptoscalp.capture.tickkind import QUOTES, TRADES
from cryptoscalp.infra.cold.types import Part
from cryptoscalp.infra.db.flow import Flow, aside
from cryptoscalp.market.thaw import cold_among, thaw_all

#: Retention leaves days alone that have not been over for two days; the clocks may differ.
_YOUNG: Final = timedelta(days=1)
_WINDOW: Final = timedelta(microseconds=RECEIVE_CLOCK_US)
_DAY_US: Final = 86_400_000_000
_EPOCH: Final = date(1970, 1, 1)


def make_room(part: Prepared, partitioned: frozenset[Period] = frozenset()) -> Flow[None]:
    """Make the partitions that a batch needs, and bring back what it touches in the cold tier.

    `partitioned` are periods known to have their partitions; of old days it is not believed,
    because retention may have dropped an empty one. A batch of young events asks nothing.
    """
    young = (datetime.now(UTC) - _YOUNG).date()
    for make in making(part.periods - {one for one in partitioned if one.first >= young}):
        yield from aside(make)
    yield from bring_back(part, before=young)


def bring_back(part: Prepared, before: date = date.max) -> Flow[None]:
    """Bring back the days in the cold tier in which a batch's events, or their twins, may lie."""
    touched = [one for one in _touched(part, before) if one.day < before]
    if touched:
        cold = yield from aside(lambda: cold_among(touched))
        yield from thaw_all(cold)


def _touched(part: Prepared, before: date) -> Iterator[Part]:
    for frame, kind in ((part.trades, TRADES), (part.quotes, QUOTES)):
        if _has_old(frame, before):
            yield from _parts(kind.table, frame, windows_of(frame))
    for state in (MARK_PRICES, FUNDING_RATES):
        frame = getattr(part, state.table)
        if _has_old(frame, before):
            yield from _parts(state.table, frame, np.zeros(frame.height, dtype=np.int64))


def _has_old(frame: pl.DataFrame, before: date) -> bool:
    earliest = frame["timestamp"].min()
    return isinstance(earliest, datetime) and (earliest - _WINDOW).date() < before


def _parts(table: str, frame: pl.DataFrame, windows_us: Int64s) -> Iterator[Part]:
    moment, window = pl.col("timestamp").dt.epoch("us"), pl.lit(pl.Series(windows_us))
    days = frame.select(
        "exchange",
        "symbol",
        low=(moment - window) // _DAY_US,
        high=(moment + window) // _DAY_US,
    ).unique()
    for exchange, symbol, low, high in days.iter_rows():
        for day in {low, high}:
            yield Part(table, _EPOCH + timedelta(days=day), exchange, symbol)
