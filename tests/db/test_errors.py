"""PostgreSQL's refusals as cryptoscalp's errors, through both drivers."""

from __future__ import annotations

from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from cryptoscalp import (
    AsyncDatabase,
    ConnectionLost,
    Contention,
    CryptoscalpError,
    DatabaseError,
    IntegrityRefused,
    PermissionRefused,
    SchemaMismatch,
    connect,
    connect_async,
)
from cryptoscalp.infra.db.flow import Flow, Operation, arrow, rows
from tests.faces import NOON, open_face, table, trade
from tests.postgres import Place


def statement(text: LiteralString) -> Operation:
    """One statement as an operation."""

    def flow() -> Flow[list[tuple[object, ...]]]:
        return (yield from rows(text))

    return Operation(flow, transaction=True, retry=False)


CASES: list[tuple[LiteralString, type[DatabaseError], str]] = [
    ("SELECT * FROM nothing", SchemaMismatch, "db upgrade"),
    ("SELECT nothing FROM batches", SchemaMismatch, "db upgrade"),
    ("SELECT nothing()", SchemaMismatch, "db upgrade"),
    ("DELETE FROM batches", PermissionRefused, "permission denied"),
    ("INSERT INTO order_book_l1 (timestamp) VALUES (now())", IntegrityRefused, "partitions ensure"),
    ("INSERT INTO exchanges (exchange_id) VALUES ('')", IntegrityRefused, "not_empty"),
    ("INSERT INTO instruments (symbol, exchange, canonical_feed) VALUES ('A', 'b', 'trade')",
     IntegrityRefused, "fk_instruments"),
    ("SELECT 1 / 0", DatabaseError, "division by zero"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "words"), CASES, ids=[one[2] for one in CASES])
async def test_each_refusal_has_its_error(
    db: AsyncDatabase, text: LiteralString, kind: type[DatabaseError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        await db.market.driver.run(statement(text))
    assert type(caught.value) is kind
    assert caught.value.sqlstate == getattr(caught.value.__cause__, "sqlstate", "")
    assert isinstance(caught.value, CryptoscalpError)
    assert await db.market.batches() == []


async def test_append_only_is_an_integrity_rule(db: AsyncDatabase, database: Place) -> None:
    await db.market.ensure_partitions(NOON, NOON)
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("GRANT DELETE ON market_data TO cryptoscalp_app")
    with pytest.raises(IntegrityRefused, match=r"append-only.*import undo") as caught:
        await db.market.driver.run(statement("DELETE FROM market_data"))
    assert caught.value.sqlstate == "CS001"


async def test_an_arrow_read_that_fails(db: AsyncDatabase) -> None:
    def flow() -> Flow[object]:
        return (yield from arrow(sql.SQL("SELECT 1 / (length('') * 2)")))

    for _ in range(2):
        with pytest.raises(DatabaseError, match="division by zero") as caught:
            await db.market.driver.run(Operation(flow, transaction=False, retry=True))
        assert caught.value.sqlstate == "22012"
    await db.capture.write_trades(table([trade(0, 1)]))


async def test_no_server(mode: str) -> None:
    for dsn in ("host=/nowhere dbname=x", "host=127.0.0.1 port=1 connect_timeout=2"):
        with pytest.raises(ConnectionLost):
            await open_face(mode, dsn)


async def test_a_database_without_the_schema(empty_database: Place) -> None:
    with pytest.raises(SchemaMismatch, match="db upgrade"):
        connect(empty_database.dsn)
    with pytest.raises(SchemaMismatch, match="db upgrade"):
        await connect_async(empty_database.dsn)


async def test_a_lock_that_is_held_too_long(db: AsyncDatabase, database: Place) -> None:
    await db.capture.write_trades(table([trade(0, 1)]))

    def flow() -> Flow[list[tuple[object, ...]]]:
        yield from rows("SELECT set_config('lock_timeout', '20ms', true)")
        return (yield from rows("SELECT FROM batches FOR UPDATE"))

    with psycopg.connect(database.admin_dsn) as admin:
        admin.execute("LOCK TABLE batches IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Contention, match="try again") as caught:
            await db.market.driver.run(Operation(flow, transaction=True, retry=True))
    assert caught.value.sqlstate == "55P03"
