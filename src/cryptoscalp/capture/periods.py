"""The partitions that events need, as periods: days of ticks, months of candles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Final, Literal, NamedTuple, TypeAlias

import polars as pl

from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.market.partitions import ensure_partitions

#: New partitions of one table that one transaction may need (S6).
MOST_PERIODS: Final = 366

Kind: TypeAlias = Literal["ticks", "candles_1s", "candles_long", "mark_prices", "funding_rates"]
_MONTHLY: Final = "candles_long"


class Period(NamedTuple):
    """A day, or the first day of a month of `candles_long`, that has partitions of its own.

    The kind is a table, or "ticks" for the tick tables with the candles that follow from them.
    """

    kind: Kind
    first: date


def days(kind: Kind, times: pl.Series) -> Iterator[Period]:
    """The UTC days that timestamps fall on."""
    if times.is_empty():
        return
    for day in times.dt.date().unique().to_list():
        yield Period(kind, day)


def months(times: pl.Series) -> Iterator[Period]:
    """The UTC months that starts of long candles fall on."""
    for day in times.dt.date().dt.truncate("1mo").unique().to_list():
        yield Period(_MONTHLY, day)


def making(periods: Iterable[Period]) -> Iterator[Callable[[], Flow[int]]]:
    """Flows that make the partitions of the periods, each a range without holes."""
    for kind, group in groupby(sorted(periods), key=lambda period: period.kind):
        for first, last in _ranges([period.first for period in group], monthly=kind == _MONTHLY):
            yield _making(kind, first, last)


def _making(kind: Kind, first: date, last: date) -> Callable[[], Flow[int]]:
    low = datetime.combine(first, time(), UTC)
    high = datetime.combine(last, time.max, UTC)
    tables = None if kind == "ticks" else (kind,)
    return lambda: ensure_partitions(low, high, tables)


def _ranges(firsts: list[date], *, monthly: bool) -> list[tuple[date, date]]:
    """Ascending beginnings of periods as ranges without holes, none longer than MOST_PERIODS."""
    ranges: list[tuple[date, date]] = []
    length = 0
    for first in firsts:
        if ranges and length < MOST_PERIODS and first == _after(ranges[-1][1], monthly=monthly):
            ranges[-1] = (ranges[-1][0], first)
            length += 1
        else:
            ranges.append((first, first))
            length = 1
    return ranges


def _after(first: date, *, monthly: bool) -> date:
    if monthly:
        return (first + timedelta(days=31)).replace(day=1)
    return first + timedelta(days=1)
