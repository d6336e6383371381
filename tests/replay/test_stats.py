"""A buffer in numbers, against NumPy."""

from __future__ import annotations

from datetime import UTC, datetime
from time import time

import numpy as np
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import NotFound
from tests.postgres import Place
from tests.replay.stored import START, asked, declared, six, stored


async def test_of_nothing(db: AsyncDatabase) -> None:
    await declared(db)
    found = await db.replay.stats("x")
    assert (found.held, found.models, found.writers) == (0, (), ())
    assert (found.moved, found.evicted, found.checkpointed_at) == (0, 0, None)
    for number, tier in enumerate(found.tiers, 1):
        assert (tier.tier, tier.capacity, tier.held, tier.share) == (number, 100, 0, 0.0)
        assert (tier.priorities, tier.ages_s, tier.effective) == (None, None, None)
        assert (tier.draws, tier.draws_mean, tier.never_drawn) == (0, None, 0)
        assert tier.histogram == ()
    with pytest.raises(NotFound, match="no replay buffer 'y'"):
        await db.replay.stats("y")


async def test_numbers_are_those_of_numpy(db: AsyncDatabase, database: Place) -> None:
    rng = np.random.default_rng(3)
    priorities = 10.0 ** rng.uniform(-3, 3, 200)
    tiers = rng.choice([1, 2, 5], 200)
    made = await declared(db, tiers=six(weights=(3, 1, 9, 9, 4, 9)))
    other = await declared(db, "other")
    await stored(db, made, range(200), tiers, priorities=priorities)
    await stored(db, other, range(1_000, 1_010), 1, priorities=np.full(10, 5e8))
    draws = rng.integers(0, 4, 200)
    asked(
        database,
        "SELECT set_replay_priorities(%s, %s, %s, %s, %s)",
        made.buffer_id, list(range(200)), [None] * 200, [None] * 200, draws.tolist(),
    )  # fmt: skip
    before = time()
    found = await db.replay.stats("x")
    assert found.held == 200
    for tier in found.tiers:
        of = tiers == tier.tier
        share = {1: 3 / 8, 2: 1 / 8, 5: 4 / 8}.get(tier.tier, 0.0)
        assert (tier.held, tier.share) == (of.sum(), share)
        if not of.any():
            assert tier.priorities is None
            continue
        held = priorities[of]
        assert tier.priorities is not None
        assert tier.ages_s is not None
        told = (tier.priorities.least, tier.priorities.median, tier.priorities.p90)
        assert (*told, tier.priorities.greatest) == pytest.approx(
            np.quantile(held, [0, 0.5, 0.9, 1]), rel=1e-12
        )
        ages = before - (START / 1e6 + np.flatnonzero(of))
        assert tier.ages_s.least == pytest.approx(ages.min(), abs=30)
        assert tier.ages_s.median - tier.ages_s.least == pytest.approx(
            np.median(ages) - ages.min(), abs=1e-3
        )
        decades, counts = np.unique(np.floor(np.log10(held)), return_counts=True)
        assert [(one.lower, one.count) for one in tier.histogram] == [
            (float(f"1e{int(decade)}"), count)
            for decade, count in zip(decades, counts, strict=True)
        ]
        weights = (held + 1e-6) ** 0.6
        assert tier.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
        assert (tier.draws, tier.never_drawn) == (draws[of].sum(), (draws[of] == 0).sum())
        assert tier.draws_mean == pytest.approx(draws[of].mean())


async def test_priorities_at_both_ends_of_what_is_taken(db: AsyncDatabase) -> None:
    made = await declared(db)
    await stored(db, made, range(5), 1, priorities=[1e-60, 9.9e-13, 1e-12, 1e12, 1e60])
    (tier, *_) = (await db.replay.stats("x")).tiers
    assert [(one.lower, one.count) for one in tier.histogram] == [(0.0, 2), (1e-12, 1), (1e12, 2)]
    assert tier.effective == pytest.approx(1.0)


async def test_edges_of_bins_belong_to_the_upper_one(db: AsyncDatabase) -> None:
    made = await declared(db)
    edges = [float(f"1e{exponent}") for exponent in range(-11, 12)]
    below = [np.nextafter(edge, 0) for edge in edges]
    await stored(db, made, range(46), 1, priorities=[*edges, *below])
    (tier, *_) = (await db.replay.stats("x")).tiers
    lowest, *middle, highest = [(one.lower, one.count) for one in tier.histogram]
    assert (lowest, highest) == ((1e-12, 1), (1e11, 1))
    assert middle == [(edge, 2) for edge in edges[:-1]]


async def test_what_was_done(db: AsyncDatabase, database: Place) -> None:
    made = await declared(db)
    version = (await db.registry.register_version("actor")).version
    await stored(db, made, range(6), 1, models=[0, 0, version.model_id, 0, 0, 0])
    of = made.buffer_id
    asked(database, "SELECT change_replay(%s, NULL, %s, %s, 'x')", of, [0, 1, 2, 3], [2, 2, 2, 0])
    asked(
        database, "SELECT set_replay_priorities(%s, '{1,4}', '{2,2}', '{NULL,NULL}', '{0,0}')", of
    )
    ((writer,),) = asked(database, "SELECT open_replay_writer(%s)", of)
    asked(database, "SELECT open_replay_writer(%s)", of)
    asked(database, "SELECT advance_replay_writer(%s, 0, 7, 3)", writer)
    found = await db.replay.stats("x")
    assert (found.moved, found.evicted, found.unlike_checkpoint) == (3, 1, 4)
    assert [(one.model, one.count) for one in found.models] == [(None, 4), ("actor:1", 1)]
    first, second = found.writers
    assert (first.writer_id, first.position, first.stale_updates) == (writer, 7, 3)
    assert (second.written_at, found.stale_updates) == (None, 3)
    assert first.written_at is not None
    assert 0 <= first.silent_s < 60
    assert await db.replay.checkpoint("x") == 4
    assert await db.replay.checkpoint("x") == 0
    found = await db.replay.stats("x")
    assert found.unlike_checkpoint == 0
    assert found.checkpointed_at is not None
    assert (datetime.now(UTC) - found.checkpointed_at).total_seconds() < 60
    # An hour later nothing of it counts.
    asked(database, "ALTER TABLE replay_changes DISABLE TRIGGER USER", admin=True)
    asked(
        database,
        "UPDATE replay_changes SET recorded_at = recorded_at - interval '61 minutes'",
        admin=True,
    )
    found = await db.replay.stats("x")
    assert (found.moved, found.evicted) == (0, 0)
