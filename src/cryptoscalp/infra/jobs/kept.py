"""How long runs of jobs are kept."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.cold.types import Kept

KEPT: Final = (
    Kept("job_runs", "operational", moment="started_at"),
    Kept("alerts", "permanent"),
)
