"""Flow: a draw by the database, for whoever has no memory open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import pyarrow as pa
from psycopg import sql

from cryptoscalp.infra.db.errors import DatabaseError, InputError
from cryptoscalp.infra.db.flow import Flow, arrow
from cryptoscalp.replay.buffers import buffer
from cryptoscalp.replay.content import action_of, typed
from cryptoscalp.replay.tier_types import TIERS

_MOST: Final = 2**31 - 1
_DRAW: Final = sql.SQL(
    "SELECT s.draw, s.memory_id, s.tier, s.probability, s.weight, s.priority, e.timestamp,"
    " e.state_vector AS state, {action}, e.reward, e.next_state_vector AS next_state, e.terminal,"
    " e.truncated"
    " FROM sample_experiences(%s::float8[], %s, %s, %s) AS s"
    " JOIN experience_replay AS e USING (memory_id) ORDER BY s.draw"
)


def sample(
    name: str, n: int, *, alpha: float = 0.6, tier_weights: Sequence[float] | None = None
) -> Flow[pa.Table]:
    """Draw n experiences with replacement, by the priorities that the database has.

    A tier is drawn from by its weight (`tier_weights`, six numbers from 0; the buffer's), one of it
    by (priority + 1e-6) ** alpha. Columns: draw (1 to n), memory_id, tier, probability, weight (the
    importance weight at beta = 1 over the greatest: raise it to beta), priority, timestamp, state,
    action, reward, next_state, terminal, truncated. Draws are not counted. Cost: a pass over the
    buffer's replay_priorities; a learner opens a `memory`. Raises NotFound;
    InputError, also where nothing can be drawn.
    """
    known = yield from buffer(name)
    weights = [tier.weight for tier in known.tiers] if tier_weights is None else [*tier_weights]
    if len(weights) != TIERS or not all(0 <= one < math.inf for one in weights) or not any(weights):
        raise InputError(f"tier_weights {weights}: give {TIERS} finite numbers from 0, not all 0")
    if not 1 <= n <= _MOST or not 0 <= alpha < math.inf:
        raise InputError(f"{n} draws with alpha {alpha}: draw at least one, with alpha from 0")
    query = _DRAW.format(action=action_of(known.shape))
    try:
        table = yield from arrow(query, (weights, n, alpha, known.name))
    except DatabaseError as error:
        if error.sqlstate != "CS010":
            raise
        raise InputError(
            f"replay buffer {name!r}: no tier with a weight above 0 holds an experience: none can"
            " be drawn"
        ) from error
    return typed(table, known.shape)
