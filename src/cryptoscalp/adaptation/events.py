"""Flows: events for trainers, written in the order of commit, read by each subscriber in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, get_args

from psycopg import sql

from cryptoscalp.adaptation.adaptation_types import AdaptationEvent, Trigger
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market.names import one_of, resolve
from cryptoscalp.registry.documents import document
from cryptoscalp.registry.references import model_id_of

_COLUMNS: Final = sql.SQL(
    "event_id, timestamp, kind::text, model_id, symbol::text, exchange::text, drift_event_id,"
    " regime_id, payload, recorded_at"
)


def announce(
    kind: Trigger = "MANUAL",
    model: str | int | None = None,
    symbol: str | None = None,
    exchange: str | None = None,
    payload: Mapping[str, Any] | None = None,
) -> Flow[AdaptationEvent]:
    """Tell trainers of something: MANUAL, or PERFORMANCE that was found elsewhere.

    DRIFT and REGIME_CHANGE are announced by what finds them. Each call is an event of its own.
    Raises InputError, NotFound for an unknown version or instrument, IntegrityRefused.
    """
    one_of(kind, get_args(Trigger), "kind of event")
    model_id = None if model is None else (yield from model_id_of(model))
    market: str | None = None
    if symbol is not None:
        symbol, market = yield from resolve(symbol, exchange)
    elif exchange is not None:
        raise InputError("an exchange is named with a symbol")
    found = yield from rows(
        sql.SQL("SELECT {} FROM announce(%s::adaptation_trigger, %s, %s, %s, %s::jsonb)").format(
            _COLUMNS
        ),
        (kind, model_id, symbol, market, document({} if payload is None else payload, "payload")),
    )
    return AdaptationEvent(*found[0])


def adaptation_events(
    *,
    after: int = 0,
    kinds: Collection[Trigger] | None = None,
    limit: int | None = None,
    newest: bool = False,
) -> Flow[list[AdaptationEvent]]:
    """Events after one of that number, oldest first; nobody's position moves.

    The first `limit`, or with `newest` the last.
    """
    found = yield from rows(
        sql.SQL(
            "SELECT {columns} FROM (SELECT * FROM adaptation_events WHERE event_id > %s"
            " AND (%s::text[] IS NULL OR kind::text = ANY (%s)) ORDER BY event_id {order} LIMIT %s)"
            " AS chosen ORDER BY event_id"
        ).format(columns=_COLUMNS, order=sql.SQL("DESC" if newest else "ASC")),
        (after, *_kinds(kinds), limit),
    )
    return [AdaptationEvent(*row) for row in found]


def subscribe(subscriber: str, *, from_start: bool = False) -> Flow[int]:
    """The last event that a subscriber is done with; one that is new begins with what comes now.

    `from_start`: a new one begins with the first event there is.
    """
    found = yield from rows("SELECT subscribe_events(%s, %s)", (subscriber, from_start))
    done: int = found[0][0]
    return done


def pending_events(
    subscriber: str,
    limit: int = 100,
    *,
    kinds: Collection[Trigger] | None = None,
    from_start: bool = False,
) -> Flow[list[AdaptationEvent]]:
    """The next events of a subscriber, oldest first, at most `limit`; made where it is new.

    They come again until they are acknowledged. Raises InputError for a limit below one.
    """
    if limit < 1:
        raise InputError(f"limit {limit} must be above zero")
    after = yield from subscribe(subscriber, from_start=from_start)
    return (yield from adaptation_events(after=after, kinds=kinds, limit=limit))


def acknowledge(subscriber: str, event_id: int) -> Flow[int]:
    """Note that a subscriber is done with an event and with all before it.

    Returns the last event that it is done with: its position never goes back. NotFound for an
    unknown subscriber or event.
    """
    found = yield from rows("SELECT acknowledge_event(%s, %s)", (subscriber, event_id))
    done: int = found[0][0]
    return done


def announce_performance(factor: float = 1.5, least: int = 100) -> Flow[list[AdaptationEvent]]:
    """Announce PERFORMANCE for deployed versions whose error has grown; returns the new events.

    For each version, symbol and exchange: the mean absolute error of predictions of the last hour
    is compared with that of the seven days before it; both need `least` resolved predictions. At
    most one event an hour each.
    """
    found = yield from rows(
        sql.SQL("SELECT {} FROM announce_performance(%s, %s)").format(_COLUMNS), (factor, least)
    )
    return [AdaptationEvent(*row) for row in found]


def _kinds(kinds: Collection[Trigger] | None) -> tuple[list[str] | None, list[str] | None]:
    if kinds is None:
        return None, None
    if isinstance(kinds, str):
        raise InputError(f"kinds are several: [{kinds!r}]")
    for kind in kinds:
        one_of(kind, get_args(Trigger), "kind of event")
    return list(kinds), list(kinds)
