"""How long performance is kept: as a whole, in PostgreSQL, beside the books it follows from."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.cold.types import Kept

KEPT: Final[tuple[Kept, ...]] = (
    Kept("performance_analytics", "regulated"),
    Kept("fill_slippage", "regulated", moment="measured_at"),
    Kept("performance_progress", "permanent"),
    Kept("performance_instruments", "permanent"),
    # Rows leave once they are taken in.
    Kept("performance_changes", "permanent"),
)
