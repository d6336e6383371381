"""Files of one day: rows of parts in, Parquet files with an index out, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cryptoscalp.infra.cold.runs import Group, Index, Run, packed, seal
from cryptoscalp.infra.cold.types import DECIMAL, TIME, ColdTable
from cryptoscalp.infra.cold.warehouse import Warehouse
from cryptoscalp.infra.db.errors import WarehouseError

#: A file takes further parts until it is this long, so that small instruments share files.
FILE_BYTES: Final = 32 * 2**20
#: A part alone fills files of up to this length.
LONGEST_FILE_BYTES: Final = 256 * 2**20
#: Rows of a row group: of one part at most, of several at least.
GROUP_ROWS: Final = 256 * 1024
SHARED_GROUP_ROWS: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that was written and that nothing refers to yet."""

    path: str
    size: int
    metadata: pq.FileMetaData


@dataclass(slots=True)
class _Buffer:
    """Rows of the next row group, and whose they are."""

    pieces: list[pa.Table] = field(default_factory=list)
    rows: int = 0
    #: Rows of parts before the one that is being written.
    before: int = 0
    owners: list[tuple[str, str, int]] = field(default_factory=list)


class _Summed:
    """A file that sums up what is written to it: a CRC-32 a row group, a seal for the footer."""

    closed = False

    def __init__(self, file: pa.NativeFile) -> None:
        self._file = file
        self._footer: bytearray | None = None
        self.crc = 0

    def begin_group(self) -> int:
        """Begin a sum; returns where."""
        self.crc = 0
        return self.tell()

    def begin_footer(self) -> None:
        """Hold back what is written from now on."""
        self._footer = bytearray()

    def end_footer(self) -> None:
        """Write the footer behind its seal."""
        footer = bytes(self._footer or b"")
        self._footer = None
        self._file.write(seal(footer) + footer)

    def write(self, data: bytes) -> int:
        if self._footer is not None:
            self._footer += data
            return len(data)
        self.crc = crc32(data, self.crc)
        self._file.write(data)
        return len(data)

    def tell(self) -> int:
        return int(self._file.tell()) + len(self._footer or b"")

    def flush(self) -> None:
        """Nothing is held back here."""

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._file.close()


class DayWriter:
    """Writes parts into files; a part that sorts before the last one begins a new file."""

    def __init__(self, warehouse: Warehouse, table: ColdTable, new_path: Callable[[], str]) -> None:
        self._warehouse = warehouse
        self._table = table
        self._schema = pa.schema(
            [
                f.with_metadata({"PARQUET:field_id": str(number)})
                for number, f in enumerate(table.schema, start=1)
            ]
        )
        self._texts = [n for n in table.order if table.schema.field(n).type == pa.string()]
        self._new_path = new_path
        self._buffer = _Buffer()
        self._runs: list[Run] = []
        self._groups: list[Group] = []
        self._last: tuple[str, str] | None = None
        self._file: Any = None  # _Summed, while a file is open
        self._path = ""
        self._writer: pq.ParquetWriter | None = None
        self._done: list[NewFile] = []
        self._paths: list[str] = []

    def part(self, symbol: str, exchange: str, pieces: Iterable[pa.Table]) -> None:
        """Write one part's rows, which come in the table's order."""
        if self._last is not None and (symbol, exchange) <= self._last:
            self._finish_file()
        self._last = (symbol, exchange)
        buffer = self._buffer
        buffer.before = buffer.rows
        for piece in pieces:
            for start in range(0, piece.num_rows, GROUP_ROWS):
                taken = piece.slice(start, GROUP_ROWS)
                buffer.pieces.append(taken)
                buffer.rows += taken.num_rows
                buffer.owners.append((symbol, exchange, taken.num_rows))
                self._cut()
        if buffer.rows >= SHARED_GROUP_ROWS:
            self._flush(buffer.rows)
        if self._length() >= FILE_BYTES:
            self._finish_file()

    def close(self) -> list[NewFile]:
        """Finish the last file; returns all."""
        self._finish_file()
        return self._done

    def keep(self) -> None:
        """From now on a snapshot may refer to the files."""
        self._paths.clear()

    def discard(self) -> None:
        """Delete what was written and not kept; what cannot be deleted is an orphan."""
        with suppress(OSError, pa.ArrowException, WarehouseError):
            if self._writer is not None:
                self._writer.close()
                self._file.close()
            self._warehouse.delete(self._paths)

    def _cut(self) -> None:
        """Write full row groups; rows of earlier parts get one of their own before a big part."""
        buffer = self._buffer
        while buffer.rows >= GROUP_ROWS:
            self._flush(buffer.before or GROUP_ROWS)
            if self._length() >= LONGEST_FILE_BYTES and not buffer.rows:
                self._finish_file()

    def _flush(self, count: int) -> None:
        """Write the first rows of the buffer as one row group."""
        buffer = self._buffer
        held = pa.concat_tables(buffer.pieces).combine_chunks()
        group = held.slice(0, count)
        start = 0
        owners: list[tuple[str, str, int]] = []
        for symbol, exchange, rows in buffer.owners:
            taken = min(rows, count - start)
            if taken > 0:
                self._note(symbol, exchange, start, taken, group)
                start += taken
            if rows > taken:
                owners.append((symbol, exchange, rows - max(taken, 0)))
        writer = self._open()
        begin = self._file.begin_group()
        writer.write_table(group.cast(self._schema), row_group_size=count)
        self._groups.append(Group(begin, self._file.tell(), self._file.crc, count))
        rest = held.slice(count)
        buffer.pieces, buffer.rows = [rest] if rest.num_rows else [], rest.num_rows
        buffer.before, buffer.owners = 0, owners

    def _note(self, symbol: str, exchange: str, start: int, rows: int, group: pa.Table) -> None:
        """Put a run into the index; it joins the one before when that is the same part's."""
        run = self._runs[-1] if self._runs else None
        if run is not None and run.group == len(self._groups) and run.key == (symbol, exchange):
            self._runs.pop()
            start, rows = run.offset, run.rows + rows
        held = group.slice(start, rows)
        first, last = held.column("timestamp").cast(pa.int64()).take([0, rows - 1]).to_pylist()
        fixed = {}
        for name in self._texts:
            found = pc.min_max(held.column(name)).as_py()
            if found["min"] == found["max"] and not held.column(name).null_count:
                fixed[name] = found["min"]
        number = len(self._groups)
        self._runs.append(Run(number, start, rows, symbol, exchange, first, last, fixed))

    def _length(self) -> int:
        return 0 if self._writer is None else int(self._file.tell())

    def _open(self) -> pq.ParquetWriter:
        if self._writer is None:
            self._path = self._new_path()
            self._paths.append(self._path)
            self._file = _Summed(self._warehouse.open_output(self._path))
            self._writer = pq.ParquetWriter(self._file, self._schema, **_encoded(self._schema))
        return self._writer

    def _finish_file(self) -> None:
        if self._buffer.rows:
            self._flush(self._buffer.rows)
        self._last = None
        if self._writer is None:
            return
        self._writer.add_key_value_metadata(packed(Index(self._groups, self._runs)))
        self._file.begin_footer()
        self._writer.close()
        self._file.end_footer()
        size = self._file.tell()
        self._file.close()
        self._writer, self._runs, self._groups = None, [], []
        self._done.append(
            NewFile(self._path, size, self._warehouse.footer(self._path, size).metadata)
        )


def _encoded(schema: pa.Schema) -> dict[str, Any]:
    """How columns are laid out: measured for reads here and in DuckDB, see decision 0015."""
    spelled = [f.name for f in schema if f.type in (pa.string(), DECIMAL)]
    steps = [f.name for f in schema if f.type in (pa.int64(), TIME)]
    return {
        "version": "2.6",
        "compression": "zstd",
        "compression_level": 3,
        "use_dictionary": spelled,
        "column_encoding": dict.fromkeys(steps, "DELTA_BINARY_PACKED"),
        "dictionary_pagesize_limit": 2 * 2**20,
        "write_page_checksum": True,
        # Types are the file's own, as every other reader sees them.
        "store_schema": False,
    }
