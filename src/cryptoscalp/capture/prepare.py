"""Validated events, ready for one transaction, and the records that were refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import polars as pl

from cryptoscalp.capture.account import UNKNOWN, Stream
from cryptoscalp.capture.chunk import Chunk, Reject
from cryptoscalp.capture.decimals import from_float
from cryptoscalp.capture.validation import validate_quotes, validate_trades

#: New partitions that one transaction may need (S6).
MAX_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class Prepared:
    """Events of one transaction: `trades` and `quotes` validated, `refused` for quarantine."""

    trades: pl.DataFrame
    quotes: pl.DataFrame
    refused: tuple[Reject, ...]
    ignored: Mapping[Stream, int]
    rounded: int = 0

    @property
    def days(self) -> list[date]:
        """The UTC days that the events fall on, ascending."""
        stamps = pl.concat([self.trades["timestamp"], self.quotes["timestamp"]])
        return stamps.dt.date().unique().sort().to_list()


def prepare(chunk: Chunk, *, now_us: int) -> Iterator[Prepared]:
    """Validate a chunk; more than one part comes out when it spans over 366 days of events."""
    trades, bad_trades = validate_trades(chunk.trades, now_us=now_us)
    quotes, bad_quotes = validate_quotes(chunk.quotes, now_us=now_us)
    refused = [
        *chunk.rejects,
        *_refused(chunk, chunk.trades, bad_trades, "feed"),
        *_refused(chunk, chunk.quotes, bad_quotes, "source"),
    ]
    ignored = {Stream(*key): count for key, count in chunk.ignored.items()}
    rounded = _rounded(chunk.trades, trades) + _rounded(chunk.quotes, quotes)
    whole = Prepared(trades, quotes, tuple(refused), ignored, rounded)
    days = whole.days
    if len(days) <= MAX_DAYS:
        yield whole
        return
    for start in range(0, len(days), MAX_DAYS):
        part = days[start : start + MAX_DAYS]
        inside = pl.col("timestamp").dt.date().is_between(part[0], part[-1])
        cut = replace(whole, trades=trades.filter(inside), quotes=quotes.filter(inside))
        yield cut if start == 0 else replace(cut, refused=(), ignored={}, rounded=0)


def joined(parts: Sequence[Prepared]) -> list[Prepared]:
    """Neighbouring parts as one, as long as one transaction's days hold them."""
    found: list[Prepared] = []
    for part in parts:
        if found:
            one = _join(found[-1], part)
            if len(one.days) <= MAX_DAYS:
                found[-1] = one
                continue
        found.append(part)
    return found


def _join(a: Prepared, b: Prepared) -> Prepared:
    ignored = dict(a.ignored)
    for stream, count in b.ignored.items():
        ignored[stream] = ignored.get(stream, 0) + count
    return Prepared(
        pl.concat([a.trades, b.trades]),
        pl.concat([a.quotes, b.quotes]),
        a.refused + b.refused,
        ignored,
        a.rounded + b.rounded,
    )


def day_ranges(days: list[date]) -> list[tuple[date, date]]:
    """Ascending days as ranges (first, last) without holes."""
    ranges: list[tuple[date, date]] = []
    for day in days:
        if ranges and day - ranges[-1][1] <= timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


def stream_of(reject: Reject) -> Stream:
    """The stream a refused record is counted under."""
    if reject.exchange and reject.symbol and reject.stream and len(reject.symbol) <= 64:
        names = (reject.exchange[:32], reject.symbol, reject.stream)
        return Stream(*(name.replace("\0", "?") for name in names))
    return UNKNOWN


def _rounded(rows: pl.DataFrame, good: pl.DataFrame) -> int:
    """How many float values of the rows that are kept lost digits at the 18th decimal."""
    if not any(dtype.is_float() for dtype in rows.dtypes):
        return 0
    kept = rows.select("line", pl.col(pl.Float64)).join(good, on="line", how="semi")
    return sum(from_float(kept[name]).rounded for name in kept.columns[1:])


def _refused(chunk: Chunk, rows: pl.DataFrame, bad: pl.DataFrame, stream: str) -> Iterator[Reject]:
    if bad.is_empty():
        return
    described = bad.join(rows, on="line", how="left", maintain_order="left")
    for row in described.iter_rows(named=True):
        yield Reject(
            line=row["line"],
            reason=row["reason"],
            detail=row["detail"],
            raw=chunk.raw(row["line"]),
            exchange=row["exchange"],
            symbol=row["symbol"],
            stream=row[stream],
            timestamp_us=row["timestamp"],
        )
