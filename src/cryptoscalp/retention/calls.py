"""Flows: the ledger's functions, called as the product's own writer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from cryptoscalp.infra.db.errors import Contention
from cryptoscalp.infra.db.flow import Flow, Params, Query, aside, rows, run

#: Rounds of a call that meets locks; each is itself repeated by the driver.
ROUNDS = 5


def as_capture(query: Query, params: Params = None) -> Flow[Any]:
    """The one value of a statement, run in a transaction of its own with the capture role."""
    return (yield from aside(partial(_once, query, params), transaction=True))


def patiently(query: Query, params: Sequence[Any]) -> Flow[Any]:
    """As `as_capture`, for statements that give up at once where another session is in the way."""
    for attempt in range(ROUNDS):
        try:
            return (yield from as_capture(query, params))
        except Contention:
            if attempt + 1 == ROUNDS:
                raise
    raise AssertionError("unreachable")


def _once(query: Query, params: Params) -> Flow[Any]:
    yield from run("SET LOCAL ROLE cryptoscalp_capture")
    found = yield from rows(query, params)
    return found[0][0]
