"""The lock of a day's run: one at a time, and free again however the run ends."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, Operation, call, rows
from cryptoscalp.infra.db.locks import Lock
from cryptoscalp.retention.alone import alone
from tests.postgres import Place
from tests.retention.days import DAY, as_admin

NAME = f"retention market_data {DAY}"
HOLDER = """
import sys, time
from cryptoscalp.infra.db.locks import Lock
lock = Lock(sys.argv[1], sys.argv[2])
print(lock.take(), flush=True)
time.sleep(60)
"""


async def locked(db: AsyncDatabase, flow: Any) -> Any:
    """Run a flow under the lock of the day."""
    plan = Operation(partial(alone, "market_data", DAY, flow), transaction=False, retry=False)
    return await db._driver.run(plan)


def one() -> Flow[int]:
    found = yield from rows("SELECT 1")
    return int(found[0][0])


def is_free(place: Place) -> bool:
    lock = Lock(place.dsn, NAME)
    try:
        return lock.take()
    finally:
        lock.give_back()


def frees(place: Place, within_s: float = 5.0) -> bool:
    """Whether the lock becomes free: the server sees a connection's end a moment later."""
    end = time.monotonic() + within_s
    while not is_free(place):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


async def test_one_run_at_a_time_and_no_open_transaction(
    db: AsyncDatabase, database: Place
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def wait() -> bool:
        entered.set()
        return leave.wait(10)

    def stay() -> Flow[bool]:
        return (yield from call(wait))

    first = asyncio.create_task(locked(db, stay))
    assert await asyncio.to_thread(entered.wait, 10)
    assert await locked(db, one) is None
    open_ones = as_admin(
        database,
        "SELECT application_name FROM pg_stat_activity"
        " WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()"
        " AND datname = current_database()",
    )
    assert open_ones == []
    leave.set()
    assert await first
    # At once: it was given back, not only left.
    assert [await locked(db, one) for _ in range(5)] == [1] * 5


async def test_an_error_frees_it(db: AsyncDatabase) -> None:
    def fail() -> Flow[int]:
        yield from rows("SELECT 1")
        raise InputError("of the flow")

    for _ in range(5):
        with pytest.raises(InputError, match="of the flow"):
            await locked(db, fail)
    assert await locked(db, one) == 1


async def test_an_error_of_the_database_is_the_flows(db: AsyncDatabase) -> None:
    with pytest.raises(Exception, match="division by zero"):
        await locked(db, partial(rows, "SELECT 1 / 0"))
    assert await locked(db, one) == 1


@pytest.mark.parametrize("mode", ["async"], indirect=True)
@pytest.mark.parametrize("after_s", [0.0, 0.002, 0.01, 0.05, 0.2])
async def test_a_cancelled_task_frees_it(
    db: AsyncDatabase, database: Place, after_s: float
) -> None:
    """Also while a thread is still at taking it."""
    task = asyncio.create_task(locked(db, partial(rows, "SELECT pg_sleep(30)")))
    await asyncio.sleep(after_s)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(frees, database)


def test_a_killed_holder_frees_it(database: Place) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, database.dsn, NAME], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "True\n"
        assert not is_free(database)
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    assert frees(database)


def test_it_outlives_the_servers_idle_limit(database: Place) -> None:
    """A day may take longer than what an administrator lets sessions be idle."""
    as_admin(database, "ALTER ROLE cryptoscalp SET idle_session_timeout = '100ms'")
    try:
        lock = Lock(database.dsn, NAME)
        assert lock.take()
        time.sleep(0.4)
        assert not is_free(database)
        lock.give_back()
        assert is_free(database)
    finally:
        as_admin(database, "ALTER ROLE cryptoscalp RESET idle_session_timeout")


def test_an_unreachable_server_is_said(database: Place) -> None:
    lock = Lock("host=127.0.0.1 port=1 dbname=none", NAME)
    with pytest.raises(psycopg.OperationalError):
        lock.take()
    lock.close()
