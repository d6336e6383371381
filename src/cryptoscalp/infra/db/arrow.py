"""Arrow results: ADBC reads a query's binary COPY stream straight into Arrow columns."""

from __future__ import annotations

from threading import Lock

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_postgresql import dbapi

from cryptoscalp.infra.db.errors import ConnectionLost, DatabaseError


class BrokenRead(ConnectionLost):
    """A connection broke while Arrow was read through it; the flow may be started again."""


class ArrowReader:
    """A few ADBC connections beside the psycopg pool, opened when first needed."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._idle: list[dbapi.Connection] = []
        self._closed = False
        self._lock = Lock()

    def read(self, query: str) -> pa.Table:
        """Return the rows of `query`, whose values are already quoted into it.

        A connection that broke while idle is replaced once; errors are `DatabaseError`.
        """
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        fresh = connection is None
        try:
            if connection is None:
                connection = dbapi.connect(self._dsn, autocommit=True)
            with connection.cursor() as cursor:
                cursor.execute(query)
                table = cursor.fetch_arrow_table()
        except adbc_driver_manager.Error as error:
            if connection is not None:
                connection.close()
            if fresh or error.sqlstate not in (None, "", "57P01"):
                raise _translated(error) from error
            return self.read(query)
        with self._lock:
            if not self._closed:
                self._idle.append(connection)
                return table
        # A read that was cancelled goes on in its thread, and may end after everything was closed.
        connection.close()
        return table

    def close(self) -> None:
        """Close the idle connections; those at work are closed when they are done."""
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().close()


def _translated(error: adbc_driver_manager.Error) -> DatabaseError:
    text = " ".join(str(error).split())
    if error.sqlstate and not error.sqlstate.startswith(("08", "57P")):
        return DatabaseError(text, sqlstate=error.sqlstate)
    return BrokenRead(f"the connection to PostgreSQL failed: {text}")
