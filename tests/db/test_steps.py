"""Steps that need no database of the transaction: what runs before it begins, and resources."""

from __future__ import annotations

import asyncio
import time

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.arrow import ArrowReader
from cryptoscalp.infra.db.drivers import AsyncDriver, SyncDriver
from cryptoscalp.infra.db.flow import Flow, Operation, aside, call, rows, using
from cryptoscalp.infra.db.resources import Resources
from tests.faces import Threaded
from tests.postgres import Place

_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND usename = 'cryptoscalp' AND state = 'idle in transaction'"
)


def waiting() -> Flow[int]:
    """How many sessions of the product hold a transaction open and do nothing."""
    found: int = (yield from rows(_WAITING))[0][0]
    return found


async def test_a_transaction_begins_with_its_first_own_statement(db: AsyncDatabase) -> None:
    called: list[str] = []

    def flow() -> Flow[tuple[int, int]]:
        yield from call(lambda: called.append("before"))
        before = yield from aside(waiting)
        yield from rows("SELECT 1")
        after = yield from aside(waiting)
        return before, after

    assert await db.market.driver.run(Operation(flow, transaction=True, retry=False)) == (0, 1)
    assert called == ["before"]


async def test_a_flow_of_asides_alone_opens_no_transaction(db: AsyncDatabase) -> None:
    def flow() -> Flow[int]:
        return (yield from aside(waiting))

    assert await db.market.driver.run(Operation(flow, transaction=True, retry=False)) == 0


class Tool:
    """Something a flow reaches beside the database."""

    made = 0
    closed = 0

    def __init__(self) -> None:
        if Tool.made == 0:
            Tool.made += 1
            raise OSError("not yet")
        Tool.made += 1

    def close(self) -> None:
        Tool.closed += 1


@pytest.mark.parametrize("transaction", [False, True])
async def test_a_resource_is_made_once_and_closed(
    database: Place, mode: str, transaction: bool
) -> None:
    Tool.made = Tool.closed = 0
    resources = Resources({Tool: Tool})
    blocking = SyncDriver(
        database.dsn, max_connections=2, timeout_s=10, resources=resources
    )  # fmt: skip
    driver: AsyncDriver
    if mode == "sync":
        blocking.open()
        driver = Threaded(blocking)
    else:
        driver = AsyncDriver(database.dsn, max_connections=2, timeout_s=10, resources=resources)
        await driver.open()

    def flow() -> Flow[tuple[Tool, Tool]]:
        before = yield from using(Tool, lambda tool: tool)
        yield from rows("SELECT 1")
        return before, (yield from using(Tool, lambda tool: tool))

    plan = Operation(flow, transaction=transaction, retry=False)
    try:
        with pytest.raises(OSError, match="not yet"):
            await driver.run(plan)
        first, second = await driver.run(plan)
        (third, _), (fourth, _) = await asyncio.gather(driver.run(plan), driver.run(plan))
    finally:
        await driver.close()
    assert first is second is third is fourth
    assert (Tool.made, Tool.closed) == (2, 1)


def test_a_read_that_ends_after_the_close_leaves_no_connection(database: Place) -> None:
    """As a read does that was cancelled on asyncio: its thread goes on."""
    reader = ArrowReader(database.dsn)
    assert reader.read("SELECT 1 AS n").num_rows == 1
    reader.close()
    assert reader.read("SELECT 1 AS n").num_rows == 1
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        deadline = time.monotonic() + 5
        while _sessions(admin, database) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _sessions(admin, database) == 0


def _sessions(admin: psycopg.Connection[tuple[object, ...]], database: Place) -> object:
    row = admin.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
        [database.name],
    ).fetchone()
    return row and row[0]
