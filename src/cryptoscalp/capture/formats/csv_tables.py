"""CSV files of any format: read by the layout that the format finds in the head of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np

from cryptoscalp.capture.chunk import Chunk
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.files.lines import Block, blocks, head
from cryptoscalp.capture.formats.csv_head import Head, look
from cryptoscalp.capture.formats.csv_rows import Places, Shape, cut
from cryptoscalp.capture.formats.first_good import after_first_good
from cryptoscalp.capture.formats.found import Found, completed, proved, restated
from cryptoscalp.capture.formats.layout import Layout, planned
from cryptoscalp.capture.formats.reading import (
    Format,
    Options,
    Plan,
    Position,
    Proof,
    Reader,
    Record,
    Sample,
)
from cryptoscalp.capture.formats.table import Table, settled, to_chunk
from cryptoscalp.infra.db.errors import InputError

#: Finds the layout of a file by its head; None for a file of another format.
Recognise: TypeAlias = Callable[[Head, Options], Found | None]

_LINES_A_CHUNK: Final = 20_000


def csv_format(
    name: str,
    about: str,
    recognise: Recognise,
    *,
    knows: Callable[[Sample], bool] = lambda sample: True,
) -> Format:
    """A format of CSV files.

    `recognise` finds the layout of a file, or says in an InputError why it cannot be read; what
    the layout lacks (exchange, symbol, interval) the options say, or an InputError asks for. A
    file is known without being named when both `recognise` and `knows` say so.
    """

    def known(sample: Sample) -> bool:
        top = look(sample.head, sample.item)
        if top is None or not knows(sample):
            return False
        try:
            return recognise(top, Options()) is not None
        except InputError:  # its own, but not to be read as it is: `open` says why
            return True

    def opened(item: Item, options: Options) -> Reader:
        top = look(head(item), item)
        if top is None:
            raise InputError(f"{item}: is no CSV; if it is another format, name it with --format")
        try:
            found = recognise(top, options)
        except InputError as error:
            raise InputError(f"{item}: {error}") from error
        if found is None:
            columns = ", ".join(top.header) or f"{len(top.columns)}, without a header"
            raise InputError(
                f"{item}: is not {name} ({about}); its columns are {columns}; name the format"
                " with --format, or say which column is what with --map"
            )
        return _Reader(name, top, found, options)

    return Format(name, about, known, opened, _again)


class _Reader:
    def __init__(self, name: str, top: Head, found: Found, options: Options) -> None:
        self._format = name
        self._item = top.item
        self._skip = top.skip
        self._options = options
        self._layout = completed(found, options, top.item)
        self._shape = Shape(top.separator, top.columns, top.header)
        self.proof: Proof = proved(found, self._layout, options, top.item)

    @property
    def plan(self) -> Plan:
        """The layout and how its rows are written."""
        return {
            "layout": self._layout.plain(),
            "header": list(self._shape.columns),
            "separator": self._shape.separator,
            "file": {"name": self._item.name},
        }

    def chunks(self, position: Position) -> Iterator[Chunk]:
        """The file's events in file order."""
        return after_first_good(self._all(position), self._item, self._format)

    def _all(self, position: Position) -> Iterator[Chunk]:
        for block in blocks(self._item, lines_per_block=_LINES_A_CHUNK):
            chunk = self._chunk(block)
            position(block.position)
            yield chunk

    def _chunk(self, block: Block) -> Chunk:
        first, lines = block.first, block.lines
        start = min(max(self._skip + 1 - first, 0), len(lines))
        numbers = np.arange(first + start, first + len(lines), dtype=np.int64)

        def raw(line: int) -> bytes:
            if not first <= line < first + len(lines):
                raise KeyError(line)
            return lines[line - first]

        table = _table(self._shape, self._layout, lines[start:], numbers, raw)
        if block.broken is not None:
            table = replace(table, rejects=(*table.rejects, block.broken))
        self._layout = settled(self._layout, table.frame, self._options)
        return to_chunk(table, self._layout, self._options)


def _again(plan: Plan, records: Sequence[Record], options: Options) -> Iterator[Chunk]:
    layout = restated(planned(plan["layout"]), options, plan["header"])
    shape = Shape(plan["separator"], tuple(plan["header"]))
    # A row that gave two events may have been refused twice.
    held = list(dict.fromkeys(records))
    for start in range(0, len(held), _LINES_A_CHUNK):
        part = held[start : start + _LINES_A_CHUNK]
        numbers = np.array([record.line for record in part], dtype=np.int64)
        lines = {record.line: record.raw for record in part}
        table = _table(shape, layout, [record.raw for record in part], numbers, lines.__getitem__)
        yield to_chunk(table, layout, options)


def _table(
    shape: Shape,
    layout: Layout,
    lines: Sequence[bytes],
    numbers: Places,
    raw: Callable[[int], bytes],
) -> Table:
    rows = cut(lines, numbers, shape, list(layout.columns.values()))
    stream = layout.stream()
    rejects = rows.rejects
    if stream is not None:
        exchange, symbol, label = stream
        rejects = tuple(
            replace(reject, exchange=exchange, symbol=symbol, stream=label) for reject in rejects
        )
    return Table(rows.frame, rows.lines, raw, rejects)
