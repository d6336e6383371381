"""Streams of rows in time order: put in exact order, merged, or compared window by window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from cryptoscalp.infra.cold.types import ColdTable
from cryptoscalp.infra.db.errors import InputError


def windows(
    streams: Sequence[Iterable[pa.Table]], table: ColdTable
) -> Iterator[tuple[int, list[pa.Table]]]:
    """Cut streams, each in time order, at the same moments.

    Yields the last moment of each window (µs since 1970) and each stream's rows of it, in
    `table.order`. Memory holds little more than one piece a stream.
    """
    held = [_Stream(stream, table) for stream in streams]
    while any(stream.rows for stream in held):
        until = min(stream.until for stream in held if stream.rows)
        for stream in held:
            stream.reach_past(until)
        yield until, [stream.take(until) for stream in held]


def merged(streams: Sequence[Iterable[pa.Table]], table: ColdTable) -> Iterator[pa.Table]:
    """The rows of all streams in `table.order`."""
    for _, pieces in windows(streams, table):
        found = [piece for piece in pieces if piece.num_rows]
        yield found[0] if len(found) == 1 else in_order(pa.concat_tables(found), table)


def in_order(rows: pa.Table, table: ColdTable) -> pa.Table:
    """The rows sorted by `table.order`, texts by their UTF-8 bytes."""
    return rows.sort_by([(name, "ascending") for name in table.order])


def moments(rows: pa.Table) -> npt.NDArray[np.int64]:
    """Their timestamps in µs since 1970."""
    found: npt.NDArray[np.int64] = rows.column("timestamp").cast(pa.int64()).to_numpy()
    return found


class _Stream:
    """One stream: the rows that were fetched and not yet taken."""

    def __init__(self, pieces: Iterable[pa.Table], table: ColdTable) -> None:
        self._pieces = iter(pieces)
        self._table = table
        self._held = table.schema.empty_table()
        self._moments = moments(self._held)
        self._over = False
        self._latest: int | None = None
        self._fetch()

    @property
    def rows(self) -> int:
        return int(self._held.num_rows)

    @property
    def until(self) -> int:
        return int(self._moments[-1])

    def _fetch(self) -> None:
        """Hold one more piece that is not empty, if there is one."""
        for piece in self._pieces:
            if not piece.num_rows:
                continue
            found = moments(piece)
            back = self._latest is not None and found[0] < self._latest
            if back or (np.diff(found) < 0).any():
                raise InputError(
                    f"rows of {self._table.name} for the cold tier go back in time within one"
                    " part; hand them over ordered by timestamp"
                )
            self._latest = int(found[-1])
            self._held = pa.concat_tables([self._held, piece]) if self.rows else piece
            self._moments = np.concatenate([self._moments, found])
            return
        self._over = True

    def reach_past(self, moment: int) -> None:
        """Fetch until no row of this moment can be missing."""
        while not self._over and (not self.rows or self.until <= moment):
            self._fetch()

    def take(self, moment: int) -> pa.Table:
        """The rows up to and with this moment, in the table's order."""
        count = int(np.searchsorted(self._moments, moment, side="right"))
        taken, self._held = self._held.slice(0, count), self._held.slice(count)
        same = np.flatnonzero(np.diff(self._moments[:count]) == 0)
        self._moments = self._moments[count:]
        if _ordered(taken, same, self._table.order[1:]):
            return taken
        return in_order(taken, self._table)


def _ordered(rows: pa.Table, same: npt.NDArray[np.int64], order: Sequence[str]) -> bool:
    """Whether the rows `same` and those after each, equal so far, stand in the order of columns."""
    for name in order:
        if not len(same):
            return True
        values = rows.column(name)
        these, those = values.take(same), values.take(same + 1)
        equal = np.asarray(pc.equal(these, those).fill_null(False))
        less = np.asarray(pc.less(these, those).fill_null(False))
        if not (equal | less).all():
            return False
        same = same[equal]
    return True
