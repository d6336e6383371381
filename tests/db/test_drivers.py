"""What the drivers do when sessions meet, break, run out or are cancelled."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from typing import Any

import psycopg
import pytest
from psycopg import sql

from cryptoscalp import AsyncDatabase, ConnectionLost, Contention, connect
from cryptoscalp.infra.db.flow import Flow, Operation, arrow, call, rows, run
from cryptoscalp.infra.server import EmbeddedServer
from tests.capture import brute
from tests.faces import at, open_face, quote, table, trade
from tests.postgres import Place

_KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = 'cryptoscalp'"
)


def kill_all(place: Place) -> int:
    """End every session of the product in the test's database."""
    return len(brute.fetch(place.admin_dsn, _KILL))


@pytest.fixture
def rows_to_lock(database: Place) -> Place:
    with connect(database.dsn) as db:
        for n in range(2):
            db.capture.write_trades(table([trade(n, n, symbol=f"S{n}")]))
    return database


@pytest.mark.parametrize("retry", [True, False])
async def test_a_deadlock(db: AsyncDatabase, rows_to_lock: Place, retry: bool) -> None:
    """Two flows lock two rows crosswise: with retries both end, without one is refused."""
    meeting = threading.Barrier(2, timeout=10)
    starts: list[int] = []

    def flow(first: int, second: int) -> Flow[int]:
        starts.append(first)
        again = len(starts) > 2
        lock = "UPDATE instruments SET base = 'x' WHERE symbol = %s"
        yield from run(lock, (f"S{first}",))
        if not again:
            yield from call(meeting.wait)
        return (yield from run(lock, (f"S{second}",)))

    plan = Operation(flow, transaction=True, retry=retry)
    driver = db.market.driver
    runs = [driver.run(plan, 0, 1), driver.run(plan, 1, 0)]
    done = await asyncio.gather(*runs, return_exceptions=True)
    if retry:
        assert done == [1, 1]
        assert len(starts) == 3
    else:
        kinds = sorted(type(one).__name__ for one in done)
        assert kinds == ["Contention", "int"]
        lost = next(one for one in done if isinstance(one, Contention))
        assert lost.sqlstate == "40P01"


async def test_a_serialization_failure_is_tried_again(
    db: AsyncDatabase, rows_to_lock: Place
) -> None:
    starts = 0

    def meanwhile() -> None:
        if starts == 1:
            with psycopg.connect(rows_to_lock.admin_dsn) as other:
                other.execute("UPDATE instruments SET base = 'other'")

    def flow() -> Flow[int]:
        nonlocal starts
        starts += 1
        yield from run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield from rows("SELECT FROM instruments")
        yield from call(meanwhile)
        return (yield from run("UPDATE instruments SET base = 'mine'"))

    assert await db.market.driver.run(Operation(flow, transaction=True, retry=True)) == 2
    assert starts == 2


@pytest.mark.parametrize("retry", [True, False])
@pytest.mark.parametrize("transaction", [True, False])
async def test_a_session_that_is_ended_in_the_middle(
    db: AsyncDatabase, database: Place, retry: bool, transaction: bool
) -> None:
    starts = 0

    def flow() -> Flow[int]:
        nonlocal starts
        starts += 1
        yield from rows("SELECT 1")
        if starts == 1:
            yield from call(lambda: kill_all(database))
        return (yield from rows("SELECT 7"))[0][0]  # type: ignore[no-any-return]

    plan = Operation(flow, transaction, retry)
    if retry:
        assert await db.market.driver.run(plan) == 7
        assert starts == 2
    else:
        with pytest.raises(ConnectionLost):
            await db.market.driver.run(plan)
        assert starts == 1
    assert (await db.capture.write_trades(table([trade(0, 1)]))).total.stored == 1


@pytest.mark.parametrize("retry", [True, False])
async def test_a_session_that_is_ended_while_arrow_is_read(
    db: AsyncDatabase, database: Place, retry: bool
) -> None:
    starts = 0

    def flow() -> Flow[int]:
        nonlocal starts
        starts += 1
        # The first time it ends itself, after some rows.
        query = (
            "SELECT n, CASE WHEN n = 50000 THEN pg_terminate_backend(pg_backend_pid()) END"
            " FROM generate_series(1, 100000) AS n"
            if starts == 1
            else "SELECT n FROM generate_series(1, 7) AS n"
        )
        return (yield from arrow(sql.SQL(query))).num_rows  # type: ignore[no-any-return]

    plan = Operation(flow, transaction=False, retry=retry)
    if retry:
        assert await db.market.driver.run(plan) == 7
    else:
        with pytest.raises(ConnectionLost):
            await db.market.driver.run(plan)
    assert starts == 1 + retry


async def test_idle_sessions_that_were_ended(db: AsyncDatabase, database: Place) -> None:
    """Reads through every kind of connection go on as if nothing had been."""
    await db.capture.write_trades(table([trade(n, n) for n in range(9)]))
    await db.capture.write_quotes(table([quote(0, 1)]))
    for _ in range(2):
        await asyncio.gather(*(db.market.trades("BTCUSDT", at(0), at(99)) for _ in range(5)))
        kill_all(database)
        assert (await db.market.latest("BTCUSDT")).sequence == 1
        assert (await db.market.trades("BTCUSDT", at(0), at(99))).num_rows == 9
        kill_all(database)
        assert (await db.capture.write_trades(table([trade(0, 0)]))).total.duplicate == 1
        assert (await db.market.candles("BTCUSDT", "1m")).num_rows == 1


async def test_no_connection_is_free(database: Place, mode: str) -> None:
    async with await open_face(mode, database.dsn, max_connections=2, timeout_s=0.3) as db:
        sleepers = [asyncio.create_task(db.market.driver.run(_sleep(1.5))) for _ in range(2)]
        await asyncio.sleep(0.3)
        began = time.monotonic()
        with pytest.raises(ConnectionLost, match="became free"):
            await db.market.batches()
        assert time.monotonic() - began < 1.2
        await asyncio.gather(*sleepers)
        assert await db.market.batches() == []


async def test_one_connection_is_enough(database: Place, mode: str) -> None:
    async with await open_face(mode, database.dsn, max_connections=1, timeout_s=5) as db:
        writes = [db.capture.write_trades(table([trade(n, n)])) for n in range(5)]
        assert sum(one.total.stored for one in await asyncio.gather(*writes)) == 5
        assert (await db.market.trades("BTCUSDT", at(0), at(99))).num_rows == 5


def _sleep(seconds: float) -> Operation:
    def flow() -> Flow[Any]:
        return (yield from rows("SELECT pg_sleep(%s)", (seconds,)))

    return Operation(flow, transaction=True, retry=False)


async def test_cancellation_leaves_no_broken_connection(database: Place) -> None:
    async with await open_face("async", database.dsn, max_connections=2, timeout_s=5) as db:
        big = table([trade(n, n) for n in range(40_000)])
        for delay in (0.0, 0.002, 0.01, 0.03, 0.06, 0.1, 0.2):
            for work in (
                db.capture.write_trades(big),
                db.market.driver.run(_sleep(5)),
                db.market.ensure_partitions(at(0), at(3 * 86_400_000_000)),
            ):
                task = asyncio.ensure_future(work)
                await asyncio.sleep(delay)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        pool = db.market.driver.pool.get_stats()
        assert pool["pool_available"] == pool["pool_size"]
        results = await asyncio.gather(
            *(db.capture.write_trades(big.slice(n * 100, 100)) for n in range(4))
        )
        assert sum(one.total.received for one in results) == 400
        active = (
            "SELECT FROM pg_stat_activity WHERE query LIKE '%%pg_sleep(%%' AND state = 'active'"
        )
        assert len(brute.fetch(database.admin_dsn, active + " AND pid <> pg_backend_pid()")) == 0
    brute.check_derived(database.dsn)
    brute.check_ledger(database.dsn)


async def test_an_error_in_a_called_function_is_not_hidden(db: AsyncDatabase) -> None:
    def fail() -> None:
        raise OSError("no such disc")

    def flow() -> Flow[None]:
        yield from rows("SELECT 1")
        yield from call(fail)

    for transaction in (True, False):
        with pytest.raises(OSError, match="no such disc"):
            await db.market.driver.run(Operation(flow, transaction, retry=True))
    assert await db.market.batches() == []


async def test_a_server_that_restarts(mode: str, own_server: EmbeddedServer) -> None:
    async with await open_face(mode, own_server.dsn) as db:
        await db.capture.write_trades(table([trade(0, 1, symbol=mode)]))
        await db.market.trades(mode, at(0), at(1))
        await asyncio.to_thread(own_server.stop)
        restart = asyncio.create_task(asyncio.to_thread(own_server.ensure_running))
        account = await db.capture.write_trades(table([trade(1, 2, symbol=mode)]))
        await restart
        assert account.total.stored == 1
        assert (await db.market.trades(mode, at(0), at(9))).num_rows == 2
    brute.check_derived(own_server.dsn)


async def until_refused(db: AsyncDatabase, symbol: str) -> None:
    """Write for 20 seconds: a session that is at work may outlive its server for a moment."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        await db.capture.write_trades(table([trade(1, 8, symbol=symbol)]))


@pytest.mark.long
async def test_a_server_that_stays_away_is_said_soon(mode: str, own_server: EmbeddedServer) -> None:
    async with await open_face(mode, own_server.dsn) as db:
        await db.capture.write_trades(table([trade(0, 7, symbol=f"{mode}GONE")]))
        pid = own_server.status().pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        with pytest.raises(ConnectionLost, match="PostgreSQL does not answer"):
            await until_refused(db, f"{mode}GONE")
        assert time.monotonic() - began < 20
        await asyncio.to_thread(own_server.ensure_running)
        account = await db.capture.write_trades(table([trade(1, 8, symbol=f"{mode}GONE")]))
        assert account.total.stored + account.total.duplicate == 1
        assert (await db.market.trades(f"{mode}GONE", at(0), at(9))).num_rows == 2
