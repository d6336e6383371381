"""Writing rows that are cut by day: a day that has no partition yet is made when one is missed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final, TypeVar

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, aside
from cryptoscalp.infra.db.translate import is_unplaced
from cryptoscalp.market.partitions import ensure_partitions

T = TypeVar("T")
#: Days that one batch may fall on (S6).
MOST_DAYS: Final = 366
_DAY: Final = timedelta(days=1)


def placed(table: str, days: Callable[[], Iterable[date]], write: Callable[[], Flow[T]]) -> Flow[T]:
    """Write by one statement; where a day has no partition, make those of `days` and write again.

    Nothing is looked up as long as the days are there. Not inside a transaction: the statement
    that fails would end it.
    """
    try:
        return (yield from write())
    except psycopg.errors.CheckViolation as error:
        if not is_unplaced(error):
            raise
    for first, last in _ranges(sorted(days())):
        low = datetime.combine(first, time(), UTC)
        yield from aside(partial(ensure_partitions, low, low + (last - first), [table]))
    return (yield from write())


def days_of(column: pa.ChunkedArray) -> list[date]:
    """The UTC days of a timestamp column; InputError for more than one batch may have."""
    found: list[date] = pc.unique(column.drop_null().cast(pa.date32())).to_pylist()
    if len(found) > MOST_DAYS:
        raise InputError(
            f"the rows fall on {len(found):,} days, a batch may have {MOST_DAYS};"
            " hand them over in parts"
        )
    return found


def _ranges(days: list[date]) -> Iterator[tuple[date, date]]:
    """Ascending days as ranges without holes."""
    first = last = None
    for day in days:
        if first is None or last is None:
            first = day
        elif day != last + _DAY:
            yield first, last
            first = day
        last = day
    if first is not None and last is not None:
        yield first, last
