"""What is read of logs, and what becomes of a reading of the server's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

Level: TypeAlias = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One log record. `component` is the logger's name, `postgresql` for the server's own."""

    log_id: int
    timestamp: datetime
    level: Level
    component: str
    message: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogCounts:
    """Records since a moment: how many of each level, and how many were told as dropped.

    `newest` is the time of the newest record of all, None without one.
    """

    since: datetime
    levels: Mapping[Level, int]
    dropped: int
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Collected:
    """What a reading of the server's log files brought: records, of how many files.

    `skipped` says why there was nothing to read; None when there was.
    """

    records: int
    files: int
    skipped: str | None = None
