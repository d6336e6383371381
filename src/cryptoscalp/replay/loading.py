"""Flows: experiences as columns, all of a buffer's, and what others added or changed since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql

from cryptoscalp.infra.db.flow import Flow, arrow, rows
from cryptoscalp.replay.additions import Change
from cryptoscalp.replay.held import Held
from cryptoscalp.replay.replay_types import ActionKind, Columns, Float32s, Ints, Shape

#: Experiences read at once.
ROWS: Final = 50_000
#: Ids of one writer: its number times this, and so many from there.
IDS: Final = 1 << 32
#: Below every id, those too that plain SQL may have chosen.
BEFORE_ALL: Final = -(1 << 63)
_TIME: Final = pa.timestamp("us", "UTC")
_SELECT: Final = sql.SQL(
    "SELECT e.memory_id, e.state_vector, {action}, e.reward, e.next_state_vector, e.terminal,"
    " e.truncated, e.episode, e.step, e.timestamp AS at, r.priority,"
    " coalesce(array_position(enum_range(NULL::regime_type), e.regime), 0) - 1"
    " AS regime, r.tier::integer, r.draws, r.td_error, e.recorded_xid"
    " FROM experience_replay AS e JOIN replay_priorities AS r USING (memory_id)"
    " WHERE e.buffer_id = %s"
)


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """Experiences from the database: columns, tiers 1 to 6, draws, |TD errors|, transactions."""

    columns: Columns
    tiers: npt.NDArray[np.int8]
    draws: npt.NDArray[np.int32]
    td_errors: Float32s
    transactions: Ints

    def __len__(self) -> int:
        return len(self.columns)

    def some(self, which: Ints) -> Loaded:
        """Some of the experiences, in their order."""
        return Loaded(
            self.columns.some(which),
            self.tiers[which],
            self.draws[which],
            self.td_errors[which],
            self.transactions[which],
        )


def horizon() -> Flow[int]:
    """Every transaction with a lower number has ended, in this very snapshot."""
    found = yield from rows("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    number: int = found[0][0]
    return number


def identity() -> Flow[str]:
    """What tells this database from any other one."""
    found = yield from rows(
        "SELECT format('%s-%s', s.system_identifier, d.oid) FROM pg_control_system() AS s,"
        " pg_database AS d WHERE d.datname = current_database()"
    )
    name: str = found[0][0]
    return name


def held_by_tier(buffer_id: int) -> Flow[list[int]]:
    """How many experiences the database has in each tier, tier 1 first."""
    found = yield from rows(
        "SELECT count(r.memory_id) FROM generate_series(1, 6) AS n LEFT JOIN replay_priorities AS r"
        " ON r.tier = n AND r.buffer_id = %s GROUP BY n ORDER BY n",
        (buffer_id,),
    )
    return [count for (count,) in found]


def working_values(buffer_id: int) -> Flow[Held]:
    """Working values of all experiences in the order of memory_id; slots are 0."""
    table = yield from arrow(
        sql.SQL(
            "SELECT r.memory_id, r.tier::integer - 1 AS tier, r.priority, r.draws, r.td_error,"
            " e.timestamp AS at, coalesce(array_position(enum_range(NULL::regime_type), e.regime),"
            " 0) - 1 AS regime, e.reward FROM replay_priorities AS r"
            " JOIN experience_replay AS e USING (memory_id) WHERE r.buffer_id = %s"
            " ORDER BY r.memory_id"
        ),
        (buffer_id,),
    )
    return Held(
        memory_ids=column(table, "memory_id", np.int64),
        slots=np.zeros(table.num_rows, np.int64),
        tiers=column(table, "tier", np.int8),
        priorities=column(table, "priority", np.float64),
        timestamps=column(table, "at", np.int64),
        draws=column(table, "draws", np.int64).astype(np.int32),
        td_errors=column(table, "td_error", np.float32),
        regimes=column(table, "regime", np.int8),
        rewards=column(table, "reward", np.float64),
    )


def load(buffer_id: int, shape: Shape, after: int) -> Flow[Loaded]:
    """The next experiences of a buffer in the order of memory_id, at most ROWS."""
    query = _SELECT.format(action=_action(shape)) + sql.SQL(
        " AND e.memory_id > %s ORDER BY e.memory_id LIMIT %s"
    )
    table = yield from arrow(query, (buffer_id, after, ROWS))
    return _loaded(table, shape)


def added(buffer_id: int, shape: Shape, writer_id: int, since: int) -> Flow[Loaded]:
    """Experiences that others wrote in transactions from number `since` on."""
    query = _SELECT.format(action=_action(shape)) + sql.SQL(
        " AND e.recorded_xid >= %s AND (e.memory_id < %s OR e.memory_id >= %s)"
        " ORDER BY e.memory_id LIMIT %s"
    )
    own = (writer_id * IDS, (writer_id + 1) * IDS)
    table = yield from arrow(query, (buffer_id, since, *own, 10 * ROWS))
    return _loaded(table, shape)


def changed(buffer_id: int, writer_id: int, since: int) -> Flow[list[tuple[int, Change]]]:
    """Numbers and contents of others' changes in transactions from number `since` on, in order."""
    found = yield from rows(
        "SELECT change_id, memory_ids, tiers FROM replay_changes WHERE buffer_id = %s"
        " AND recorded_xid >= %s AND writer_id IS DISTINCT FROM %s ORDER BY change_id",
        (buffer_id, since, writer_id),
    )
    return [
        (number, Change(np.array(ids, np.int64), np.array(tiers, np.int8)))
        for number, ids, tiers in found
    ]


def _action(shape: Shape) -> sql.SQL:
    if shape.action_kind is ActionKind.DISCRETE:
        return sql.SQL("e.action::bigint AS action")
    return sql.SQL("e.action_vector AS action")


def _loaded(table: pa.Table, shape: Shape) -> Loaded:
    count = table.num_rows
    discrete = shape.action_kind is ActionKind.DISCRETE
    columns = Columns(
        memory_ids=column(table, "memory_id", np.int64),
        states=_vectors(table, "state_vector", count),
        actions=column(table, "action", np.int64) if discrete else _vectors(table, "action", count),
        rewards=column(table, "reward", np.float64),
        next_states=_vectors(table, "next_state_vector", count),
        terminals=column(table, "terminal", np.bool_),
        truncations=column(table, "truncated", np.bool_),
        episodes=column(table, "episode", np.int64),
        steps=column(table, "step", np.int32),
        timestamps=column(table, "at", np.int64),
        priorities=column(table, "priority", np.float64),
        regimes=column(table, "regime", np.int8),
    )
    return Loaded(
        columns,
        column(table, "tier", np.int8),
        column(table, "draws", np.int64).astype(np.int32),
        column(table, "td_error", np.float32),
        column(table, "recorded_xid", np.int64),
    )


def column(table: pa.Table, name: str, kind: type[np.generic]) -> npt.NDArray[Any]:
    """A column as numbers: times in µs since 1970, a float32 that is NULL as NaN."""
    found = table.column(name)
    if pa.types.is_timestamp(found.type):
        found = found.cast(_TIME).cast(pa.int64())
    if kind is np.float32:
        found = pc.fill_null(found.cast(pa.float32()), np.nan)
    return np.ascontiguousarray(found.to_numpy(), kind)


def _vectors(table: pa.Table, name: str, count: int) -> Float32s:
    flat = pc.list_flatten(table.column(name)).to_numpy()
    return np.ascontiguousarray(
        flat.reshape(count, -1) if count else flat.reshape(0, 0), np.float32
    )
