"""How long the books are kept: as a whole, in PostgreSQL (decision 0017)."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.cold.types import Kept

KEPT: Final = (
    Kept("portfolios", "permanent"),
    Kept("strategies", "permanent"),
    Kept("strategy_symbols", "permanent"),
    Kept("positions", "permanent"),
    Kept("cash_balances", "permanent"),
    # Regulated rows have to stay for seven years at least. The sums of the books need all of them,
    # so none leaves.
    Kept("orders", "regulated"),
    Kept("order_events", "regulated"),
    Kept("trades", "regulated"),
    Kept("cash_ledger", "regulated"),
    Kept("funding_payments", "regulated"),
)
