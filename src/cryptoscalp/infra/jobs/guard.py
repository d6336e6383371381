"""The lock of a run: as long as its session lives, nobody else has it.

The queue's own lock is a row, which a heartbeat that comes too late would free while the run still
works: after a laptop's sleep, say. This one is freed by PostgreSQL, at the end of the session and
not before: at once when the process is killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cryptoscalp.infra.db.locks import Lock


@asynccontextmanager
async def guarded(dsn: str, name: str) -> AsyncIterator[bool]:
    """Hold the lock of a name while entered; False when somebody else holds it."""
    lock = Lock(dsn, f"job {name}")
    try:
        yield await asyncio.to_thread(lock.take)
        await asyncio.to_thread(lock.give_back)
    finally:
        lock.close()
