"""The lake: Apache Iceberg tables that hold what has left PostgreSQL."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from cryptoscalp.infra.cold.types import ColdTable, Content, Part
from cryptoscalp.infra.db.errors import ColdDamage, InputError

if TYPE_CHECKING:
    from cryptoscalp.infra.cold.day import Change, Day, Segment
    from cryptoscalp.infra.cold.iceberg import State, Tables
    from cryptoscalp.infra.cold.reading import Files, Wanted
    from cryptoscalp.infra.cold.warehouse import Warehouse
    from cryptoscalp.infra.cold.writing import DayWriter

#: A restored catalogue of that age still finds its snapshots.
SNAPSHOTS_KEPT: Final = timedelta(days=30)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Written:
    """One commit: its snapshot, and what each part holds now."""

    snapshot_id: int
    parts: Mapping[Part, Content]


class Lake:
    """Iceberg tables whose catalog lies in the same PostgreSQL.

    `warehouse` is a directory or an s3:// URL where new tables are laid; None: tables that are
    there can be read, none can be made. Nothing is imported, opened or made before the first use.
    Safe for several threads.
    """

    def __init__(self, dsn: str, warehouse: str | None) -> None:
        self._dsn = dsn
        self._location = warehouse

    @property
    def writable(self) -> bool:
        """Whether a place is set where new tables are laid."""
        return self._location is not None

    @cached_property
    def _warehouse(self) -> Warehouse:
        from cryptoscalp.infra.cold.warehouse import Warehouse

        return Warehouse()

    @cached_property
    def _files(self) -> Files:
        from cryptoscalp.infra.cold.reading import Files

        return Files(self._warehouse)

    @cached_property
    def _tables(self) -> Tables:
        from cryptoscalp.infra.cold.iceberg import Tables
        from cryptoscalp.infra.cold.warehouse import location_of

        return Tables(self._dsn, location_of(self._location) if self._location else None)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max(2, os.cpu_count() or 2), thread_name_prefix="lake")

    def write(
        self, table: ColdTable, day: date, parts: Iterable[tuple[Part, Iterable[pa.Table]]]
    ) -> Written:
        """Make the lake hold exactly these rows for these parts of one day, in one commit.

        A part's pieces come in the order of their timestamps; rows of one moment are put in
        `table.order`, texts by their UTF-8 bytes. Parts in the order of (symbol, exchange) give
        the fewest files. Parts that are not named stay as they are; a part without rows is taken
        out. Rows that only join those that are there go into a new file; else the files that hold
        the part are written anew. Memory holds a few pieces and one row group.

        Raises InputError for rows that are no part's, Contention when another writer changes the
        day meanwhile, WarehouseError and ColdDamage.
        """
        state = self._tables.made(table)
        writer = self._writer(table, day, state)
        try:
            change = self._change(table, day, state, writer)
            contents = change.put(parts)
            return Written(self._commit(state, day, change, writer), contents)
        except BaseException:
            writer.discard()
            raise

    def remove(self, table: ColdTable, day: date, parts: Iterable[Part] | None = None) -> None:
        """Take parts of a day out, all unless said; their files stay until they are swept."""
        state = self._tables.current(table.name)
        if state is None:
            return
        writer = self._writer(table, day, state)
        try:
            change = self._change(table, day, state, writer)
            change.take_out(None if parts is None else [(p.symbol, p.exchange) for p in parts])
            self._commit(state, day, change, writer)
        except BaseException:
            writer.discard()
            raise

    def read(
        self,
        table: ColdTable,
        exchange: str,
        symbol: str,
        first: datetime,
        last: datetime,
        *,
        columns: Sequence[str] | None = None,
        where: Mapping[str, str] | None = None,
        floats: Sequence[str] = (),
        holding: int | None = None,
    ) -> pa.Table:
        """One instrument's rows with first <= timestamp < last, in `table.order`.

        `where` keeps rows in which a column of text has a value. Decimal columns named in
        `floats` come as the nearest float64. `holding` is how many rows the lake has to hold of
        the instrument on the days that the range touches, wanted or not: so files that are lost
        from the catalog are noticed, too. Raises ColdDamage rather than give a wrong answer.
        """
        wanted, schema = self._wanted(table, first, last, columns, where, floats)
        held = list(self._segments(table, (symbol, exchange), wanted))
        count = sum(run.rows for _, segments in held for one in segments for run in one.runs)
        if holding not in (None, count):
            state = self._tables.current(table.name)
            raise ColdDamage(
                state.location if state else f"with {table.name}",
                f"it leads to {count:,} rows, the ledger says {holding:,}",
                of=f"{symbol} on {exchange}, {first:%Y-%m-%d}",
            )
        found = [
            piece for day, segments in held for piece in day.gather(segments, wanted, self._threads)
        ]
        return pa.concat_tables(found) if found else schema.empty_table()

    def pieces(
        self,
        table: ColdTable,
        exchange: str,
        symbol: str,
        first: datetime,
        last: datetime,
        *,
        columns: Sequence[str] | None = None,
        where: Mapping[str, str] | None = None,
        floats: Sequence[str] = (),
    ) -> Iterator[pa.Table]:
        """What `read` gives, as a stream: memory holds a few row groups."""
        wanted, _ = self._wanted(table, first, last, columns, where, floats)
        for day, segments in self._segments(table, (symbol, exchange), wanted):
            yield from day.rows(segments, wanted)

    def contents(self, table: ColdTable, day: date) -> Mapping[Part, Content]:
        """What each part of a day holds, read back from the files in bounded memory."""
        from cryptoscalp.infra.cold.content import ContentHash
        from cryptoscalp.infra.cold.reading import Wanted

        state = self._tables.current(table.name)
        if state is None:
            return {}
        # What is verified is what lies there now, not what was read before.
        self._files.forget()
        held = self._day(table, day, state)
        found: dict[Part, Content] = {}
        for (symbol, exchange), segments in sorted(held.segments.items()):
            hashed = ContentHash(table)
            for piece in held.rows(segments, Wanted.all(table)):
                hashed.add(piece)
            content = hashed.result()
            if content is not None:
                found[Part(table.name, day, exchange, symbol)] = content
        return found

    def files(self) -> frozenset[str]:
        """Locations of every file in the warehouse that a table of the catalog refers to.

        Of every snapshot that is kept: data files, manifests, lists of manifests, metadata.
        """
        return self._tables.referenced()

    def found(self) -> Mapping[str, datetime]:
        """Location and time of change of every file that lies in the warehouse."""
        found: dict[str, datetime] = {}
        for root in self._tables.roots():
            found.update(self._warehouse.found(root))
        return found

    def delete(self, paths: Iterable[str]) -> int:
        """Delete files of the warehouse; returns how many were there."""
        return self._warehouse.delete(paths)

    def maintain(self, keep: timedelta = SNAPSHOTS_KEPT) -> int:
        """Forget snapshots older than this, so that metadata does not grow; returns how many.

        The newest of each table stays. Files are only referred to no longer: none is deleted.
        """
        return self._tables.expire(datetime.now(UTC) - keep)

    def close(self) -> None:
        """Close the catalog's connections and end the threads that read."""
        if "_tables" in self.__dict__:
            self._tables.close()
        if "_threads" in self.__dict__:
            self._threads.shutdown()

    def _writer(self, table: ColdTable, day: date, state: State) -> DayWriter:
        from cryptoscalp.infra.cold.writing import DayWriter

        folder = f"{state.table.location()}/data/timestamp_day={day}"
        return DayWriter(self._warehouse, table, lambda: f"{folder}/{uuid.uuid4()}.parquet")

    def _change(self, table: ColdTable, day: date, state: State, writer: DayWriter) -> Change:
        from cryptoscalp.infra.cold.day import Change

        return Change(self._day(table, day, state), table, day, writer)

    def _commit(self, state: State, day: date, change: Change, writer: DayWriter) -> int:
        replaced = change.finish()
        added = writer.close()
        removed = [f for f in self._tables.files(state, day) if f.file_path in replaced]
        if added or removed:
            return self._tables.commit(state, day, added, removed, on_way=writer.keep)
        snapshot = state.table.current_snapshot()
        return snapshot.snapshot_id if snapshot else 0

    def _day(self, table: ColdTable, day: date, state: State) -> Day:
        from cryptoscalp.infra.cold.day import Day

        opened = [
            self._files.open(f.file_path, f.file_size_in_bytes, f.record_count)
            for f in self._tables.files(state, day)
        ]
        return Day(self._files, table, opened)

    def _segments(
        self, table: ColdTable, key: tuple[str, str], wanted: Wanted
    ) -> Iterator[tuple[Day, list[Segment]]]:
        """The segments of one instrument that may have rows that are wanted, day by day."""
        state = self._tables.current(table.name)
        if state is None:
            return
        for day in self._tables.days(state, wanted.first, wanted.last):
            held = self._day(table, day, state)
            if key in held.segments:
                yield held, held.segments[key]

    def _wanted(
        self,
        table: ColdTable,
        first: datetime,
        last: datetime,
        columns: Sequence[str] | None,
        where: Mapping[str, str] | None,
        floats: Sequence[str],
    ) -> tuple[Wanted, pa.Schema]:
        from cryptoscalp.infra.cold.reading import Wanted

        if first.tzinfo is None or last.tzinfo is None:
            raise InputError("a range of the cold tier needs moments with a time zone")
        chosen = tuple(table.schema.names if columns is None else columns)
        low, high = ((moment - _EPOCH) // timedelta(microseconds=1) for moment in (first, last))
        wanted = Wanted(chosen, low, high, dict(where or {}), frozenset(floats))
        return wanted, wanted.schema(table)
