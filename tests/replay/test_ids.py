"""Ids that plain SQL chose, zero and below among them, are experiences like others."""

from __future__ import annotations

from pathlib import Path

from cryptoscalp import AsyncDatabase
from tests.replay.stored import declared, stored


async def test_a_memory_has_them_all(db: AsyncDatabase) -> None:
    ids = [-(2**63) + 1, -5, 0, 1, 2**62]
    await stored(db, await declared(db), ids)
    async with db.replay.memory("x", rules_every_s=None) as memory:
        assert sorted(memory.held().memory_ids.tolist()) == ids


async def test_reports_have_them_all(db: AsyncDatabase, tmp_path: Path) -> None:
    ids = [-5, 0, 1, 2**62]
    await stored(db, await declared(db), ids)
    assert (await db.replay.verify("x")).faults == ()
    assert (await db.replay.export("x", tmp_path / "set.parquet")).rows == 4
    batches = [one async for one in db.replay.batches("x", 3, draw=4)]
    assert [one["memory_id"].to_pylist() for one in batches] == [ids[:3], ids[3:]]
    assert (await db.replay.prune("x", keep=1)).evicted == 3
