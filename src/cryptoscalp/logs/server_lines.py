"""Lines of the server's JSON log as rows: pure, so that any line can be tested."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from cryptoscalp.logs.entries import LogRow, cut, document
from cryptoscalp.logs.log_types import Level
from cryptoscalp.logs.scrubbing import scrubbed, storable

COMPONENT: Final = "postgresql"
_LEVELS: Final[dict[str, Level]] = {
    "WARNING": "WARNING",
    "ERROR": "ERROR",
    "FATAL": "ERROR",  # a session ended, the server goes on
    "PANIC": "CRITICAL",
}
_FORMAT: Final = "%Y-%m-%d %H:%M:%S.%f UTC"
#: What is kept of a line beside its message; the rest is in the file.
_KEPT: Final = (
    "error_severity", "pid", "user", "dbname", "remote_host", "application_name", "backend_type",
    "state_code", "detail", "hint", "context", "internal_query", "statement", "txid", "query_id",
    "func_name",
)  # fmt: skip


def log_row(line: bytes, otherwise: datetime) -> LogRow:
    """The row of one line; one that is no such JSON is kept as it is, at the time `otherwise`."""
    text = line.decode(errors="replace")
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return _row(otherwise, "WARNING", text, {"unreadable": True})
    kept = {
        name: cut(value, 4_096) if isinstance(value, str) else value
        for name in _KEPT
        if (value := said.get(name)) not in (None, "", 0)
    }
    at = _moment(said.get("timestamp"))
    if at is None:
        kept["timestamp"] = cut(str(said.get("timestamp")), 100)
    severity = str(said.get("error_severity", ""))
    level = _LEVELS.get(severity, "DEBUG" if severity.startswith("DEBUG") else "INFO")
    return _row(at or otherwise, level, str(said.get("message", "")), kept)


def _row(at: datetime, level: Level, message: str, metadata: dict[str, Any]) -> LogRow:
    if len(message) != len(cut(message)):
        metadata["cut_from"] = len(message)
    return LogRow(at, level, COMPONENT, storable(scrubbed(cut(message))), document(metadata))


def _moment(text: object) -> datetime | None:
    try:
        return datetime.strptime(str(text), _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None  # log_timezone of custom.conf
