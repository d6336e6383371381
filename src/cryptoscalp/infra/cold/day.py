"""One day of a table in the lake: whose rows lie in which files, and what a write changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa

from cryptoscalp.infra.cold.content import ContentHash
from cryptoscalp.infra.cold.reading import Files, Opened, Wanted
from cryptoscalp.infra.cold.runs import Run
from cryptoscalp.infra.cold.types import ColdTable, Content, Part
from cryptoscalp.infra.cold.windows import in_order, merged, moments, windows
from cryptoscalp.infra.cold.writing import DayWriter
from cryptoscalp.infra.db.errors import InputError

#: Additions to a part beyond this are not kept in memory: the part is written anew.
_ADDITIONS: Final = 1_000_000
#: A part that lies in so many files is written anew, so that reading it stays quick.
_SEGMENTS: Final = 8
_DAY: Final = 86_400_000_000

Key: TypeAlias = tuple[str, str]
"""(symbol, exchange)"""


@dataclass(frozen=True, slots=True)
class Segment:
    """One part's runs in one file, in the table's order."""

    file: Opened
    runs: Sequence[Run]


class Day:
    """The files of a day as they were when it was looked at."""

    def __init__(self, files: Files, table: ColdTable, opened: Iterable[Opened]) -> None:
        self._files = files
        self._table = table
        self.segments: dict[Key, list[Segment]] = defaultdict(list)
        for file in opened:
            runs: dict[Key, list[Run]] = defaultdict(list)
            for run in file.runs:
                runs[run.key].append(run)
            for key, found in runs.items():
                self.segments[key].append(Segment(file, found))

    def rows(self, segments: Sequence[Segment], wanted: Wanted) -> Iterator[pa.Table]:
        """Some segments' rows in the table's order, a row group of each at a time."""
        if len(segments) == 1:
            return self._stream(segments[0], wanted)
        exact = wanted.with_columns(self._table.order)
        streams = [self._stream(segment, exact) for segment in segments]
        return (rows.select(wanted.columns) for rows in merged(streams, self._table))

    def gather(
        self, segments: Sequence[Segment], wanted: Wanted, threads: ThreadPoolExecutor
    ) -> list[pa.Table]:
        """Some segments' rows in the table's order, several row groups at a time."""
        chosen = sorted(
            ((s.file, run) for s in segments for run in s.runs if wanted.touches(run)),
            key=lambda found: found[1].first,
        )
        apart = all(a.last < b.first for (_, a), (_, b) in pairwise(chosen))
        if not apart and len(segments) > 1:
            # Rows of several files interleave.
            exact = wanted.with_columns(self._table.order)
            rows = pa.concat_tables(self._read(chosen, exact, threads))
            return [in_order(rows, self._table).select(wanted.columns)]
        return self._read(chosen, wanted, threads)

    def _read(
        self, chosen: Sequence[tuple[Opened, Run]], wanted: Wanted, threads: ThreadPoolExecutor
    ) -> list[pa.Table]:
        def read(found: tuple[Opened, Run]) -> pa.Table:
            return self._files.run(self._table, *found, wanted)

        return list(threads.map(read, chosen)) if len(chosen) > 1 else [*map(read, chosen)]

    def _stream(self, segment: Segment, wanted: Wanted) -> Iterator[pa.Table]:
        for run in segment.runs:
            if wanted.touches(run):
                yield self._files.run(self._table, segment.file, run, wanted)


class Change:
    """Puts parts into a day: what is new goes to the writer, what it replaces is noted."""

    def __init__(self, day: Day, table: ColdTable, date_: date, writer: DayWriter) -> None:
        self._day = day
        self._table = table
        self._date = date_
        self._writer = writer
        self._all = Wanted.all(table)
        #: Parts whose rows in the files that are there no longer count.
        self._left: set[Key] = set()

    def put(self, parts: Iterable[tuple[Part, Iterable[pa.Table]]]) -> dict[Part, Content]:
        """Write what is new of these parts; returns what each part holds then."""
        contents: dict[Part, Content] = {}
        given: set[Part] = set()
        for part, pieces in parts:
            if (part.table, part.day) != (self._table.name, self._date) or part in given:
                raise InputError(
                    f"{part} is not a part of {self._table.name} on {self._date}, or is given twice"
                )
            given.add(part)
            hashed = ContentHash(self._table)
            rows = _noted(merged([self._checked(part, pieces)], self._table), hashed)
            self._put(part, rows)
            content = hashed.result()
            if content is not None:
                contents[part] = content
        return contents

    def take_out(self, keys: Iterable[Key] | None) -> None:
        """Leave parts out of the day, all unless said."""
        there = self._day.segments.keys()
        self._left.update(there if keys is None else there & set(keys))

    def finish(self) -> set[str]:
        """Copy what shares files with rewritten parts; returns the files that are replaced."""
        replaced = {segment.file.path for key in self._left for segment in self._day.segments[key]}
        for key in sorted(self._day.segments.keys() - self._left):
            shared = [s for s in self._day.segments[key] if s.file.path in replaced]
            if shared:
                self._writer.part(*key, self._day.rows(shared, self._all))
        return replaced

    def _put(self, part: Part, rows: Iterator[pa.Table]) -> None:
        key = (part.symbol, part.exchange)
        segments = self._day.segments.get(key, [])
        if not segments:
            self._writer.part(*key, rows)
            return
        added: list[pa.Table] = []
        done: int | None = None
        compared = windows([self._day.rows(segments, self._all), rows], self._table)
        for until, (there, given) in compared:
            more = _additions(there, given, self._table)
            too_many = sum(piece.num_rows for piece in added) > _ADDITIONS
            if more is None or too_many or len(segments) >= _SEGMENTS:
                before = self._before(segments, added, done)
                rest = (window[1] for _, window in compared)
                self._left.add(key)
                self._writer.part(*key, _chained(before, [given], rest))
                return
            if more.num_rows:
                added.append(more)
            done = until
        if added:
            self._writer.part(*key, added)

    def _before(
        self, segments: Sequence[Segment], added: Sequence[pa.Table], done: int | None
    ) -> Iterator[pa.Table]:
        """The rows that were compared and agreed: those that are there with the additions."""
        if done is None:
            return iter(())
        there = self._day.rows(segments, self._all.until(done + 1))
        return merged([there, added], self._table)

    def _checked(self, part: Part, pieces: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """The pieces with the table's own columns and types, and rows of the part only."""
        schema = self._table.schema
        start = moments_of(self._date)
        for piece in pieces:
            try:
                rows = piece.select(schema.names).cast(schema)
            except (KeyError, ValueError, pa.ArrowException) as error:
                raise InputError(
                    f"rows of {part} do not have the columns of {self._table.name}: {error}"
                ) from error
            if not rows.num_rows:
                continue
            times = moments(rows)
            names = (("symbol", part.symbol), ("exchange", part.exchange))
            if (
                times.min() < start
                or times.max() >= start + _DAY
                or any(rows.column(name).unique().to_pylist() != [value] for name, value in names)
            ):
                raise InputError(f"rows that were given for {part} are not all of that part")
            yield rows


def moments_of(day: date) -> int:
    """The start of a UTC day in µs since 1970."""
    return (day - date(1970, 1, 1)).days * _DAY


def _additions(there: pa.Table, given: pa.Table, table: ColdTable) -> pa.Table | None:
    """The rows of `given` that are not there; None unless all that are there are given too."""
    if there.equals(given):
        return given.slice(0, 0)
    if not there.num_rows:
        return given
    sides = [
        rows.append_column("side_", pa.array(np.full(rows.num_rows, side)))
        for side, rows in enumerate((there, given), start=1)
    ]
    names = table.schema.names
    found = pa.concat_tables(sides).group_by(names).aggregate([("side_", "sum")])
    of = found.column("side__sum").to_numpy()
    # 1: only there, 2: only given, 3: both; a row that is given twice makes more.
    if ((of != 2) & (of != 3)).any():
        return None
    new = found.filter(pa.array(of == 2)).select(names).cast(table.schema)
    return in_order(new, table)


def _noted(pieces: Iterable[pa.Table], hashed: ContentHash) -> Iterator[pa.Table]:
    for piece in pieces:
        hashed.add(piece)
        yield piece


def _chained(*streams: Iterable[pa.Table]) -> Iterator[pa.Table]:
    for stream in streams:
        yield from stream
