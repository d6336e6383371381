"""Servers that stop, are killed, hang or know nothing of us: the answer is no, and in time."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, ServerError
from cryptoscalp.infra import migrations
from cryptoscalp.infra.db.drivers import AsyncDriver, SyncDriver
from cryptoscalp.infra.server import EmbeddedServer
from cryptoscalp.risk.face import Risk
from cryptoscalp.risk.limits.limit_types import TradingState
from tests.faces import open_face
from tests.postgres import LOGIN, Place, running_server

#: How much later than its timeout an answer may come on a machine that is busy, in seconds.
_SLACK_S = 0.5


class Asker:
    """Asks on one face, and checks that the answer came in time."""

    def __init__(self, mode: str, dsn: str) -> None:
        self.dsn = dsn
        self._blocking = (
            Risk(SyncDriver(dsn, max_connections=1, timeout_s=1)) if (mode == "sync") else None
        )
        self._awaited = (
            Risk(AsyncDriver(dsn, max_connections=1, timeout_s=1)) if (mode == "async") else None
        )

    async def __call__(self, timeout_s: float = 0.25) -> TradingState:
        began = time.monotonic()
        if self._blocking is not None:
            found = await asyncio.to_thread(self._blocking.trading_state, None, timeout_s=timeout_s)
        else:
            assert self._awaited is not None
            found = await self._awaited.trading_state(None, timeout_s=timeout_s)
        assert time.monotonic() - began < timeout_s + _SLACK_S
        return found

    def close(self) -> None:
        for face in (self._blocking, self._awaited):
            if face is not None:
                face.driver.resources.close()


@pytest.fixture
def living(own_server: EmbeddedServer) -> EmbeddedServer:
    """The server of the module, started again where a test before has left it dead."""
    own_server.ensure_running()
    return own_server


@asynccontextmanager
async def asking(mode: str, dsn: str) -> AsyncIterator[Asker]:
    asker = Asker(mode, dsn)
    try:
        yield asker
    finally:
        asker.close()


async def until_yes(ask: Asker) -> None:
    ends = time.monotonic() + 30
    while not await ask(2.0):
        assert time.monotonic() < ends
        await asyncio.sleep(0.05)


async def test_a_stopped_server_says_no_until_it_is_back(living: EmbeddedServer, mode: str) -> None:
    async with asking(mode, living.dsn) as ask:
        assert await ask(5.0)
        await asyncio.to_thread(living.stop)
        for _ in range(3):
            state = await ask()
            assert (state.may_trade, state.known) == (False, False)
            assert "cannot be read" in (state.reason or "")
        await asyncio.to_thread(living.ensure_running)
        await until_yes(ask)


async def test_a_killed_server_says_no_until_it_is_back(living: EmbeddedServer, mode: str) -> None:
    async with asking(mode, living.dsn) as ask:
        assert await ask(5.0)
        pid = living.status().pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        ends = time.monotonic() + 5
        while await ask():  # its sessions live on for a moment, and answer what is true
            assert time.monotonic() < ends
        for _ in range(3):
            assert not await ask()
        await asyncio.to_thread(living.ensure_running)
        await until_yes(ask)


async def test_a_server_that_hangs_keeps_nobody(living: EmbeddedServer, mode: str) -> None:
    async with asking(mode, living.dsn) as ask:
        assert await ask(5.0)
        with psycopg.connect(living.admin_dsn) as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'cryptoscalp-switch'"
                " ORDER BY backend_start DESC LIMIT 1"
            ).fetchone()
        assert row is not None
        os.kill(row[0], signal.SIGSTOP)
        try:
            state = await ask()
            assert state.reason == "the kill switch cannot be read: no answer within 0.25 s"
            # The next question goes to a connection that answers.
            assert await ask(5.0)
        finally:
            os.kill(row[0], signal.SIGCONT)


@pytest.mark.parametrize("_round", range(3))
async def test_a_connection_that_is_cut_is_made_again(
    living: EmbeddedServer, mode: str, _round: int
) -> None:
    async with asking(mode, living.dsn) as ask:
        assert await ask(5.0)
        with psycopg.connect(living.admin_dsn, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = 'cryptoscalp-switch'"
            )
        assert not await ask()
        assert await ask(5.0)


@contextmanager
def silent_listener(*, speaks: bytes = b"") -> Iterator[int]:
    """A port that takes connections and says nothing, or nothing of sense."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if speaks:
            listener.settimeout(5)
        yield listener.getsockname()[1]


async def test_a_server_that_never_speaks_keeps_nobody(mode: str) -> None:
    with silent_listener() as port:
        async with asking(mode, f"host=127.0.0.1 port={port} user=x dbname=x") as ask:
            for _ in range(2):
                assert (await ask()).reason == (
                    "the kill switch cannot be read: no answer within 0.25 s"
                )


async def test_where_nobody_listens_the_password_is_not_told(mode: str) -> None:
    with silent_listener() as port:
        pass
    async with asking(mode, f"postgresql://x:secret@127.0.0.1:{port}/x") as ask:
        state = await ask(2.0)
    assert not state
    assert "secret" not in (state.reason or "secret")


async def test_a_database_without_the_schema_says_no(empty_database: Place, mode: str) -> None:
    async with asking(mode, empty_database.dsn) as ask:
        state = await ask(5.0)
    assert (state.may_trade, state.known) == (False, False)
    assert "cryptoscalp db upgrade" in (state.reason or "")


@pytest.mark.parametrize(
    "damage",
    [
        "ALTER TABLE kill_switches RENAME TO elsewhere",
        "REVOKE SELECT ON kill_switches FROM cryptoscalp_app",
        "REVOKE EXECUTE ON FUNCTION trading_state(text) FROM cryptoscalp_app",
        "DROP FUNCTION trading_state(text)",
    ],
)
async def test_what_is_damaged_says_no(database: Place, mode: str, damage: str) -> None:
    async with asking(mode, database.dsn) as ask:
        assert await ask(5.0)
        with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
            connection.execute(damage.encode())
        state = await ask(5.0)
    assert (state.may_trade, state.known) == (False, False)


async def test_a_table_that_is_locked_says_no_in_time(database: Place, mode: str) -> None:
    async with asking(mode, database.dsn) as ask:
        assert await ask(5.0)
        with psycopg.connect(database.admin_dsn) as connection:
            connection.execute("LOCK TABLE kill_switches IN ACCESS EXCLUSIVE MODE")
            assert not await ask()
        assert await ask(5.0)


@pytest.fixture(scope="module")
def standby() -> Iterator[EmbeddedServer]:
    """A server that has become a standby with the schema and a portfolio in it."""
    with running_server() as made:
        migrations.upgrade(made.admin_dsn, login=LOGIN)
        made.stop()
        (signal_file,) = [
            one.parent / "standby.signal" for one in made.data_dir.rglob("postgresql.auto.conf")
        ]
        signal_file.touch(mode=0o666)
        with pytest.raises(ServerError, match="read-only"):
            made.ensure_running()  # it runs, and cannot be prepared
        yield made


async def test_a_standby_may_not_know_of_a_halt(standby: EmbeddedServer, mode: str) -> None:
    async with asking(mode, standby.dsn) as ask:
        state = await ask(5.0)
    assert (state.may_trade, state.known) == (False, True)
    assert "standby" in (state.reason or "")


async def test_who_gives_up_gets_no_answer_to_an_older_question(database: Place) -> None:
    """A task that was cancelled while it asked leaves a line that answers the next one."""
    async with await open_face("async", database.dsn) as db:
        assert await db.risk.trading_state(timeout_s=5)
        for _ in range(20):
            task = asyncio.create_task(_ask(db))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await db.trading.create_portfolio("desk", "USDT")
        await db.risk.halt("desk", "why")
        state = await db.risk.trading_state("desk", timeout_s=5)
        assert (state.may_trade, state.reason) == (False, "why")


async def _ask(db: AsyncDatabase) -> TradingState:
    return await db.risk.trading_state(timeout_s=5)
