"""How long the ledger of the cold tier is kept."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.cold.types import Kept

KEPT: Final = (
    Kept("cold_parts", "permanent"),
    Kept("late_writes", "permanent"),
    Kept("cold_orphans", "permanent"),
    Kept("retention_holds", "permanent"),
    Kept("departures", "permanent"),
)
