"""System logs: how long its rows are kept."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.cold.types import Kept

KEPT: Final = (
    Kept("system_logs", "operational", "day"),
    # A row a file of the server's; those of files that are gone go with them.
    Kept("server_log_positions", "permanent"),
)
