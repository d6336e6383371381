"""Flow: a moment from before which nothing can still come."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

from cryptoscalp.infra.db.errors import Contention, InputError
from cryptoscalp.infra.db.flow import Flow, call, rows
from cryptoscalp.market.names import moment

_WAIT_S: Final = 15.0
_PAUSE_S: Final = 0.1
# recorded_at is when a transaction began: rows of one that is open come later. A second more covers
# one that has just begun and is not seen yet. Sessions of other roles do not tell when theirs
# began: while one of them writes experiences, nothing is settled.
_SETTLED: Final = """
    SELECT %(at)s::timestamptz <= least(clock_timestamp() - interval '1 second', opened.oldest)
           AND NOT EXISTS (
               SELECT FROM pg_locks AS held JOIN pg_stat_activity AS hidden USING (pid)
               WHERE hidden.datname = current_database() AND hidden.state IS NULL
                 AND held.mode = 'RowExclusiveLock'
                 AND held.relation = 'experience_replay'::regclass
                 AND held.database = (SELECT oid FROM pg_database
                                      WHERE datname = current_database())),
           opened.oldest, clock_timestamp()
    FROM (SELECT min(xact_start) - interval '1 microsecond' AS oldest FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()) AS opened"""


def settled(as_of: datetime | None) -> Flow[datetime]:
    """`as_of`, or now, once every experience recorded by then is there to be read.

    For a moment that is just over it waits a second, longer where a transaction from before it is
    open. Raises InputError for a moment that has not come, Contention after 15 s.
    """
    if as_of is None:
        ((as_of,),) = yield from rows("SELECT clock_timestamp()")
    else:
        as_of = moment(as_of, "as_of")
    until = time.monotonic() + _WAIT_S
    while True:
        ((done, oldest, now),) = yield from rows(_SETTLED, {"at": as_of})
        if as_of > now:
            raise InputError(f"as_of {as_of} has not come yet: it is {now} in the database")
        if done:
            return as_of
        if time.monotonic() > until:
            raise Contention(
                f"a transaction that is open since {oldest} may still record experiences from"
                f" before {as_of}: wait for its end, or give an earlier as_of"
            )
        yield from call(lambda: time.sleep(_PAUSE_S))
