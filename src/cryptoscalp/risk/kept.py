"""How long risk metrics and back-tests are kept: as a whole, in PostgreSQL, as the books (0017)."""

from __future__ import annotations

from cryptoscalp.infra.cold.types import Kept

KEPT: tuple[Kept, ...] = (
    Kept("risk_metrics", "regulated"),
    Kept("risk_backtests", "regulated", moment="end_time"),
)
