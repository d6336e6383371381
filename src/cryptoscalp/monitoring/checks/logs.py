"""What was logged: few errors, nothing dropped, and the server's own log is read."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows, using
from cryptoscalp.infra.server.log_files import ServerLogs
from cryptoscalp.logs.collecting import ELSEWHERE
from cryptoscalp.logs.reading import counts, tail
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged, skipped

#: Errors of an hour that are worth a look.
_ERRORS: Final = 10
#: Bytes of the server's files that are not in system_logs: two files of its rotation.
_BEHIND: Final = 32 * 1024 * 1024
_SHOWN: Final = 160


def logs() -> Flow[Verdict]:
    """The last hour brought few errors, nothing critical, and no record was dropped."""
    held = yield from counts()
    errors, critical = held.levels["ERROR"], held.levels["CRITICAL"]
    problems = []
    if critical or errors >= _ERRORS:
        newest = yield from tail(1, level="CRITICAL" if critical else "ERROR", since=held.since)
        last = f": {newest[0].component}: {newest[0].message}" if newest else ""
        told = f"{critical} critical records and {errors} errors in an hour{last}"[:_SHOWN]
        hint = "cryptoscalp logs tail --level ERROR"
        problems.append(Problem("WARN", told, hint))
    if held.dropped:
        told = f"{held.dropped:,} log records of an hour were dropped"
        hint = "the database was away, or logging is faster than it: raise the level or capacity"
        problems.append(Problem("WARN", told, hint))
    when = f"newest {held.newest:%Y-%m-%d %H:%M}" if held.newest else "no record yet"
    return judged(f"{errors} errors in an hour, {sum(held.levels.values()):,} records, {when}",
                  problems)  # fmt: skip


def server_log() -> Flow[Verdict]:
    """The server's own log files are read into system_logs."""
    folder = yield from using(ServerLogs, lambda logs: logs.folder)
    if folder is None:
        hint = "docs/monitoring.md says how to collect another server's log"
        return skipped(ELSEWHERE, hint)
    try:
        files = yield from using(ServerLogs, lambda logs: logs.files())
    except PermissionError as error:
        told = f"{folder} may not be read: {error.strerror}"
        hint = "run the worker as the user who started the server"
        return judged("", [Problem("WARN", told, hint)])
    found = yield from rows("SELECT file, position FROM server_log_positions")
    held: dict[str, int] = dict(found)
    behind = sum(max(0, size - held.get(name, 0)) for name, size in files)
    problems = []
    if behind > _BEHIND:
        told = f"{behind / 1e6:,.0f} MB of the server's log wait to be read"
        problems.append(Problem("WARN", told, "cryptoscalp jobs run collect_server_logs"))
    return judged(f"{len(files)} files, {behind / 1e6:,.1f} MB wait to be read", problems)


CHECKS: Final = (
    Check("logs", "few errors are logged, and none is lost", logs),
    Check("server-log", "the server's own log is read", server_log),
)
