"""Flow: work on one day of a table that only one run does at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from cryptoscalp.infra.db.flow import Flow, aside, call, using
from cryptoscalp.infra.db.locks import Locks

T = TypeVar("T")


def alone(table: str, day: date, flow: Callable[[], Flow[T]]) -> Flow[T | None]:
    """Run a flow on a day unless another run is at it; its result is None then.

    No transaction is open meanwhile but the flow's own. The lock ends with the process, and when
    the flow is closed.
    """
    lock = yield from using(Locks, lambda locks: locks.lock(f"retention {table} {day}"))
    try:
        if not (yield from call(lock.take)):
            return None
        try:
            result = yield from aside(flow)
        except Exception:
            yield from call(lock.give_back)
            raise
        yield from call(lock.give_back)
        return result
    finally:
        # A flow that is closed cannot take another step.
        lock.close()
