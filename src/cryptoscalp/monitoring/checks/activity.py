"""What sessions are doing: open transactions hold vacuum and DETACH CONCURRENTLY back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from cryptoscalp.infra.db.flow import Flow, Row, rows
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged, severity

IDLE_WARN: Final = timedelta(minutes=5)
IDLE_FAIL: Final = timedelta(hours=1)
LONG_WARN: Final = timedelta(hours=1)


def transactions() -> Flow[Verdict]:
    """No transaction is left open."""
    found = yield from rows(
        "SELECT pid, application_name, state, now() - state_change, now() - xact_start"
        " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND xact_start IS NOT NULL AND state IS NOT NULL AND backend_type = 'client backend'"
        " ORDER BY xact_start"
    )
    prepared = yield from rows(
        "SELECT gid, now() - prepared FROM pg_prepared_xacts WHERE database = current_database()"
    )
    hidden = yield from rows(
        "SELECT count(*), current_user::text FROM pg_stat_activity"
        # What a login may not see of others is NULL, the kind of backend too.
        " WHERE datname = current_database() AND backend_type IS NULL"
    )
    unseen, login = hidden[0]
    told = f"{len(found)} open, none for long"
    if unseen:
        told += (
            f"; {unseen} sessions of other roles cannot be seen"
            f" (GRANT pg_read_all_stats TO {login})"
        )
    return judged(told, [*_open(found), *_prepared(prepared)])


def _open(found: list[Row]) -> Iterator[Problem]:
    for pid, name, state, still, age in found:
        who = f"session {pid} ({name or 'unnamed'})"
        hint = f"end it: SELECT pg_terminate_backend({pid})"
        if state.startswith("idle in transaction") and still >= IDLE_WARN:
            status = severity(still >= IDLE_FAIL)
            yield Problem(status, f"{who} is idle in a transaction for {_plain(still)}", hint)
        elif age >= LONG_WARN:
            yield Problem("WARN", f"{who} has a transaction open for {_plain(age)}", hint)


def _prepared(found: list[Row]) -> Iterator[Problem]:
    for name, age in found:
        if age >= IDLE_WARN:
            told = f"prepared transaction {name} waits for {_plain(age)}"
            yield Problem("FAIL", told, f"COMMIT PREPARED or ROLLBACK PREPARED '{name}'")


def _plain(length: timedelta) -> str:
    return str(timedelta(seconds=int(length.total_seconds())))


CHECKS: Final = (Check("transactions", "no transaction is left open", transactions),)
