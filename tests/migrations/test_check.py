"""`check` names what somebody changed by hand, and nothing that is none of its business."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest

from cryptoscalp.infra import migrations
from cryptoscalp.infra.migrations import Difference
from tests.postgres import Place

CHANGES: list[tuple[LiteralString, str, str]] = [
    ("ALTER TABLE market_data ADD COLUMN note text", "column", "market_data.note"),
    ("ALTER TABLE batches DROP CONSTRAINT chk_batch_accounted", "constraint", "batches.chk_batch_"),
    ("DROP INDEX market_data_symbol_timestamp_idx", "index", "market_data.market_data_symbol_"),
    ("DROP TRIGGER ticks_append_only ON market_data", "trigger", "market_data.ticks_append_only"),
    ("ALTER TABLE market_data DISABLE TRIGGER ticks_append_only", "trigger", "market_data.ticks_"),
    ("GRANT UPDATE ON market_data TO cryptoscalp_app", "grant", "table market_data to cryptos"),
    ("GRANT DELETE ON candles TO PUBLIC", "grant", "table candles to PUBLIC"),
    ("ALTER FUNCTION correct_ticks SECURITY INVOKER", "function", "correct_ticks(bigint)"),
    ("ALTER TYPE trade_side ADD VALUE 'NONE'", "enum", "trade_side"),
    ("ALTER DOMAIN price DROP CONSTRAINT price_is_a_number", "constraint", "price.price_is_a_num"),
    ("ALTER TABLE candles OWNER TO postgres", "table", "candles"),
    ("COMMENT ON COLUMN candles.open IS NULL", "column", "candles.open"),
    ("ALTER TABLE newest_quotes SET (fillfactor = 100)", "table", "newest_quotes"),
]


def run(place: Place, statement: LiteralString) -> None:
    with psycopg.connect(place.admin_dsn, autocommit=True) as connection:
        connection.execute(statement)


def found(told: list[Difference]) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in told]


@pytest.mark.long
@pytest.mark.parametrize(("statement", "kind", "name"), CHANGES)
def test_a_change_by_hand_is_named(
    database: Place, statement: LiteralString, kind: str, name: str
) -> None:
    run(database, statement)
    told = found(migrations.check(database.admin_dsn))
    assert any(is_kind == kind and is_name.startswith(name) for is_kind, is_name in told), told


def test_what_others_keep_beside_it_does_not_count(database: Place) -> None:
    run(database, "CREATE TABLE somebody_elses (id int)")
    run(database, "CREATE SCHEMA theirs CREATE TABLE candles (id int)")
    run(database, "GRANT SELECT ON candles TO pg_monitor")
    run(database, "SELECT ensure_partitions('2024-02-28', '2024-03-02')")
    assert migrations.check(database.admin_dsn) == []


def test_the_products_login_compares_functions_by_their_text(
    database: Place, caplog: pytest.LogCaptureFixture
) -> None:
    assert migrations.check(database.dsn) == []
    assert "may not create a scratch database" in caplog.text
    run(
        database,
        "CREATE OR REPLACE FUNCTION refuse_tick_change() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NULL; END'",
    )
    run(database, "ALTER TABLE batches DROP COLUMN rounded")
    told = found(migrations.check(database.dsn))
    assert ("function", "refuse_tick_change") in told
    assert any(kind == "table" and "rounded" in name for kind, name in told)


def test_a_database_without_tables_is_named_by_its_revision(empty_database: Place) -> None:
    told = migrations.check(empty_database.admin_dsn)
    assert found(told) == [("revision", "alembic_version")]
    assert migrations.head() in told[0].detail


def test_check_leaves_no_scratch_database(database: Place) -> None:
    migrations.check(database.admin_dsn)
    with psycopg.connect(database.admin_dsn) as connection:
        left = connection.execute(
            "SELECT datname FROM pg_database WHERE datname ~ '^cryptoscalp_check_'"
        ).fetchall()
    assert left == []
