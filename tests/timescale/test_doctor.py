"""The doctor on the timescale layout: right on a new database and on a used one, and on damage."""

from __future__ import annotations

import psycopg

from tests.faces import NOON, open_face
from tests.monitoring.asking import one, store
from tests.postgres import Place


async def test_well_used_and_broken(timescale: Place, mode: str) -> None:
    async with await open_face(mode, timescale.dsn, max_connections=2) as db:
        new = await db.monitoring.doctor()
        await store(db, NOON)
        used = await db.monitoring.doctor()
        layout = await one(db, "layout")
        with psycopg.connect(timescale.admin_dsn, autocommit=True) as admin:
            admin.execute("ALTER TABLE newest_quotes DISABLE TRIGGER derived_only")
            guards = await one(db, "guards")
            admin.execute("ALTER TABLE newest_quotes ENABLE TRIGGER derived_only")
    # The server in WebAssembly has settings of its own; its template may be older than a worker may
    # stay away.
    ours = {"FAIL", "WARN"}
    settings = {"capacity", "durability", "upkeep", "jobs"}
    assert [each for each in new if each.status in ours and each.name not in settings] == []
    assert [each for each in used if each.status in ours and each.name not in settings] == []
    plans = {each.name: each.status for each in used if each.name.startswith("plan-")}
    assert {name for name, status in plans.items() if status == "SKIP"} == {"plan-ledger"}
    assert layout.found.startswith("layout timescale, TimescaleDB 2.")
    assert guards.status == "FAIL"
