"""Flows: what a journal holds goes to the database, in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cryptoscalp.infra.db import packed
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.registry.prediction_types import Recorded
from cryptoscalp.replay.additions import Addition, Change
from cryptoscalp.replay.replay_types import Bools, Float32s, Floats, Ints

#: Rows of one statement.
ROWS: Final = 10_000
_TIME: Final = pa.timestamp("us", "UTC")


@dataclass(frozen=True, slots=True, eq=False)
class Working:
    """Working values of experiences: raw priority, |TD error| (NaN: none), draws to be added.

    Of one that was not `updated` only the draws count: another process may have given it a
    priority.
    """

    memory_ids: Ints
    priorities: Floats
    td_errors: Float32s
    draws: npt.NDArray[np.integer[Any]]
    updated: Bools

    def __len__(self) -> int:
        return len(self.memory_ids)

    def some(self, which: Ints) -> Working:
        """Some of them."""
        return Working(*(getattr(self, field.name)[which] for field in fields(self)))


def store(
    buffer_id: int, writer_id: int, position: int, steps: Sequence[Addition | Change]
) -> Flow[Recorded]:
    """Perform additions and changes of a journal in their order, while it is at `position`.

    Performed twice, they have the same effect. A session of a process that was killed may come
    late: when its journal was stored by another process meanwhile, IntegrityRefused is raised, and
    nothing that has left since comes back.
    """
    yield from rows("SELECT advance_replay_writer(%s, %s, %s, 0)", (writer_id, position, position))
    received = stored = duplicate = 0
    for step in steps:
        if isinstance(step, Change):
            yield from change(buffer_id, writer_id, step, "RULES")
            continue
        for first in range(0, len(step), ROWS):
            counts = yield from _record(buffer_id, step.some(slice(first, first + ROWS)))
            received += counts.received
            stored += counts.stored
            duplicate += counts.duplicate
    return Recorded(received, stored, duplicate)


def change(
    buffer_id: int, writer_id: int | None, moved: Change, reason: str
) -> Flow[tuple[int, int]]:
    """Move experiences to other tiers or out; how many were moved, and how many left."""
    found = yield from rows(
        "SELECT moved, evicted FROM change_replay(%s, %s, %s, %s, %s)",
        (buffer_id, writer_id, _ints(moved.memory_ids), _ints(moved.tiers), reason),
    )
    return found[0][0], found[0][1]


def finish(
    buffer_id: int, writer_id: int, position: int, through: int, working: Working
) -> Flow[int]:
    """Store working values, and that the journal is in the database through a record.

    Returns how many of the experiences were gone: their updates are ignored and counted. Raises
    IntegrityRefused when another process has stored this journal meanwhile.
    """
    found = yield from rows(
        "SELECT position FROM replay_writers WHERE writer_id = %s", (writer_id,)
    )
    if found and found[0][0] == through != position:
        return 0  # It was committed, and the answer lost.
    # One order for everybody: two that update the same rows wait, and do not deadlock.
    order = np.argsort(working.memory_ids)
    stale = 0
    for first in range(0, len(order), 5 * ROWS):
        part = working.some(order[first : first + 5 * ROWS])
        for some in (
            part.some(np.flatnonzero(part.updated)),
            part.some(np.flatnonzero(~part.updated)),
        ):
            if len(some):
                known = yield from _set(buffer_id, some)
                stale += len(some) - known if some.updated[0] else 0
    yield from rows(
        "SELECT advance_replay_writer(%s, %s, %s, %s)", (writer_id, position, through, stale)
    )
    return stale


def _set(buffer_id: int, working: Working) -> Flow[int]:
    errors = working.td_errors.astype(np.float64)
    kept = ~working.updated
    touched = yield from rows(
        "SELECT set_replay_priorities(%s, %s, %s, %s, %s)",
        (
            buffer_id, _ints(working.memory_ids),
            packed.float8s(pa.array(working.priorities, mask=kept)),
            packed.float8s(pa.array(errors, mask=np.isnan(errors) | kept)), _ints(working.draws),
        ),
    )  # fmt: skip
    number: int = touched[0][0]
    return number


def open_writer(buffer_id: int) -> Flow[int]:
    """A number for a new journal."""
    found = yield from rows("SELECT open_replay_writer(%s)", (buffer_id,))
    number: int = found[0][0]
    return number


def position_of(writer_id: int) -> Flow[int | None]:
    """The last record of a journal that the database has; None for one that it does not know."""
    found = yield from rows(
        "SELECT position FROM replay_writers WHERE writer_id = %s", (writer_id,)
    )
    return found[0][0] if found else None


def _record(buffer_id: int, addition: Addition) -> Flow[Recorded]:
    columns = addition.columns
    found = yield from rows(
        "SELECT received, stored, duplicate FROM record_experiences(%s, %s, %s, %s, %s, %s, %s, %s,"
        " %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            buffer_id, _ints(columns.memory_ids), _times(columns.timestamps),
            _times(addition.next_timestamps), _ints(addition.tiers),
            packed.float4s(pa.array(columns.states.reshape(-1))),
            _floats(columns.actions.reshape(-1)), _floats(columns.rewards),
            packed.float4s(pa.array(columns.next_states.reshape(-1))),
            _floats(columns.priorities), _ints(columns.terminals), _ints(columns.truncations),
            _ints(columns.episodes), _ints(columns.steps), _linked(addition.models),
            _linked(addition.portfolios), _linked(addition.trades),
            # Enums count from 1 in the database.
            _ints(columns.regimes.astype(np.int64) + 1),
        ),
    )  # fmt: skip
    return Recorded(*found[0])


def _ints(values: npt.NDArray[Any]) -> packed.Int8s:
    return packed.int8s(pa.array(values.astype(np.int64)))


def _linked(values: Ints) -> packed.Int8s:
    return packed.int8s(pa.array(values, mask=values == 0))


def _floats(values: npt.NDArray[Any]) -> packed.Float8s:
    return packed.float8s(pa.array(values.astype(np.float64)))


def _times(values: Ints) -> packed.Timestamps:
    return packed.timestamps(pa.array(values, pa.int64()).cast(_TIME))
