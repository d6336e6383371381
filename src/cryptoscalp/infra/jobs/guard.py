"""The lock of a run: as long as its session lives, nobody else has it.

The queue's own lock is a row, which a heartbeat that comes too late would free while the run still
works: after a laptop's sleep, say. This one is freed by PostgreSQL, at the end of the session and
not before: at once when the process is killed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg


@asynccontextmanager
async def guarded(dsn: str, lock: str) -> AsyncIterator[bool]:
    """Hold the advisory lock of a name while entered; False when somebody else holds it."""
    connection = await psycopg.AsyncConnection.connect(
        dsn,
        autocommit=True,
        connect_timeout=10,
        application_name="cryptoscalp job lock",
    )
    try:
        found = await connection.execute(
            "SELECT pg_try_advisory_lock(hashtextextended('cryptoscalp job ' || %s, 7))", (lock,)
        )
        row = await found.fetchone()
        yield row is not None and bool(row[0])
    finally:
        await connection.close()
