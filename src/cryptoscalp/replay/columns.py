"""The mirror: experiences in memory, one row each, and what finds them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay import lookup, row_kernels
from cryptoscalp.replay.compiled import aligned
from cryptoscalp.replay.replay_types import ActionKind, Batch, Columns, Floats, Ints, Shape

#: What a draw or an update reads of an experience: one cache line.
RECORD: Final = np.dtype(
    [
        ("memory_id", np.int64),
        ("episode", np.int64),
        ("timestamp", np.int64),
        ("reward", np.float64),
        ("priority", np.float64),
        ("leaf", np.int32),
        ("step", np.int32),
        ("draws", np.int32),
        ("td_error", np.float32),  # NaN: never given
        ("tier", np.int8),  # -1: the row is free
        ("regime", np.int8),
        ("terminal", np.bool_),
        ("truncation", np.bool_),
    ],
    align=True,
)
assert RECORD.itemsize == 64
#: Columns that go to records as they are, in the order that `write_records` takes them.
_WRITTEN: Final = (
    ("memory_ids", np.int64),
    ("episodes", np.int64),
    ("timestamps", np.int64),
    ("rewards", np.float64),
    ("priorities", np.float64),
    ("steps", np.int32),
    ("regimes", np.int8),
    ("terminals", np.bool_),
    ("truncations", np.bool_),
)


class Mirror:
    """Rows of experiences, each in one run of memory, found by memory and by step of an episode.

    `records` (rows,) of RECORD; `frames` float32 (rows, 2, state_width): state and next state;
    `actions` (rows, action_width), int64 or float32.
    """

    def __init__(self, shape: Shape, rows: int) -> None:
        self.shape = shape
        self.records: npt.NDArray[Any] = aligned((rows,), RECORD)
        self.records["tier"] = -1
        self.frames: npt.NDArray[np.float32] = aligned((rows, 2, shape.state_width), np.float32)
        discrete = shape.action_kind is ActionKind.DISCRETE
        self._action_type: type[np.generic] = np.int64 if discrete else np.float32
        self.actions: npt.NDArray[Any] = aligned((rows, shape.action_width), self._action_type)
        entries = 1 << (2 * rows - 1).bit_length()
        self._by_id = np.full(entries, -1, np.int32)
        self._by_step = np.full(entries, -1, np.int32)
        # A stack, so that rows that were left last, and are still cached, are filled first.
        self._free = np.arange(rows - 1, -1, -1, dtype=np.int32)
        self._room = rows

    def __len__(self) -> int:
        return len(self.records) - self._room

    @property
    def nbytes(self) -> int:
        """Bytes of everything that is held for rows."""
        held = (self.records, self.frames, self.actions, self._by_id, self._by_step, self._free)
        return sum(one.nbytes for one in held)

    def find(self, memory_ids: npt.ArrayLike) -> Ints:
        """The row of each memory, -1 for one that is not here."""
        asked = np.ascontiguousarray(memory_ids, np.int64)
        found = np.empty(len(asked), np.int64)
        lookup.find_all(self._by_id, self.records, asked, found)
        return found

    def present(self) -> Ints:
        """The rows that are filled, in ascending order."""
        return np.flatnonzero(self.records["tier"] >= 0)

    def fill(self, columns: Columns) -> Ints:
        """Give experiences, of the right shapes and for which there is room, rows; int64 (n,).

        Tier, leaf, draws and TD error are left to the caller, priorities must be checked. Raises
        InputError, which numbers the row from 1, for experiences that cannot be held; until all
        have been looked at they are written to rows that remain free.
        """
        self._check_new(np.ascontiguousarray(columns.memory_ids, np.int64))
        count = len(columns)
        rows = self._free[self._room - count : self._room][::-1].astype(np.int64)
        for which, name in enumerate(("states", "next_states")):
            states = np.ascontiguousarray(getattr(columns, name), np.float32)
            wrong = row_kernels.write_frames(
                self.frames, rows, which, states, states.view(np.uint32)
            )
            if wrong >= 0:
                raise InputError(f"row {wrong + 1}: {name} have NaN or infinity")
        for name in ("actions", "rewards"):
            finite = np.isfinite(getattr(columns, name)).reshape(count, -1 if count else 1)
            if not finite.all():
                row = int(finite.all(axis=1).argmin())
                raise InputError(f"row {row + 1}: {name} have NaN or infinity")
        self.actions[rows] = columns.actions.reshape(count, self.shape.action_width)
        written: list[Any] = [
            np.ascontiguousarray(getattr(columns, name), dtype) for name, dtype in _WRITTEN
        ]
        row_kernels.write_records(self.records, rows, *written)
        lookup.enter(self._by_id, self._by_step, self.records, rows)
        self._room -= count
        return rows

    def check_shapes(self, columns: Columns) -> None:
        """Raise InputError for columns that are not of one length, and as wide as they must be."""
        count, width = len(columns), self.shape.state_width
        for name in Columns.__dataclass_fields__:
            wanted: tuple[int, ...] = (count,)
            if name in {"states", "next_states"}:
                wanted = (count, width)
            elif name == "actions" and self._action_type is np.float32:
                wanted = (count, self.shape.action_width)
            given = getattr(columns, name)
            if given.shape != wanted:
                raise InputError(f"{name} have the shape {given.shape}, not {wanted}")

    def _check_new(self, ids: Ints) -> None:
        row = lookup.first_again(self._by_id, self.records, ids)
        if row < 0:
            order = np.argsort(ids, kind="stable")
            twice = order[1:][ids[order][1:] == ids[order][:-1]]
            again = np.concatenate((twice, np.flatnonzero(self.find(ids) >= 0)))
            row = int(again.min()) if len(again) else len(ids)
        if row < len(ids):
            raise InputError(f"row {row + 1}: memory {ids[row]} is held already, or given twice")

    def free(self, rows: Ints) -> None:
        """Empty rows, each of which is filled and given once."""
        lookup.leave(self._by_id, self._by_step, self.records, rows)
        self.records["tier"][rows] = -1
        self._free[self._room : self._room + len(rows)] = rows
        self._room += len(rows)

    def batch(
        self, rows: Ints, probabilities: Floats, weights: Floats, steps: int, gamma: float
    ) -> Batch:
        """A batch of these rows, with rewards of up to `steps` steps; draws are counted."""
        count, width = len(rows), self.shape.state_width
        lasts = np.empty(count, np.int64)
        rewards = np.empty(count, np.float64)
        discounts = np.empty(count, np.float64)
        terminals = np.empty(count, np.bool_)
        memory_ids = np.empty(count, np.int64)
        tiers = np.empty(count, np.int8)
        lookup.fold(
            self._by_step, self.records, rows, steps, gamma,
            lasts, rewards, discounts, terminals, memory_ids, tiers,
        )  # fmt: skip
        states = np.empty((count, width), np.float32)
        next_states = np.empty((count, width), np.float32)
        actions = np.empty((count, self.shape.action_width), self._action_type)
        row_kernels.gather(self.frames, self.actions, rows, lasts, states, next_states, actions)
        return Batch(
            states=states,
            actions=actions.ravel() if self._action_type is np.int64 else actions,
            rewards=rewards,
            next_states=next_states,
            terminals=terminals,
            discounts=discounts,
            weights=weights,
            probabilities=probabilities,
            memory_ids=memory_ids,
            slots=rows,
            tiers=tiers,
        )
