"""The log handler's own connection: one statement a batch, stored once however often it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

# Here, and not when it is needed: at the end of a process the driver cannot be imported any more.
import psycopg

from cryptoscalp.logs.entries import LogRow

_RECORD: Final = (
    "SELECT record_logs(%s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[], %s)"
)
_OPTIONS: Final = (
    "-c timezone=UTC -c statement_timeout=30000 -c lock_timeout=10000 -c client_min_messages=error"
)
_CONNECT_S: Final = 5
_ROUNDS: Final = 20
#: SQLSTATE classes of errors that lie in the rows: sent again they are refused again.
_IN_THE_ROWS: Final = ("22", "23", "CS")


class Sender:
    """Sends batches; not for several threads."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[Any] | None = None

    def send(self, rows: Sequence[LogRow], batch: str) -> int:
        """Store rows under the name of a batch; returns how many were refused for what they are.

        Raises psycopg.Error or OSError when the database cannot take any now; sent again then,
        under the same name, nothing is stored twice.
        """
        try:
            self._store(rows, batch)
        except psycopg.Error as error:
            if (error.sqlstate or "")[:2] not in _IN_THE_ROWS:
                self.close()
                raise
            if len(rows) == 1:
                return 1
            half = len(rows) // 2
            # The parts have names of their own, so that they too are stored once.
            return self.send(rows[:half], f"{batch}a") + self.send(rows[half:], f"{batch}b")
        return 0

    def close(self) -> None:
        """End the connection; the next batch makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _store(self, rows: Sequence[LogRow], batch: str) -> None:
        connection = self._connected()
        columns = [list(column) for column in zip(*rows, strict=True)]
        try:
            connection.execute(_RECORD, [*columns, batch])
        except psycopg.errors.CheckViolation as error:
            if not str(error.diag.message_primary).startswith("no partition"):
                raise
            self._make_days({one.timestamp for one in rows})
            connection.execute(_RECORD, [*columns, batch])

    def _make_days(self, moments: set[datetime]) -> None:
        connection = self._connected()
        for day in sorted({moment.date() for moment in moments}):
            for left in reversed(range(_ROUNDS)):
                try:
                    connection.execute(
                        "SELECT ensure_partitions(%s::date::timestamptz, %s::date::timestamptz,"
                        " '{system_logs}')",
                        (day, day),
                    )
                    break
                except psycopg.errors.LockNotAvailable:
                    # Another process makes it at this moment.
                    if not left:
                        raise

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._dsn,
                autocommit=True,
                connect_timeout=_CONNECT_S,
                application_name="cryptoscalp logs",
                options=_OPTIONS,
            )
        return self._connection
