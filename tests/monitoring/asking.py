"""One check, or all, through a face."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptoscalp import AsyncDatabase
from cryptoscalp.monitoring.types import Finding
from tests.faces import quote, table, trade

NOW = datetime.now(UTC)
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)


async def one(db: AsyncDatabase, name: str) -> Finding:
    """What one check finds."""
    (finding,) = await db.monitoring.doctor([name])
    assert finding.name == name
    return finding


async def store(db: AsyncDatabase, at: datetime | None = None) -> None:
    """A trade and a quote of one instrument at a moment, ten seconds ago unless given."""
    at = at or datetime.now(UTC) - timedelta(seconds=10)
    await db.capture.write_trades(table([trade(0, 1, timestamp=at)]))
    await db.capture.write_quotes(table([quote(0, 1, timestamp=at)]))
