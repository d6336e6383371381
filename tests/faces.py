"""Both faces under one test body: every call of `db` is awaited, whichever driver performs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from cryptoscalp import AsyncDatabase, connect, connect_async
from cryptoscalp.infra import migrations
from cryptoscalp.infra.db.drivers import AsyncDriver, SyncDriver
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.infra.server import EmbeddedServer
from tests.postgres import LOGIN, Place, running_server

#: 2024-08-08 12:00 UTC, the start of a minute and an hour.
NOON = datetime(2024, 8, 8, 12, tzinfo=UTC)
_TIME = pa.timestamp("us", "UTC")
_TYPES: dict[str, pa.DataType] = {
    "timestamp": _TIME,
    "received_at": _TIME,
    "sequence": pa.int64(),
    "by_receive_time": pa.bool_(),
}


class Threaded(AsyncDriver):
    """The blocking driver behind the awaitable signature, each call in a thread."""

    def __init__(self, blocking: SyncDriver) -> None:
        self.blocking = blocking
        self.dsn = blocking.dsn
        self.resources = blocking.resources

    async def close(self) -> None:
        await asyncio.to_thread(self.blocking.close)

    async def run(self, plan: Operation, *args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(self.blocking.run, plan, *args, **kwargs)


async def open_face(mode: str, dsn: str, **limits: Any) -> AsyncDatabase:
    """A database on the blocking ("sync") or the asyncio ("async") driver."""
    if mode == "async":
        return await connect_async(dsn, **limits)
    database = await asyncio.to_thread(connect, dsn, **limits)
    return AsyncDatabase(Threaded(database._driver))


@pytest.fixture(params=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> str:
    """Which driver performs the test."""
    chosen: str = request.param
    return chosen


@pytest.fixture
async def db(database: Place, mode: str) -> AsyncIterator[AsyncDatabase]:
    """A migrated database of the test's own, through each face."""
    async with await open_face(mode, database.dsn) as opened:
        yield opened


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedServer]:
    """A server that a module may stop and kill, with the schema in its own database."""
    with running_server() as started:
        migrations.upgrade(started.admin_dsn, login=LOGIN)
        yield started


def at(microseconds: int) -> datetime:
    """A moment, in µs after noon."""
    return NOON + timedelta(microseconds=microseconds)


def trade(after: int, sequence: int | None, **changes: Any) -> dict[str, Any]:
    """One trade, `after` µs past noon."""
    return {
        "timestamp": at(after), "received_at": None, "exchange": "binance", "symbol": "BTCUSDT",
        "feed": "trade", "sequence": sequence, "price": "100", "volume": "1", "side": "BUY",
        **changes,
    }  # fmt: skip


def quote(after: int, sequence: int | None, **changes: Any) -> dict[str, Any]:
    """One quote, `after` µs past noon."""
    return {
        "timestamp": at(after), "received_at": None, "exchange": "binance", "symbol": "BTCUSDT",
        "source": "ticker", "sequence": sequence, "bid_price": "100", "bid_volume": "1",
        "ask_price": "101", "ask_volume": "2", "by_receive_time": False, **changes,
    }  # fmt: skip


def table(records: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Records as the Arrow table a caller hands in; numbers as text."""
    held = list(records)
    return pa.table(
        {
            name: pa.array([record[name] for record in held], _TYPES.get(name, pa.string()))
            for name in held[0]
        }
    )
