"""Flow: new lines of the embedded server's log files into `system_logs`, each once."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Final

from cryptoscalp.infra.db.flow import Flow, rows, using
from cryptoscalp.infra.server.log_files import ServerLogs
from cryptoscalp.logs.entries import LogRow
from cryptoscalp.logs.log_types import Collected
from cryptoscalp.logs.server_lines import log_row
from cryptoscalp.registry.placing import placed

#: Bytes of one transaction; a line that is longer is read whole, up to the second number.
CHUNK: Final = 512 * 1024
LONGEST: Final = 16 * 1024 * 1024
#: Why there may be nothing to read, and what to do.
ELSEWHERE: Final = (
    "this server is not cryptoscalp's own, and its log files are not read; collect them where they"
    " lie (docs/monitoring.md)"
)
_RECORD: Final = (
    "SELECT record_server_logs(%s, %s, %s, %s::timestamptz[], %s::text[], %s::text[], %s::text[])"
)


def collect() -> Flow[Collected]:
    """Put what the server has logged since the last time into `system_logs`.

    How far each file was read is committed with what was read: a run that is cut off, or another
    at the same time, neither loses a line nor stores one twice. A line that is not whole yet waits.
    Files over 30 days old are deleted. Another server than the embedded one is skipped, as are
    files that this user may not read; `skipped` says which.
    """
    folder = yield from using(ServerLogs, lambda logs: logs.folder)
    if folder is None:
        return Collected(0, 0, ELSEWHERE)
    try:
        files = yield from using(ServerLogs, lambda logs: logs.files())
        found = yield from rows("SELECT file, position FROM server_log_positions")
        positions: dict[str, int] = dict(found)
        stored = touched = 0
        for name, size in files:
            came = yield from _file(name, int(positions.get(name, 0)), size)
            stored, touched = stored + came, touched + bool(came)
        yield from using(ServerLogs, lambda logs: logs.prune())
    except PermissionError as error:
        told = f"the server's log files in {folder} may not be read: {error.strerror}"
        return Collected(0, 0, f"{told}; run the worker as the user who started the server")
    yield from rows("SELECT forget_server_logs(%s::text[])", ([name for name, _ in files],))
    return Collected(stored, touched)


def _file(name: str, position: int, size: int) -> Flow[int]:
    stored = 0
    while position < size:
        most = CHUNK
        raw = yield from using(ServerLogs, partial(_read, name, position, most))
        while b"\n" not in raw and len(raw) == most and most < LONGEST:
            most = min(2 * most, LONGEST)
            raw = yield from using(ServerLogs, partial(_read, name, position, most))
        end = raw.rfind(b"\n") + 1
        if not end:
            if len(raw) < LONGEST:
                break  # its line is being written
            end = len(raw)
        now = datetime.now(UTC)
        made = [log_row(line, now) for line in raw[:end].splitlines() if line.strip()]
        came = yield from _stored(name, position, position + end, made)
        if came is None:
            break  # another reader is at it
        stored += came
        position += end
    return stored


def _read(name: str, position: int, most: int, logs: ServerLogs) -> bytes:
    return logs.read(name, position, most)


def _stored(name: str, start: int, end: int, made: list[LogRow]) -> Flow[int | None]:
    columns = (
        [one.timestamp for one in made],
        [one.level for one in made],
        [one.message for one in made],
        [one.metadata for one in made],
    )
    found = yield from placed(
        "system_logs",
        lambda: {one.timestamp.date() for one in made},
        partial(rows, _RECORD, (name, start, end, *columns)),
    )
    came: int | None = found[0][0]
    return came
