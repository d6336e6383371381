"""One call that lets a process log into the database."""

from __future__ import annotations

import logging
from pathlib import Path

from cryptoscalp.logs.handler import LogHandler


def log_to_database(
    url: str | None = None,
    data_dir: Path | str | None = None,
    *,
    level: int | str = logging.INFO,
    logger: str | None = None,
) -> LogHandler:
    """Let a logger (the root one unless named) store its records from `level` on; returns how.

    The database is found as by `cryptoscalp.connect`, and may come and go. The logger's own level
    is lowered where it would hold such records back. Call `close` on what is returned to end it;
    the end of the process does so too. Called again it replaces the handler that it made before.
    """
    chosen = logging.getLogger(logger)
    handler = LogHandler(url, data_dir, level=level)
    for other in [one for one in chosen.handlers if isinstance(one, LogHandler)]:
        chosen.removeHandler(other)
        other.close()
    chosen.addHandler(handler)
    if chosen.getEffectiveLevel() > handler.level:
        chosen.setLevel(handler.level)
    return handler
