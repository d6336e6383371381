"""`batches` on the blocking face is a plain iterator."""

from __future__ import annotations

import asyncio

import pytest

import cryptoscalp
from cryptoscalp.infra.db.errors import NotFound
from tests.faces import open_face
from tests.postgres import Place
from tests.replay.stored import declared, stored


async def _fill(dsn: str) -> None:
    async with await open_face("async", dsn) as db:
        await stored(db, await declared(db), range(1, 8))


def test_it_iterates(database: Place) -> None:
    asyncio.run(_fill(database.dsn))
    with cryptoscalp.connect(database.dsn) as db:
        found = list(db.replay.batches("x", 3))
        assert [one["memory_id"].to_pylist() for one in found] == [[1, 2, 3], [4, 5, 6], [7]]
        with pytest.raises(NotFound):
            next(db.replay.batches("y"))
