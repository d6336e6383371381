"""Flows: the experiences of a training set, piece by piece in the order of memory_id."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa
from psycopg import sql

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, arrow, rows
from cryptoscalp.replay.buffers import buffer
from cryptoscalp.replay.content import action_of, typed
from cryptoscalp.replay.replay_types import Buffer, Ints
from cryptoscalp.replay.settled import settled
from cryptoscalp.replay.tier_types import TIERS

#: Experiences read at once.
ROWS: Final = 50_000
_FROM: Final = (
    " FROM experience_replay AS e JOIN replay_priorities AS r USING (memory_id)"
    " WHERE e.buffer_id = %(buffer)s AND e.recorded_at <= %(as_of)s"
    " AND (%(tiers)s::smallint[] IS NULL OR r.tier = ANY (%(tiers)s::smallint[]))"
)
_PIECE: Final = sql.SQL(
    "SELECT e.memory_id, e.timestamp, e.next_timestamp, e.state_vector AS state, {action},"
    " e.reward, e.next_state_vector AS next_state, e.terminal, e.truncated, e.episode, e.step,"
    " r.tier, r.priority, e.model_id, e.portfolio_id, e.trade_id, e.regime::text AS regime"
    + _FROM
    + " AND e.memory_id > %(after)s AND {chosen} ORDER BY e.memory_id LIMIT %(most)s"
)
_IDS: Final = sql.SQL("SELECT e.memory_id" + _FROM + " ORDER BY e.memory_id")


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Which experiences of a buffer: recorded by `as_of`, of some tiers, or drawn of those."""

    buffer: Buffer
    as_of: datetime
    tiers: list[int] | None
    #: memory_ids in ascending order; None: all.
    drawn: Ints | None

    @property
    def params(self) -> dict[str, object]:
        """What the queries are about."""
        return {"buffer": self.buffer.buffer_id, "as_of": self.as_of, "tiers": self.tiers}


def training_set(
    name: str, as_of: datetime | None, tiers: Collection[int] | None, draw: int | None, seed: int
) -> Flow[TrainingSet]:
    """Settle which experiences are meant; see `export`. Raises NotFound, InputError, Contention."""
    known = yield from buffer(name)
    chosen = None if tiers is None else sorted(set(tiers))
    if chosen is not None and (not chosen or not set(chosen) <= set(range(1, TIERS + 1))):
        raise InputError(f"tiers {chosen}: name some of 1 to {TIERS}")
    if draw is not None and draw < 1:
        raise InputError(f"draw {draw}: draw one experience at least")
    made = TrainingSet(known, (yield from settled(as_of)), chosen, None)
    if draw is None:
        return made
    table = yield from arrow(_IDS, made.params)
    ids = table.column("memory_id").to_numpy()
    if draw < len(ids):
        picked = np.random.Generator(np.random.PCG64(seed)).choice(len(ids), draw, replace=False)
        ids = ids[np.sort(picked)]
    return TrainingSet(known, made.as_of, chosen, ids)


def piece(of: TrainingSet, after: int, most: int) -> Flow[pa.Table]:
    """The next experiences after a memory_id, at most so many; none at the end."""
    if of.drawn is None:
        return (yield from _read(of, after, most, None))
    at = int(np.searchsorted(of.drawn, after, side="right"))
    while True:
        ids = of.drawn[at : at + most]
        table = yield from _read(of, after, most, ids)
        # All of a piece may have left since they were drawn: that is not the end.
        if table.num_rows or at + most >= len(of.drawn):
            return table
        at += most


def evicted_since(of: TrainingSet) -> Flow[int]:
    """How many experiences have left the buffer after as_of, as far as replay_changes says."""
    ((count,),) = yield from rows(
        "SELECT count(*) FROM replay_changes AS c, unnest(c.tiers) AS tier"
        " WHERE c.buffer_id = %(buffer)s AND c.recorded_at > %(as_of)s AND tier = 0",
        {"buffer": of.buffer.buffer_id, "as_of": of.as_of},
    )
    found: int = count
    return found


def _read(of: TrainingSet, after: int, most: int, ids: Ints | None) -> Flow[pa.Table]:
    params = {**of.params, "after": after, "most": most}
    chosen = sql.SQL("true")
    if ids is not None:
        chosen = sql.SQL("e.memory_id = ANY (%(ids)s::bigint[])")
        params["ids"] = ids.tolist()
    query = _PIECE.format(action=action_of(of.buffer.shape), chosen=chosen)
    table = yield from arrow(query, params)
    return typed(table, of.buffer.shape)
