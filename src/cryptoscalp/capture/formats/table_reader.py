"""A file of rows as chunks, whatever its rows are stored in: Parquet, Feather or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

import polars as pl

from cryptoscalp.capture.chunk import Chunk
from cryptoscalp.capture.files.items import Item
from cryptoscalp.capture.formats.arrow_rows import NO_VALUES
from cryptoscalp.capture.formats.first_good import after_first_good
from cryptoscalp.capture.formats.found import Found, completed, proved, restated
from cryptoscalp.capture.formats.layout import TIMES, planned
from cryptoscalp.capture.formats.reading import Options, Plan, Position, Proof, Record
from cryptoscalp.capture.formats.sources import Source, rebuilt
from cryptoscalp.capture.formats.spelling import spelled
from cryptoscalp.capture.formats.table import Table, settled, to_chunk
from cryptoscalp.infra.db.errors import InputError

#: What a table becomes before its layout is used; `Plan` is what the reader's plan holds.
Prepare: TypeAlias = Callable[[Table, Plan], Table]
_RECORDS: Final = 20_000


def as_it_is(table: Table, facts: Plan) -> Table:
    """The table, unchanged."""
    return table


def in_venue_spelling(table: Table, facts: Plan) -> Table:
    """The table with its symbols as the venue of the file writes them.

    `facts` holds the `exchange` and which column the `symbols` are in, or neither.
    """
    if "symbols" not in facts:
        return table
    name = facts["symbols"]
    written = table.frame[name].cast(pl.String)
    known = {one: spelled(one, facts["exchange"]) for one in written.unique().drop_nulls()}
    return replace(table, frame=table.frame.with_columns(written.replace(known).alias(name)))


class TableReader:
    """Reads the rows of a source by the layout that its format found.

    `facts` are what the plan keeps for `prepare`, which makes of each table what the layout is
    for. Raises InputError when neither the file nor the options tell what every event needs.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        found: Found,
        options: Options,
        *,
        prepare: Prepare = as_it_is,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self._name = name
        self._item: Item = source.item
        self._source = source
        self._options = options
        self._layout = completed(found, options, source.item)
        for field, column in self._layout.columns.items():
            kind = source.kinds.get(column)
            if kind == NO_VALUES or (kind == "time" and field not in TIMES):
                held = "times" if kind == "time" else "no text, numbers or times"
                raise InputError(
                    f"{source.item}: {field} cannot be column {column!r}, which holds {held};"
                    " say which column it is with --map"
                )
        self._prepare = prepare
        self._facts = dict(facts or {})
        self.proof: Proof = proved(found, self._layout, options, source.item)

    @property
    def plan(self) -> Plan:
        """The layout, the types of the columns, and the format's own facts."""
        return {
            "layout": self._layout.plain(),
            "header": list(self._source.header),
            "kinds": dict(self._source.kinds),
            "file": {"name": self._item.name, **self._facts},
        }

    def chunks(self, position: Position) -> Iterator[Chunk]:
        """The file's events in file order."""
        return after_first_good(self._all(position), self._item, self._name)

    def _all(self, position: Position) -> Iterator[Chunk]:
        for found, read in self._source.tables(list(self._layout.columns.values())):
            table = self._prepare(found, self._facts)
            self._layout = settled(self._layout, table.frame, self._options)
            chunk = to_chunk(table, self._layout, self._options)
            position(read)
            yield chunk


def again(prepare: Prepare) -> Callable[[Plan, Sequence[Record], Options], Iterator[Chunk]]:
    """How records of such a file are read anew, by the plan of its reader."""

    def read(plan: Plan, records: Sequence[Record], options: Options) -> Iterator[Chunk]:
        layout = restated(planned(plan["layout"]), options, plan["header"])
        for start in range(0, len(records), _RECORDS):
            part = records[start : start + _RECORDS]
            table = rebuilt(part, list(layout.columns.values()), plan["kinds"])
            yield to_chunk(prepare(table, plan["file"]), layout, options)

    return read
