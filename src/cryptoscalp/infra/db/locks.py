"""Locks by name among all processes of a database, each as long as a session of its own lives."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

_TAKE: Final = "SELECT pg_try_advisory_lock(hashtextextended('cryptoscalp ' || %s, 7))"
_FREE: Final = "SELECT pg_advisory_unlock(hashtextextended('cryptoscalp ' || %s, 7))"
#: The session is idle while the lock is held. Both ends have to notice when the other is gone, and
#: nothing between them or in the server may end it before.
_SESSION: Final[dict[str, Any]] = {
    "autocommit": True,
    "application_name": "cryptoscalp lock",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "options": "-c idle_session_timeout=0 -c tcp_keepalives_idle=30"
    " -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
}


@dataclass(frozen=True, slots=True)
class Locks:
    """Makes locks on a database. Its connection string may hold a password and is never shown."""

    dsn: str = field(repr=False)

    def lock(self, name: str) -> Lock:
        """A lock that is not taken yet."""
        return Lock(self.dsn, name)


class Lock:
    """An advisory lock of PostgreSQL's, on a connection that does nothing else.

    It holds no transaction, so that no snapshot is kept from vacuum for as long as the work takes.
    The server frees it when the connection ends, at once when the process is killed.
    """

    def __init__(self, dsn: str, name: str) -> None:
        self._dsn = dsn
        self._name = name
        self._guard = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._closed = False

    def take(self) -> bool:
        """Take it, waiting for nobody; False while somebody else has it. Only once."""
        connection = psycopg.connect(self._dsn, **_SESSION)
        row = None
        try:
            row = connection.execute(_TAKE, (self._name,)).fetchone()
        finally:
            if row != (True,):
                connection.close()
        if row != (True,):
            return False
        with self._guard:
            # A caller on asyncio may have been cancelled while this thread was connecting.
            if not self._closed:
                self._connection = connection
                return True
        connection.close()
        return False

    def is_held(self) -> bool:
        """Whether it is taken, and its connection still there: asks the server."""
        if self._connection is None:
            return False
        try:
            self._connection.execute("SELECT")
        except psycopg.Error:
            return False
        return True

    def give_back(self) -> None:
        """Free it, and return when the server has: who takes it next finds it free."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.execute(_FREE, (self._name,))
        self.close()

    def close(self) -> None:
        """End the connection without a wait; the server frees the lock a moment later."""
        with self._guard:
            self._closed = True
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
