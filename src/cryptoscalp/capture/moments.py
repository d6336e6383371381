"""Events without a venue id are handed on by whole moments.

Such events are told from stored ones by content within one timestamp (schema decision S3), so all
of a file's events of one timestamp have to be compared at once: equal rows in one file are
distinct events, and those of a chunk must not be taken for those that an earlier chunk stored.
Rows are held back until their moment is over. A file of up to HELD_ROWS such rows may be in any
order; a longer one has to be in time order, oldest or newest first, but for SLACK. A row that
comes later than that goes to quarantine: whether it is stored already cannot be told any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from cryptoscalp.capture.account import Stream
from cryptoscalp.capture.chunk import Reject
from cryptoscalp.capture.prepare import Prepared
from cryptoscalp.capture.tickkind import QUOTES, TRADES, TickKind
from cryptoscalp.capture.validation import QuarantineReason

HELD_ROWS: Final = 250_000
#: Rows that one part has at most, when it is cut between moments.
PART_ROWS: Final = 20_000
SLACK: Final = timedelta(seconds=60)
Raw = Callable[[int], bytes]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def whole_moments(
    parts: Iterable[tuple[Prepared, Raw]], *, held_rows: int = HELD_ROWS
) -> Iterator[Prepared]:
    """Give the parts on, rows without ids only when all rows of their moment have come.

    Takes each part with the raw records of its chunk. Rows in equal rows out, but for the late
    ones, which are refused. What comes out last may span more days than one transaction takes.
    """
    moments = Moments(held_rows)
    for part, raw in parts:
        yield moments.add(part, raw)
    if (rest := moments.rest()) is not None:
        yield rest


class Moments:
    """Holds the rows without ids of one file back until their moment is over."""

    def __init__(self, held_rows: int = HELD_ROWS) -> None:
        self._trades, self._quotes = _Held(TRADES, held_rows), _Held(QUOTES, held_rows)
        self._empty: Prepared | None = None

    def add(self, part: Prepared, raw: Raw) -> Prepared:
        """The part with those of its rows, and of earlier ones, whose moment is over."""
        if not (self._trades.concerns(part.trades) or self._quotes.concerns(part.quotes)):
            return part
        self._empty = part.without_events()
        trades, late_trades = self._trades.take(part.trades, raw)
        quotes, late_quotes = self._quotes.take(part.quotes, raw)
        refused = (*part.refused, *late_trades, *late_quotes)
        return replace(part, trades=trades, quotes=quotes, refused=refused)

    def rest(self) -> Prepared | None:
        """What is still held, after the last part; None when nothing ever was."""
        if self._empty is None:
            return None
        trades = self._trades.rest(self._empty.trades)
        return replace(self._empty, trades=trades, quotes=self._quotes.rest(self._empty.quotes))


def between_moments(part: Prepared, *, most: int = PART_ROWS) -> Iterator[Prepared]:
    """Cut a part of many rows into several of about `most`, all rows of a moment in one.

    What is held for long comes out at once; a transaction and its comparisons stay small.
    """
    stamps = pl.concat([part.trades["timestamp"], part.quotes["timestamp"]])
    if len(stamps) <= most:
        yield part
        return
    starts = [None, *stamps.sort().gather_every(most, most).unique().sort().to_list()]
    rest = part.without_events()
    for low, high in zip(starts, [*starts[1:], None], strict=True):
        inside = pl.lit(True)
        if low is not None:
            inside &= pl.col("timestamp") >= low
        if high is not None:
            inside &= pl.col("timestamp") < high
        trades, quotes = part.trades.filter(inside), part.quotes.filter(inside)
        yield replace(rest if low is not None else part, trades=trades, quotes=quotes)


@dataclass(frozen=True, slots=True)
class _Edge:
    """Up to where a stream's rows were given on: all before `at`, or all after it."""

    at: datetime
    ascending: bool


class _Held:
    def __init__(self, kind: TickKind, most: int) -> None:
        self._kind = kind
        self._key = ["exchange", "symbol", kind.stream]
        self._most = most
        self._rows: pl.DataFrame | None = None
        self._edges: dict[Stream, _Edge] = {}

    def concerns(self, frame: pl.DataFrame) -> bool:
        return frame["sequence"].null_count() > 0 or self._rows is not None

    def take(self, frame: pl.DataFrame, raw: Raw) -> tuple[pl.DataFrame, list[Reject]]:
        """Add a part's rows; return those whose moment is over, and those that came too late.

        Rows with ids are held too once there are others: both of one moment are stored at once,
        or one that stands beside an equal one with an id would be taken for it.
        """
        if not self.concerns(frame):
            return frame, []
        on_time, late = self._on_time(frame)
        numbered = pl.col("sequence").is_not_null()
        ready = [late.filter(numbered)]
        self._rows = on_time if self._rows is None else pl.concat([self._rows, on_time])
        if self._rows.height > self._most:
            ready += self._release()
        refused = late.filter(~numbered).iter_rows(named=True)
        return pl.concat(ready), [self._refused(row, raw) for row in refused]

    def rest(self, none: pl.DataFrame) -> pl.DataFrame:
        """Return what is still held, after the last part."""
        rows, self._rows = self._rows, None
        return none if rows is None else rows

    def _on_time(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        if not self._edges:
            return rows, rows.clear()
        edges = pl.DataFrame(
            [(*stream, edge.at, edge.ascending) for stream, edge in self._edges.items()],
            schema=dict.fromkeys(self._key, pl.String)
            | {"_at": rows.schema["timestamp"], "_ascending": pl.Boolean},
            orient="row",
        )
        late = (
            pl.when("_ascending")
            .then(pl.col("timestamp") < pl.col("_at"))
            .otherwise(pl.col("timestamp") > pl.col("_at"))
            .fill_null(False)
        )
        told = rows.join(edges, on=self._key, how="left", maintain_order="left").with_columns(
            late.alias("_late")
        )
        return (
            told.filter(~pl.col("_late")).select(rows.columns),
            told.filter("_late").select(rows.columns),
        )

    def _release(self) -> list[pl.DataFrame]:
        """Give out each stream's rows up to its edge; less slack where that frees too little."""
        assert self._rows is not None
        released, kept = [], []
        for key, rows in self._rows.group_by(self._key, maintain_order=True):
            stream = Stream(*map(str, key))
            ascending = self._ascending(stream, rows["timestamp"])
            if ascending is None:
                kept.append(rows)
                continue
            for slack in (SLACK, timedelta(0)):
                time = pl.col("timestamp")
                at = time.max() - slack if ascending else time.min() + slack
                over = rows.filter(time < at if ascending else time > at)
                if 2 * over.height >= rows.height:
                    break
            edge = rows.select(at).item()
            known = self._edges.get(stream)
            if known is None or (edge > known.at) is ascending:
                self._edges[stream] = _Edge(edge, ascending)
            released.append(over)
            kept.append(rows.filter(~(time < at if ascending else time > at)))
        self._rows = pl.concat(kept)
        return released

    def _ascending(self, stream: Stream, times: pl.Series) -> bool | None:
        known = self._edges.get(stream)
        if known is not None:
            return known.ascending
        return None if times[0] == times[-1] else bool(times[-1] > times[0])

    def _refused(self, row: dict[str, object], raw: Raw) -> Reject:
        stream = Stream(*(str(row[name]) for name in self._key))
        line, when = row["line"], row["timestamp"]
        assert isinstance(line, int)
        assert isinstance(when, datetime)
        edge = self._edges[stream]
        order = "before" if edge.ascending else "after"
        return Reject(
            line=line,
            reason=QuarantineReason.OUT_OF_ORDER,
            detail=f"{when.isoformat()} is {order} {edge.at.isoformat()}, which was read already,"
            " and has no id; sort the file by time and import it again",
            raw=raw(line),
            exchange=stream.exchange,
            symbol=stream.symbol,
            stream=stream.stream,
            timestamp_us=(when - _EPOCH) // timedelta(microseconds=1),
        )
