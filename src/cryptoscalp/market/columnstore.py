"""Scheduled work on TimescaleDB's columnstore: closed days are compressed."""

from __future__ import annotations

from cryptoscalp.infra.db.flow import Flow, aside, rows
from cryptoscalp.infra.jobs.types import Outcome


def compress_days() -> Flow[Outcome]:
    """Compress every day that was closed and left alone for two days, each in its transaction.

    Does nothing on native partitions and on TimescaleDB's Apache edition.
    """
    made = 0
    while (yield from aside(_compress_one)) is not None:
        made += 1
    return Outcome(made, f"{made} chunks compressed")


def _compress_one() -> Flow[str | None]:
    found = yield from rows("SELECT compress_day()")
    chunk: str | None = found[0][0]
    return chunk
