"""Schema, guards, rights and layout: each check fails on the damage it is for."""

from __future__ import annotations

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from tests.faces import NOON, open_face
from tests.monitoring.asking import one, store
from tests.monitoring.conftest import Breaking
from tests.postgres import Place


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "at revision 0001, this version needs"),
        ("ALTER TABLE batches DROP COLUMN plan", "missing in the schema: batches.plan"),
        ("DROP INDEX quarantine_first_seen_at_idx", "index quarantine_first_seen_at_idx"),
        ("ALTER TABLE candles DROP CONSTRAINT chk_candle_volume", "constraint chk_candle_volume"),
        (
            "ALTER FUNCTION refuse_tick_change() RENAME TO permit_tick_change",
            "functions are not as declared: refuse_tick_change",
        ),
    ],
)
async def test_a_changed_schema(
    db: AsyncDatabase, breaking: Breaking, damage: str, told: str
) -> None:
    breaking(damage)
    found = await one(db, "schema")
    assert found.status == "FAIL"
    assert told in found.found
    assert found.hint
    assert found.hint.startswith("cryptoscalp db")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DROP TRIGGER ticks_append_only ON market_data_20240808", "market_data_20240808 has no"),
        ("ALTER TABLE order_book_l1_20240808 DISABLE TRIGGER ticks_inserted", "ticks_inserted"),
        ("DROP TRIGGER states_ours_only ON mark_prices", "mark_prices has no"),
        ("ALTER TABLE newest_quotes DISABLE TRIGGER ALL", "newest_quotes has no"),
    ],
)
async def test_a_table_without_its_guard(
    db: AsyncDatabase, breaking: Breaking, damage: str, told: str
) -> None:
    await store(db, NOON)
    assert (await one(db, "guards")).status == "OK"
    breaking(damage)
    found = await one(db, "guards")
    assert found.status == "FAIL"
    assert told in found.found


async def test_a_superuser_is_no_login(database: Place, mode: str) -> None:
    async with await open_face(mode, database.admin_dsn) as db:
        found = await one(db, "roles")
    assert found.status == "FAIL"
    assert "is a superuser" in found.found


async def test_an_index_that_is_not_valid(db: AsyncDatabase, breaking: Breaking) -> None:
    await store(db, NOON)
    assert (await one(db, "indexes-valid")).status == "OK"
    breaking("INSERT INTO exchanges (exchange_id, name) VALUES ('a', 'same'), ('b', 'same')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        breaking("CREATE UNIQUE INDEX CONCURRENTLY broken_off ON exchanges (name)")
    breaking("CREATE INDEX parent_only ON ONLY market_data (price)")
    found = await one(db, "indexes-valid")
    assert found.status == "FAIL"
    assert [problem.found for problem in found.problems] == [
        "broken_off on exchanges is not valid: its making was broken off",
        "parent_only is not valid: a partition of market_data lacks its part of it",
    ]
