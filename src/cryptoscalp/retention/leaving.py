"""How a day's partition is taken out without stopping who writes: on the administrator's login."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import date
from typing import Any, Final

import psycopg
from psycopg import sql

from cryptoscalp.infra.db.translate import translate

#: A concurrent detach waits for sessions that still use the table; others are not held up by it.
WAIT_MS: Final = 10_000
_OPTIONS: Final = f"-c timezone=UTC -c lock_timeout={WAIT_MS} -c statement_timeout={WAIT_MS}"
_Connection = psycopg.Connection[tuple[Any, ...]]


def may_detach(dsn: str) -> bool:
    """Whether this login may act as the tables' owner."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        found = connection.execute("SELECT pg_has_role('cryptoscalp_owner', 'MEMBER')").fetchone()
        return found is not None and bool(found[0])


def take_out(dsn: str, table: str, day: date) -> int | None:
    """Detach and drop what holds a day; returns the rows that left, None where nothing holds it.

    Detaching concurrently takes no lock that a reader or writer of other days waits for. Every
    check is the database's. Raises Contention when sessions that began earlier do not end in
    time; the next call goes on from there. IntegrityRefused when the day may not leave.
    """
    try:
        with psycopg.connect(
            dsn, autocommit=True, application_name="cryptoscalp retention", options=_OPTIONS
        ) as connection:
            connection.execute("SET ROLE cryptoscalp_owner")
            return _alone(connection, table, day)
    except psycopg.errors.QueryCanceled as error:
        # 57014 by the time limit: in effect a lock that was not got.
        waited = psycopg.errors.LockNotAvailable(
            f"{table} of {day}: older transactions still use it after {WAIT_MS // 1000} s"
        )
        raise translate(waited) from error
    except psycopg.Error as error:
        raise translate(error) from error


def _alone(connection: _Connection, table: str, day: date) -> int | None:
    locked = connection.execute(
        "SELECT pg_try_advisory_lock(day_lock(%s, %s))", (table, day)
    ).fetchone()
    if locked is None or not locked[0]:
        raise psycopg.errors.LockNotAvailable(f"{table} of {day} is being written or moved")
    _one_at_a_time(connection, table)
    kind, piece = _piece(connection, table, day)
    if kind == "partition":
        connection.execute("SELECT check_departure(%s, %s)", (table, day))
        if not _imported(connection, table, piece):
            _detach(connection, table, piece)
    found = connection.execute("SELECT drop_day(%s, %s)", (table, day)).fetchone()
    return None if found is None else found[0]


def _one_at_a_time(connection: _Connection, table: str) -> None:
    """Wait until no other session detaches a partition of the table: two wait for each other.

    By asking again: a session that waits inside a statement has a snapshot, for which the other
    one's detach would wait in turn.
    """
    end = time.monotonic() + 2 * WAIT_MS / 1000
    while True:
        found = connection.execute(
            "SELECT pg_try_advisory_lock(hashtextextended('cryptoscalp detach ' || %s, 13))",
            (table,),
        ).fetchone()
        if found is not None and found[0]:
            return
        if time.monotonic() > end:
            raise psycopg.errors.LockNotAvailable(f"other partitions of {table} are on their way")
        time.sleep(0.05)


def _piece(connection: _Connection, table: str, day: date) -> tuple[str | None, str]:
    found = connection.execute("SELECT kind, piece FROM day_piece(%s, %s)", (table, day)).fetchone()
    assert found is not None
    return found[0], found[1]


def _imported(connection: _Connection, table: str, piece: str) -> bool:
    if table != "candles_1s":
        return False
    found = connection.execute(
        sql.SQL("SELECT FROM {} WHERE source = 'imported' LIMIT 1").format(sql.Identifier(piece))
    )
    return bool(found.rowcount)


def _detach(connection: _Connection, table: str, piece: str) -> None:
    text = "ALTER TABLE {} DETACH PARTITION {} "
    names = sql.Identifier(table), sql.Identifier(piece)
    try:
        connection.execute(sql.SQL(text + "CONCURRENTLY").format(*names))
    except psycopg.errors.ObjectNotInPrerequisiteState:
        # Another partition of the table is half detached: a move was cut off. That one first.
        with suppress(psycopg.errors.ObjectNotInPrerequisiteState):
            _finish_other(connection, table)
        connection.execute(sql.SQL(text + "CONCURRENTLY").format(*names))


def _finish_other(connection: _Connection, table: str) -> None:
    found = connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits"
        " WHERE inhparent = %s::regclass AND inhdetachpending",
        (table,),
    ).fetchall()
    for (piece,) in found:
        connection.execute(
            sql.SQL("ALTER TABLE {} DETACH PARTITION {} FINALIZE").format(
                sql.Identifier(table), sql.Identifier(piece)
            )
        )
