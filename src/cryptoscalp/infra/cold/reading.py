"""Rows of one instrument out of the lake's files: only the row groups and columns asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final, TypeAlias
from zlib import crc32

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cryptoscalp.infra.cold.floats import to_float64
from cryptoscalp.infra.cold.runs import Index, Run, unpacked
from cryptoscalp.infra.cold.types import DECIMAL, ColdTable
from cryptoscalp.infra.cold.warehouse import Footer, Warehouse, whole
from cryptoscalp.infra.cold.windows import moments
from cryptoscalp.infra.db.errors import ColdDamage, InputError

#: Footers that are remembered; one of a shared file takes about 100 kB.
_FOOTERS: Final = 256
#: Decoded row groups that are remembered, of those that several instruments share.
_GROUPS: Final = 2

_Names: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A file's footer and index; both are checked."""

    path: str
    footer: Footer
    index: Index

    @property
    def runs(self) -> Sequence[Run]:
        """Its runs in the order of its rows."""
        return self.index.runs

    def shared(self, number: int) -> bool:
        """Whether several instruments have rows in a row group."""
        return sum(run.group == number for run in self.runs) > 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is read of each run: columns, a half-open range in µs, equal texts, floats."""

    columns: tuple[str, ...]
    first: int
    last: int
    where: Mapping[str, str]
    floats: frozenset[str] = frozenset()

    @classmethod
    def all(cls, table: ColdTable) -> Wanted:
        """Every row with every column."""
        return cls(tuple(table.schema.names), -(2**63), 2**63 - 1, {})

    def until(self, moment: int) -> Wanted:
        """The same, of moments before this one."""
        return replace(self, last=min(self.last, moment))

    def with_columns(self, names: Sequence[str]) -> Wanted:
        """The same with further columns."""
        return replace(self, columns=tuple(dict.fromkeys((*self.columns, *names))))

    def schema(self, table: ColdTable) -> pa.Schema:
        """What rows look like; InputError for a column that the table does not have."""
        fields = []
        for name in (*self.columns, *self.where, *self.floats):
            if name not in table.schema.names:
                raise InputError(
                    f"{table.name} has no column {name!r}; it has {', '.join(table.schema.names)}"
                )
        for name in self.columns:
            field = table.schema.field(name)
            fields.append(field.with_type(pa.float64()) if name in self.floats else field)
        return pa.schema(fields)

    def touches(self, run: Run) -> bool:
        """Whether a run may have such rows."""
        return (
            run.first < self.last
            and run.last >= self.first
            and all(run.fixed.get(name, value) == value for name, value in self.where.items())
        )


class Files:
    """Reads data files, whose footers it remembers: a file never changes."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._known: OrderedDict[str, Opened] = OrderedDict()
        self._groups: OrderedDict[tuple[str, int, _Names], pa.Table] = OrderedDict()
        self._lock = Lock()

    def open(self, path: str, size: int, rows: int) -> Opened:
        """A file's footer and index; ColdDamage unless it is as long as the manifest says."""
        with self._lock:
            known = self._known.get(path)
            if known is not None:
                self._known.move_to_end(path)
                return known
        with whole(path):
            footer = self._warehouse.footer(path, size)
            metadata = footer.metadata
            index = unpacked(metadata.metadata)
            groups = [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)]
            if sum(groups) != rows or groups != [group.rows for group in index.groups]:
                raise ValueError("its footer and its index do not agree")
            opened = Opened(path, footer, index)
        with self._lock:
            self._known[path] = opened
            while len(self._known) > _FOOTERS:
                self._known.popitem(last=False)
        return opened

    def forget(self) -> None:
        """Remember nothing: the next read looks at the files anew."""
        with self._lock:
            self._known.clear()
            self._groups.clear()

    def group(self, table: ColdTable, opened: Opened, number: int, columns: _Names) -> pa.Table:
        """Some columns of one row group, whose bytes are checked."""
        key = (opened.path, number, columns)
        with self._lock:
            if key in self._groups:
                return self._groups[key]
        with whole(opened.path):
            rows = self._decoded(table, opened, number, columns)
        if rows.num_rows < opened.index.groups[number].rows:
            raise ColdDamage(opened.path, f"row group {number} lacks rows")
        if opened.shared(number):
            with self._lock:
                self._groups[key] = rows
                while len(self._groups) > _GROUPS:
                    self._groups.popitem(last=False)
        return rows

    def _decoded(self, table: ColdTable, opened: Opened, number: int, columns: _Names) -> pa.Table:
        group = opened.index.groups[number]
        held = self._warehouse.read(opened.path, group.start, group.end)
        if len(held) != group.end - group.start or crc32(held) != group.crc:
            raise ValueError(f"row group {number} was altered")
        path = self._warehouse.local_path(opened.path)
        decimals = [n for n in columns if path and table.schema.field(n).type == DECIMAL]
        file = pq.ParquetFile(
            pa.PythonFile(_Window(held, group.start), mode="r"),
            metadata=opened.footer.metadata,
            # Texts repeat: to spell out their dictionary is quicker than to decode each.
            read_dictionary=[n for n in columns if table.schema.field(n).type == pa.string()],
        )
        others = [name for name in columns if name not in decimals]
        found = {} if not others else _by_name(file.read_row_group(number, others, False))
        if decimals:
            self._warehouse.check_again(opened.path, opened.footer)
            before = sum(g.rows for g in opened.index.groups[:number])
            found |= _by_name(_decimals(str(path), before, group.rows, decimals))
        return pa.table([_as(found[n], table.schema.field(n).type) for n in columns], [*columns])

    def run(self, table: ColdTable, opened: Opened, run: Run, wanted: Wanted) -> pa.Table:
        """The rows of one run that are wanted, in its order."""
        known = {"symbol": run.symbol, "exchange": run.exchange, **run.fixed}
        filtered = [name for name in wanted.where if name not in known]
        inside = wanted.first <= run.first and run.last < wanted.last
        needed = [n for n in wanted.columns if n not in known]
        read = tuple(dict.fromkeys([*needed, *filtered, "timestamp"]))
        group = self.group(table, opened, run.group, read)
        rows = group.slice(run.offset, run.rows)
        times = moments(rows)
        if int(times[0]) != run.first or int(times[-1]) != run.last:
            raise ColdDamage(opened.path, f"row group {run.group} is not what its index says")
        if not inside:
            low, high = np.searchsorted(times, [wanted.first, wanted.last], side="left")
            rows = rows.slice(int(low), int(high - low))
        for name in filtered:
            rows = rows.filter(pc.equal(rows.column(name), wanted.where[name]))
        fields, columns = [], []
        for name in wanted.columns:
            field = table.schema.field(name)
            if name in known:
                column: Any = pa.repeat(pa.scalar(known[name], pa.string()), rows.num_rows)
            else:
                column = rows.column(name)
            if name in wanted.floats and field.type == DECIMAL:
                column = to_float64(column)
            fields.append(pa.field(name, column.type, field.nullable))
            columns.append(column)
        return pa.Table.from_arrays(columns, schema=pa.schema(fields))


class _Window:
    """Some bytes of a file as a file of Python's: a decoder finds them where they were."""

    closed = False

    def __init__(self, held: bytes, start: int) -> None:
        self._held = memoryview(held)
        self._start = start
        self._place = 0

    def read(self, count: int = -1) -> memoryview:
        low = self._place - self._start
        high = len(self._held) if count < 0 else low + count
        if low < 0 or high > len(self._held):
            raise ValueError("its footer points out of the row group")
        self._place += high - low
        return self._held[low:high]

    def seek(self, offset: int, whence: int = 0) -> int:
        end = self._start + len(self._held)
        self._place = offset + (0, self._place, end)[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


def _decimals(path: str, before: int, rows: int, names: Sequence[str]) -> pa.Table:
    """Decimal columns of some rows; Polars decodes them several times as fast as Arrow."""
    scan = pl.scan_parquet(path, parallel="none", use_statistics=False, glob=False)
    try:
        return scan.slice(before, rows).select(names).collect().to_arrow()
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error)) from error


def _by_name(rows: pa.Table) -> dict[str, pa.ChunkedArray]:
    return dict(zip(rows.column_names, rows.columns, strict=True))


def _as(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    """The column, texts spelled out; ValueError when it is of another type."""
    if wanted == pa.string():
        return column.cast(wanted)
    if column.type != wanted:
        raise ValueError(f"a column is {column.type}, not {wanted}")
    return column
