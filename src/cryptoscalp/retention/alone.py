"""Flow: work on one day of a table that only one run does at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import TypeVar

from cryptoscalp.infra.db.flow import Flow, aside, rows

T = TypeVar("T")


def alone(table: str, day: date, flow: Callable[[], Flow[T]]) -> Flow[T | None]:
    """Run a flow on a day unless another run is at it; its result is None then.

    The lock is a transaction's, which does nothing else: it ends with the process, and holds no
    snapshot that others would wait for.
    """
    return (yield from aside(partial(_locked, table, day, flow), transaction=True))


def _locked(table: str, day: date, flow: Callable[[], Flow[T]]) -> Flow[T | None]:
    found = yield from rows(
        "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 12))", (f"{table} {day}",)
    )
    if not found[0][0]:
        return None
    return (yield from aside(flow))
