"""Experiences as Arrow columns, and the hash of what they say."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from cryptoscalp.replay.replay_types import ActionKind, Buffer, Shape
from cryptoscalp.replay.tier_types import REGIMES

_TIME: Final = pa.timestamp("us", "UTC")
#: First bytes of what is hashed: another form of the content would begin otherwise.
_FORM: Final = b"cryptoscalp replay content 1\n"


def schema(shape: Shape) -> pa.Schema:
    """The columns of a training set: vectors are fixed-size lists of float32."""
    state = pa.list_(pa.float32(), shape.state_width)
    links = [(name, pa.int64()) for name in ("model_id", "portfolio_id", "trade_id")]
    return pa.schema(
        [
            ("memory_id", pa.int64()),
            ("timestamp", _TIME),
            ("next_timestamp", _TIME),
            ("state", state),
            ("action", _action_type(shape)),
            ("reward", pa.float64()),
            ("next_state", state),
            ("terminal", pa.bool_()),
            ("truncated", pa.bool_()),
            ("episode", pa.int64()),
            ("step", pa.int32()),
            ("tier", pa.int8()),
            ("priority", pa.float64()),
            *links,
            ("regime", pa.string()),
        ]
    )


def action_of(shape: Shape) -> sql.SQL:
    """The action of a row `e` of experience_replay as a column."""
    if shape.action_kind is ActionKind.DISCRETE:
        return sql.SQL("e.action::bigint AS action")
    return sql.SQL("e.action_vector AS action")


def typed(table: pa.Table, shape: Shape) -> pa.Table:
    """Columns as the database gives them, in the types of `schema`; others stay as they are."""
    kinds = {field.name: field.type for field in schema(shape)}
    made = {}
    for name in table.column_names:
        column = table.column(name).combine_chunks()
        kind = kinds.get(name, column.type)
        if pa.types.is_fixed_size_list(kind):
            # ADBC gives lists of any length. All are of one here: the function that stores them
            # has looked.
            flat = pc.list_flatten(column).cast(pa.float32())
            column = pa.FixedSizeListArray.from_arrays(flat, kind.list_size)
        made[name] = column.cast(kind)
    # Without the notes on PostgreSQL's types, which would make files differ.
    return pa.table(made)


class ContentHash:
    """SHA-256 of experiences in the order of memory_id, whatever pieces and files they come in.

    Hashed are the bytes `cryptoscalp replay content 1\\n`, the feature set's fingerprint (32
    bytes), the number of numbers an action as int64 (0 for DISCRETE), and of each experience, all
    little-endian and without gaps: memory_id, timestamp and next_timestamp (µs since 1970), episode
    as int64, step int32, reward float64, terminal and truncated a byte each (0, 1), regime a byte
    (0 TRENDING, 1 RANGING, 2 VOLATILE, 3 CRISIS, 255 none), model_id, portfolio_id and trade_id
    int64 (0 for none), state float32s, action int64 or float32s, next_state float32s. Floats are
    their bits. Tier and priority are not in it: they change, what was experienced does not.
    """

    def __init__(self, buffer: Buffer) -> None:
        shape = buffer.shape
        self._shape = shape
        continuous = shape.action_kind is ActionKind.CONTINUOUS
        action = ("<f4", (shape.action_width,)) if continuous else "<i8"
        state = ("<f4", (shape.state_width,))
        whole = [(name, "<i8") for name in ("memory_id", "timestamp", "next_timestamp", "episode")]
        links = [(name, "<i8") for name in ("model_id", "portfolio_id", "trade_id")]
        self._record = np.dtype(
            [
                *whole, ("step", "<i4"), ("reward", "<f8"), ("terminal", "u1"),
                ("truncated", "u1"), ("regime", "u1"), *links, ("state", *_spread(state)),
                ("action", *_spread(action)), ("next_state", *_spread(state)),
            ]
        )  # fmt: skip
        self._sum = hashlib.sha256(_FORM + buffer.fingerprint)
        self._sum.update((shape.action_width if continuous else 0).to_bytes(8, "little"))
        self.rows = 0

    def add(self, table: pa.Table) -> None:
        """Take the next experiences, in the columns of `schema`."""
        records = np.zeros(table.num_rows, self._record)
        for name in self._record.names or ():
            records[name] = _numbers(table.column(name), name)
        self._sum.update(records.tobytes())
        self.rows += table.num_rows

    def hexdigest(self) -> str:
        """The hash of what was taken so far."""
        return self._sum.hexdigest()


def _spread(kind: str | tuple[str, tuple[int]]) -> tuple[Any, ...]:
    return (kind,) if isinstance(kind, str) else kind


def _action_type(shape: Shape) -> pa.DataType:
    if shape.action_kind is ActionKind.DISCRETE:
        return pa.int64()
    return pa.list_(pa.float32(), shape.action_width)


def _numbers(column: pa.ChunkedArray, name: str) -> npt.NDArray[Any]:
    kind = column.type
    if pa.types.is_fixed_size_list(kind):
        flat: npt.NDArray[Any] = pc.list_flatten(column).to_numpy()
        return flat.reshape(-1, kind.list_size)
    if name == "regime":
        column = pc.fill_null(pc.index_in(column, pa.array(REGIMES)), 255)
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    numbers: npt.NDArray[Any] = pc.fill_null(column, False if kind == pa.bool_() else 0).to_numpy()
    return numbers
