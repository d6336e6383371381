"""The canonical content of a part and its SHA-256: the same for the same rows, wherever they lie.

Each column that holds a value is hashed as a stream of its own, so that neither the batches in
which rows arrive nor the layout of a file matters. docs/cold-tier.md says which bytes are hashed.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cryptoscalp.infra.cold.types import DECIMAL, TIME, ColdTable, Content

#: First bytes of what is hashed: another form of the content would begin otherwise.
FORM: Final = b"cryptoscalp content 1\n"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES: Final = {pa.int64(): b"int64", pa.bool_(): b"bool", pa.string(): b"string",
                 DECIMAL: b"decimal", TIME: b"timestamp"}  # fmt: skip
_WIDTHS: Final = {pa.int64(): 8, TIME: 8, DECIMAL: 16}


class ContentHash:
    """Takes a part's rows in their order, in pieces of any size."""

    def __init__(self, table: ColdTable) -> None:
        self._schema = table.schema
        self._columns = [_Column(field) for field in sorted(table.schema, key=lambda f: f.name)]
        self._sequenced = "sequence" in table.schema.names
        self.rows = 0
        self._range: tuple[int, int] | None = None
        self._sequences: tuple[int, int] | None = None

    def add(self, piece: pa.Table) -> None:
        """Take the next rows; `piece` has the columns and types of the table's schema."""
        if not piece.num_rows:
            return
        self.rows += piece.num_rows
        for column in self._columns:
            for chunk in piece.column(column.name).chunks:
                column.add(chunk)
        self._range = _wider(self._range, piece.column("timestamp").cast(pa.int64()))
        if self._sequenced:
            self._sequences = _wider(self._sequences, piece.column("sequence"))

    def result(self) -> Content | None:
        """What was taken; None when there was no row."""
        if self._range is None:
            return None
        whole = hashlib.sha256(FORM + self.rows.to_bytes(8, "little"))
        for column in self._columns:
            if column.held:
                whole.update(column.digest())
        first, last = (_EPOCH + timedelta(microseconds=moment) for moment in self._range)
        lowest, highest = self._sequences or (None, None)
        return Content(self.rows, first, last, lowest, highest, whole.digest())


class _Column:
    """One column's streams: which rows have a value, how long texts are, and the values."""

    def __init__(self, field: pa.Field) -> None:
        self.name = field.name
        self.type = field.type
        self.held = False
        self._present = hashlib.sha256()
        self._lengths = hashlib.sha256()
        self._values = hashlib.sha256()

    def add(self, values: pa.Array) -> None:
        if not len(values):
            return
        if values.null_count:
            self._present.update(_bytes(values.is_valid()))
            self.held = self.held or values.null_count < len(values)
            zero = "" if self.type == pa.string() else 0
            values = pc.fill_null(values, pa.scalar(zero).cast(self.type))
        else:
            self._present.update(b"\x01" * len(values))
            self.held = True
        if self.type == pa.string():
            lengths, text = _texts(values)
            self._lengths.update(lengths)
            self._values.update(text)
        elif self.type == pa.bool_():
            self._values.update(_bytes(values))
        else:
            width = _WIDTHS[self.type]
            start = values.offset * width
            held = memoryview(values.buffers()[1])[start : start + len(values) * width]
            self._values.update(held)

    def digest(self) -> bytes:
        name: bytes = self.name.encode()
        streams = self._present.digest() + self._lengths.digest() + self._values.digest()
        return name + b"\x00" + _NAMES[self.type] + b"\x00" + streams


def _bytes(flags: pa.Array) -> memoryview:
    """One byte a flag."""
    return np.asarray(flags.cast(pa.uint8())).data


def _texts(values: pa.Array) -> tuple[memoryview, memoryview]:
    """The length of each text, as four bytes, and the texts without a border."""
    _, offsets, text = values.buffers()
    ends = np.frombuffer(offsets, "<i4", len(values) + 1, values.offset * 4)
    held = memoryview(text)[ends[0] : ends[-1]] if text is not None else memoryview(b"")
    return np.diff(ends).data, held


def _wider(known: tuple[int, int] | None, values: pa.ChunkedArray) -> tuple[int, int] | None:
    found = pc.min_max(values).as_py()
    if found["min"] is None:
        return known
    if known is None:
        return found["min"], found["max"]
    return min(known[0], found["min"]), max(known[1], found["max"])
