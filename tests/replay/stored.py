"""Experiences that are in the database without a memory: for what reads them there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.replay import storing
from cryptoscalp.replay.additions import Addition
from cryptoscalp.replay.replay_types import ActionKind, Buffer, Columns
from cryptoscalp.replay.tier_types import Condition, Overflow, Tier
from tests.postgres import Place
from tests.replay.experiences import experiences

#: As a client without a journal does.
_STORE = Operation(storing._record, transaction=True, retry=True)
#: 2024-08-08 12:00 UTC in microseconds.
START = int(datetime(2024, 8, 8, 12, tzinfo=UTC).timestamp()) * 1_000_000


def six(*capacities: int, weights: Sequence[float] = (1,) * 6) -> tuple[Tier, ...]:
    """Tiers that let the oldest go, of 100 unless said; tier 1 takes every new one."""
    sizes = (*capacities, *[100] * (6 - len(capacities)))
    return tuple(
        Tier(f"t{number}", size, weight, Condition() if number == 1 else None, (), Overflow.OLDEST)
        for number, (size, weight) in enumerate(zip(sizes, weights, strict=True), 1)
    )


async def declared(
    db: AsyncDatabase,
    name: str = "x",
    tiers: Sequence[Tier] | None = None,
    actions: ActionKind = ActionKind.DISCRETE,
    action_width: int = 1,
) -> Buffer:
    """A buffer with states of three features."""
    features = await db.registry.register_feature_set("three", ["a", "b", "c"])
    return await db.replay.create_buffer(
        name, features.feature_set_id, tiers=six() if tiers is None else tiers,
        actions=actions, action_width=action_width,
    )  # fmt: skip


async def stored(
    db: AsyncDatabase,
    buffer: Buffer,
    ids: Sequence[int],
    tiers: npt.ArrayLike = 1,
    *,
    models: Sequence[int] | None = None,
    **given: Any,
) -> Columns:
    """Store experiences of these ids, a second apart from START on unless timestamps are given."""
    count = len(ids)
    at = START + np.arange(count) * 1_000_000
    columns = experiences(ids, **{"timestamps": at} | given)
    none = np.zeros(count, np.int64)
    into = np.broadcast_to(np.asarray(tiers, np.int8), (count,))
    links = none if models is None else np.asarray(models, np.int64)
    addition = Addition(columns, into, columns.timestamps + 500_000, links, none, none)
    await db._driver.run(_STORE, buffer.buffer_id, addition)
    return columns


def asked(place: Place, query: str, *params: object, admin: bool = False) -> list[tuple[Any, ...]]:
    """Rows of a query, or nothing where it has none."""
    dsn = place.admin_dsn if admin else place.dsn
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(query, params or None)
        return cursor.fetchall() if cursor.description else []
