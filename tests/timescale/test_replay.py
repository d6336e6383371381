"""The replay memory beside hypertables: every function runs."""

from __future__ import annotations

from cryptoscalp.infra import migrations
from tests.faces import open_face
from tests.postgres import Place
from tests.replay.whole_way import whole_way


async def test_every_function_runs(mode: str, timescale: Place) -> None:
    async with await open_face(mode, timescale.dsn) as db:
        await whole_way(db, mode)
    assert migrations.check(timescale.admin_dsn) == []
