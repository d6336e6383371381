"""How long stress tests are kept: as a whole, in PostgreSQL, as the books are."""

from __future__ import annotations

from cryptoscalp.infra.cold.types import Kept

KEPT: tuple[Kept, ...] = (Kept("stress_test_results", "regulated", moment="test_date"),)
