"""After a lost connection: wait until PostgreSQL answers again, for as long as that makes sense."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psycopg

from cryptoscalp.infra.db.errors import ConnectionLost

#: Seconds for which a server that gives no answer at all is asked again.
SILENT_S: Final = 3.0
#: And one that answers that it is starting or recovering (SQLSTATE 57P03).
STARTING_S: Final = 60.0
_POLL_S: Final = 0.1
# What a refused login says (libpq hands its SQLSTATE on only after a login).
_STARTING: Final = ("starting up", "not yet accepting connections", "in recovery mode")


@dataclass(frozen=True, slots=True)
class LastWords:
    """What our own server wrote when it failed; a client that it took down never heard it."""

    read: Callable[[], str | None]


def starts(error: psycopg.OperationalError) -> bool:
    """True when a server refused a login because it starts or recovers: it will answer later."""
    return error.sqlstate == "57P03" or any(words in str(error) for words in _STARTING)


def wait_for_server(dsn: str, last_words: LastWords | None = None) -> None:
    """Return when PostgreSQL accepts connections; raise ConnectionLost when it stays away."""
    began = time.monotonic()
    while True:
        try:
            psycopg.connect(dsn, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if time.monotonic() - began > (STARTING_S if starts(error) else SILENT_S):
                said = last_words.read() if last_words else None
                why = said or " ".join(str(error).split())
                raise ConnectionLost(
                    f"PostgreSQL does not answer: {why.rstrip('.')}. What was"
                    " committed stays; run it again when the server is back (every cryptoscalp"
                    " command starts the embedded one)",
                    sqlstate=error.sqlstate,
                ) from error
            time.sleep(_POLL_S)
        else:
            return
