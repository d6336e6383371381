"""Flows: log records read, counted, and recorded one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, get_args

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.logs.entries import cut, document
from cryptoscalp.logs.log_types import Level, LogCounts, LogEntry
from cryptoscalp.logs.scrubbing import scrubbed, storable
from cryptoscalp.market.names import moment, one_of
from cryptoscalp.registry.placing import placed

#: Most records of one read.
MOST: Final = 10_000
_DAY: Final = timedelta(days=1)
_LEVELS: Final = get_args(Level)

_READ: Final = (
    "SELECT s.log_id, s.timestamp, s.level::text, s.component::text, s.message, s.metadata"
    " FROM system_logs AS s WHERE s.timestamp >= %(start)s AND s.timestamp < %(end)s"
    " AND (%(level)s::log_level IS NULL OR s.level >= %(level)s::log_level)"
    " AND (%(component)s::text IS NULL OR s.component = %(component)s"
    "      OR starts_with(s.component, %(component)s || '.'))"
    " AND (%(text)s::text IS NULL OR strpos(lower(s.message), lower(%(text)s)) > 0"
    "      OR strpos(lower(s.metadata ->> 'traceback'), lower(%(text)s)) > 0)"
    " ORDER BY s.timestamp DESC, s.log_id DESC LIMIT %(limit)s"
)


def tail(
    limit: int = 20,
    *,
    level: Level | None = None,
    component: str | None = None,
    since: datetime | None = None,
) -> Flow[list[LogEntry]]:
    """The newest log records, the oldest of them first.

    `level` is the least one. `component` is a logger's name; those below it count too. `since`
    leaves out what is older, a day unless given. Raises InputError.
    """
    return (yield from search(None, start=since, level=level, component=component, limit=limit))


def search(
    text: str | None,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    level: Level | None = None,
    component: str | None = None,
    limit: int = 100,
) -> Flow[list[LogEntry]]:
    """The newest log records in [start, end) that hold a text, the oldest of them first.

    Upper and lower case are the same; the text is looked for in messages and tracebacks. Without
    `start` a day before `end`, which is now unless given. `level` is the least one; of `component`
    those below it count too, as loggers do. Raises InputError.
    """
    if not 1 <= limit <= MOST:
        raise InputError(f"limit {limit:,} is not between 1 and {MOST:,}")
    if level is not None:
        one_of(level, _LEVELS, "level")
    # Records of a clock that runs ahead are read too.
    high = moment(end, "end") if end else datetime.now(UTC) + _DAY
    low = moment(start, "start") if start else (end or datetime.now(UTC)) - _DAY
    if high <= low:
        raise InputError(f"end {high.isoformat()} is not after start {low.isoformat()}")
    found = yield from rows(
        _READ,
        {
            "start": low,
            "end": high,
            "level": level,
            "component": component,
            "text": text or None,
            "limit": limit,
        },
        prepare=False,
    )
    return [LogEntry(*row) for row in reversed(found)]


def counts(since: datetime | None = None) -> Flow[LogCounts]:
    """How many records of each level came since a moment, an hour ago unless given."""
    low = moment(since, "since") if since else datetime.now(UTC) - timedelta(hours=1)
    found = yield from rows(
        "SELECT s.level::text, count(*), coalesce(sum((s.metadata ->> 'dropped')::bigint) FILTER ("
        "WHERE s.component = 'cryptoscalp.logs'"
        " AND jsonb_typeof(s.metadata -> 'dropped') = 'number'), 0)::bigint"
        " FROM system_logs AS s WHERE s.timestamp >= %s GROUP BY s.level",
        (low,),
        prepare=False,
    )
    newest = yield from rows(
        "SELECT s.timestamp FROM system_logs AS s ORDER BY s.timestamp DESC LIMIT 1", prepare=False
    )
    counted = {level: count for level, count, _ in found}
    return LogCounts(
        low,
        {level: counted.get(level, 0) for level in _LEVELS},
        sum(row[2] for row in found),
        newest[0][0] if newest else None,
    )


def record(
    level: Level,
    component: str,
    message: str,
    metadata: Mapping[str, Any] | None = None,
    *,
    at: datetime | None = None,
) -> Flow[None]:
    """Record one log record, now unless `at` is given; it is stored when this returns.

    For programs that do not log by Python's logging. Secrets are scrubbed, long texts cut. Raises
    InputError.
    """
    one_of(level, _LEVELS, "level")
    if not component.strip():
        raise InputError("a log record needs a component")
    stamp = moment(at, "at") if at else datetime.now(UTC)
    try:
        told = document(metadata or {})
    except (TypeError, ValueError) as error:
        raise InputError(f"metadata is no JSON document: {error}") from error
    params = (
        [stamp], [level], [storable(component)[:100]], [storable(scrubbed(cut(message)))], [told]
    )  # fmt: skip
    yield from placed(
        "system_logs",
        lambda: [stamp.astimezone(UTC).date()],
        partial(
            rows,
            "SELECT record_logs(%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[])",
            params,
        ),
    )
