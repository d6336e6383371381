"""Flow: a replay buffer in numbers, from the database."""

from __future__ import annotations

from typing import Any, Final

from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.replay.buffers import buffer
from cryptoscalp.replay.replay_types import Buffer
from cryptoscalp.replay.report_types import (
    Bin,
    ReplayStats,
    Spread,
    TierStats,
    VersionCount,
    WriterStats,
)

_EDGES: Final = [float(f"1e{exponent}") for exponent in range(-12, 13)]
# Weights relative to the greatest one: no sum overflows. What is below 1e-150 of it counts nothing,
# and its square would be refused as an underflow.
_TIERS: Final = """
    WITH held AS MATERIALIZED (
        SELECT r.tier, r.priority, r.draws, r.memory_id,
               power((r.priority + 1e-6) / (max(r.priority) OVER tiers + 1e-6), 0.6) AS w
        FROM replay_priorities AS r WHERE r.buffer_id = %s WINDOW tiers AS (PARTITION BY r.tier))
    SELECT h.tier::integer, count(*),
           percentile_cont(ARRAY[0, 0.5, 0.9, 1]::float8[]) WITHIN GROUP (ORDER BY h.priority),
           percentile_cont(ARRAY[0, 0.5, 0.9, 1]::float8[]) WITHIN GROUP (
               ORDER BY extract(epoch FROM now() - e.timestamp)::float8),
           sum(h.draws)::bigint, count(*) FILTER (WHERE h.draws = 0),
           power(sum(h.w), 2) / sum(CASE WHEN h.w > 1e-150 THEN h.w * h.w END),
           count(*) FILTER (WHERE e.tier <> h.tier OR e.priority <> h.priority)
    FROM held AS h JOIN experience_replay AS e USING (memory_id) GROUP BY h.tier"""
_BINS: Final = """
    SELECT tier::integer, width_bucket(priority, %s::float8[]) AS bin, count(*)
    FROM replay_priorities WHERE buffer_id = %s GROUP BY 1, 2 ORDER BY 1, 2"""
_MODELS: Final = """
    SELECT v.model_name || ':' || v.version_number, counted.count
    FROM (SELECT model_id, count(*) FROM experience_replay WHERE buffer_id = %s GROUP BY model_id)
         AS counted LEFT JOIN model_versions AS v USING (model_id)
    ORDER BY counted.count DESC, counted.model_id"""
_WRITERS: Final = """
    SELECT writer_id, position, opened_at, written_at,
           extract(epoch FROM now() - coalesce(written_at, opened_at))::float8, stale_updates
    FROM replay_writers
    WHERE buffer_id = %s AND coalesce(written_at, opened_at) > now() - interval '1 day'
    ORDER BY writer_id"""
_SUMS: Final = """
    SELECT (SELECT coalesce(sum(stale_updates), 0)::bigint FROM replay_writers
            WHERE buffer_id = %(buffer)s),
           count(*) FILTER (WHERE tier > 0), count(*) FILTER (WHERE tier = 0)
    FROM replay_changes AS c, unnest(c.tiers) AS tier
    WHERE c.buffer_id = %(buffer)s AND c.recorded_at > now() - interval '1 hour'"""


def stats(name: str) -> Flow[ReplayStats]:
    """The tiers of a buffer in numbers, and who writes to it. Raises NotFound.

    It reads the database: an open memory is ahead of it by what `lags` says. Cost: two passes over
    the buffer's rows of replay_priorities and of experience_replay, and a sort of its priorities
    and ages; some seconds for a million experiences.
    """
    known = yield from buffer(name)
    of = (known.buffer_id,)
    tiers = yield from rows(_TIERS, of)
    bins = yield from rows(_BINS, (_EDGES, known.buffer_id))
    models = yield from rows(_MODELS, of)
    writers = yield from rows(_WRITERS, of)
    ((stale, moved, evicted),) = yield from rows(_SUMS, {"buffer": known.buffer_id})
    return ReplayStats(
        name=known.name,
        held=sum(row[1] for row in tiers),
        tiers=_tiers(known, {row[0]: row for row in tiers}, bins),
        models=tuple(VersionCount(*row) for row in models),
        writers=tuple(WriterStats(*row) for row in writers),
        stale_updates=stale,
        moved=moved,
        evicted=evicted,
        checkpointed_at=known.checkpointed_at,
        unlike_checkpoint=sum(row[7] for row in tiers),
    )


def _tiers(known: Buffer, found: dict[int, Row], bins: list[Row]) -> tuple[TierStats, ...]:
    weights = {number: known.tiers[number - 1].weight for number in found}
    whole = sum(weights.values())
    made = []
    for number, tier in enumerate(known.tiers, 1):
        row: Any = found.get(number, (number, 0, None, None, 0, 0, None, 0))
        _, held, priorities, ages, draws, never, effective, _ = row
        made.append(
            TierStats(
                tier=number,
                name=tier.name,
                capacity=tier.capacity,
                held=held,
                share=weights.get(number, 0.0) / whole if whole else 0.0,
                priorities=None if priorities is None else Spread(*priorities),
                histogram=tuple(_bin(at, count) for of, at, count in bins if of == number),
                ages_s=None if ages is None else Spread(*ages),
                draws=draws,
                draws_mean=draws / held if held else None,
                never_drawn=never,
                effective=effective,
            )
        )
    return tuple(made)


def _bin(at: int, count: int) -> Bin:
    return Bin(_EDGES[at - 1] if at else 0.0, count)
