"""Flows: batches of events, their accounts, and taking one back."""

from __future__ import annotations

from functools import partial

import psycopg

from cryptoscalp.infra.cold.types import Part
from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, aside, rows
from cryptoscalp.market.thaw import thaw_all
from cryptoscalp.market.types import Batch, Undone

#: Batches that brought duplicates to a stream in which this one had stored something.
_OVERLAPPING = (
    "SELECT DISTINCT other.batch_id FROM batch_streams AS mine"
    " JOIN batch_streams AS other USING (exchange, symbol, stream)"
    " JOIN batches AS b ON b.batch_id = other.batch_id"
    " WHERE mine.batch_id = %s AND mine.stored > 0 AND other.batch_id <> mine.batch_id"
    " AND other.duplicate > 0 AND b.status <> 'UNDONE' ORDER BY 1"
)


def batches(limit: int = 50) -> Flow[list[Batch]]:
    """The newest batches, newest first, at most `limit`."""
    found = yield from rows(
        "SELECT batch_id, source, format, status::text, started_at, finished_at, received, stored,"
        " duplicate, quarantined, ignored, rounded FROM batches ORDER BY batch_id DESC LIMIT %s",
        (limit,),
    )
    return [Batch(*row) for row in found]


def undo_batch(batch_id: int) -> Flow[Undone]:
    """Take back the events that a batch stored; candles, newest rows and coverage follow.

    What other batches had brought as duplicates of these events is gone with them: import those
    again. Refused records that the batch had resolved are open again. Days in the cold tier that
    its events, the received runs around them or the newest rows lie in come back first. Raises
    NotFound for an unknown batch, InputError when it was undone already.
    """
    while cold := (yield from aside(partial(_cold_parts, batch_id))):
        yield from thaw_all(cold)
    try:
        found = yield from rows(
            "SELECT trades, quotes, candles, mark_prices, funding_rates FROM correct_ticks(%s)",
            (batch_id,),
        )
    except psycopg.errors.NoDataFound as error:
        raise NotFound(
            f"there is no batch {batch_id}; `cryptoscalp import list` shows them"
        ) from error
    except psycopg.errors.InvalidParameterValue as error:
        raise InputError(f"batch {batch_id} was undone already") from error
    others = yield from rows(_OVERLAPPING, (batch_id,))
    trades, quotes, candles, marks, funding = found[0]
    overlapping = tuple(one for (one,) in others)
    return Undone(batch_id, trades, quotes, candles, marks, funding, overlapping)


def _cold_parts(batch_id: int) -> Flow[list[Part]]:
    found = yield from rows(
        "SELECT table_name, day, exchange, symbol FROM cold_parts_of_batch(%s)", (batch_id,)
    )
    return [Part(*row) for row in found]
