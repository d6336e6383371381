"""Experiences as a writer hands them on, and as the bytes of a journal."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cryptoscalp.infra.db.errors import JournalError
from cryptoscalp.replay.journal import Record
from cryptoscalp.replay.replay_types import (
    ActionKind,
    Bools,
    Columns,
    Float32s,
    Floats,
    Ints,
    Shape,
)

#: Kinds of records in a journal.
ADDITION: Final = 1
UPDATE: Final = 2
CHANGE: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """New experiences.

    tiers: 1 to 6. next_timestamps: of next_states. models, portfolios, trades: their numbers, 0 for
    none.
    """

    columns: Columns
    tiers: npt.NDArray[np.int8]
    next_timestamps: Ints
    models: Ints
    portfolios: Ints
    trades: Ints

    def __len__(self) -> int:
        return len(self.columns)

    def some(self, which: slice | Ints | Bools) -> Addition:
        """Some of the experiences, in their order."""
        links = {name: getattr(self, name)[which] for name in _LINKS}
        return Addition(columns=self.columns.some(which), **links)


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """Raw priorities and |TD errors| (NaN: not known) of experiences."""

    memory_ids: Ints
    priorities: Floats
    td_errors: Float32s


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Where experiences went: a tier, or 0 for out of the buffer."""

    memory_ids: Ints
    tiers: npt.NDArray[np.int8]


_COLUMNS: Final = tuple(field.name for field in fields(Columns))
_LINKS: Final = tuple(field.name for field in fields(Addition))[1:]
_TYPES: Final[dict[str, type[np.generic]]] = {
    "memory_ids": np.int64, "states": np.float32, "rewards": np.float64,
    "next_states": np.float32, "terminals": np.bool_, "truncations": np.bool_,
    "episodes": np.int64, "steps": np.int32, "timestamps": np.int64, "priorities": np.float64,
    "regimes": np.int8, "tiers": np.int8, "next_timestamps": np.int64, "models": np.int64,
    "portfolios": np.int64, "trades": np.int64, "td_errors": np.float32,
}  # fmt: skip


def parts(value: Addition | Update | Change) -> tuple[int, int, list[memoryview]]:
    """Kind, number of experiences and bytes of a record."""
    match value:
        case Addition():
            arrays = [getattr(value.columns, name) for name in _COLUMNS]
            arrays += [getattr(value, name) for name in _LINKS]
            kind = ADDITION
        case Update():
            arrays = [value.memory_ids, value.priorities, value.td_errors]
            kind = UPDATE
        case Change():
            arrays = [value.memory_ids, value.tiers]
            kind = CHANGE
    raw = [np.ascontiguousarray(array).reshape(-1).view(np.uint8).data for array in arrays]
    count = len(arrays[0])
    return kind, count, raw


def parsed(record: Record, shape: Shape) -> Addition | Update | Change:
    """What a record holds; its arrays are views of the record's bytes."""
    reader = _Reader(record)
    match record.kind:
        case 1:
            found: dict[str, npt.NDArray[Any]] = {}
            for name in (*_COLUMNS, *_LINKS):
                found[name] = reader.actions(shape) if name == "actions" else reader.take(
                    _TYPES[name], shape.state_width if name in ("states", "next_states") else None
                )  # fmt: skip
            value: Addition | Update | Change = Addition(
                Columns(**{name: found[name] for name in _COLUMNS}),
                **{name: found[name] for name in _LINKS},
            )
        case 2:
            value = Update(reader.take(np.int64), reader.take(np.float64), reader.take(np.float32))
        case 3:
            value = Change(reader.take(np.int64), reader.take(np.int8))
        case _:
            raise JournalError(
                f"record {record.number} is of kind {record.kind}: a newer version wrote it"
            )
    reader.end()
    return value


class _Reader:
    def __init__(self, record: Record) -> None:
        self._record = record
        self._at = 0

    def take(self, kind: type[np.generic], width: int | None = None) -> npt.NDArray[Any]:
        count = self._record.count * (width or 1)
        size = count * np.dtype(kind).itemsize
        if self._at + size > len(self._record.payload):
            raise self._strange()
        array = np.frombuffer(self._record.payload, kind, count, self._at)
        self._at += size
        return array if width is None else array.reshape(-1, width)

    def actions(self, shape: Shape) -> npt.NDArray[Any]:
        if shape.action_kind is ActionKind.DISCRETE:
            return self.take(np.int64)
        return self.take(np.float32, shape.action_width)

    def end(self) -> None:
        if self._at != len(self._record.payload):
            raise self._strange()

    def _strange(self) -> JournalError:
        return JournalError(
            f"record {self._record.number} does not hold {self._record.count} experiences of"
            " this buffer's form"
        )


def joined(additions: list[Addition]) -> Addition:
    """Several additions as one."""
    if len(additions) == 1:
        return additions[0]
    columns = Columns(
        **{
            name: np.concatenate([getattr(one.columns, name) for one in additions])
            for name in _COLUMNS
        }
    )
    return Addition(
        columns,
        **{name: np.concatenate([getattr(one, name) for one in additions]) for name in _LINKS},
    )
