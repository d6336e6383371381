"""How long limits, breaches, switches and alerts are kept: as a whole, in PostgreSQL."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.cold.types import Kept

KEPT: Final[tuple[Kept, ...]] = (
    Kept("risk_limits", "permanent"),
    Kept("kill_switches", "permanent"),
    # Regulated rows have to stay for seven years at least. They are few, and refer to each other.
    Kept("limit_breaches", "regulated", moment="opened_at"),
    Kept("kill_switch_events", "regulated"),
    Kept("risk_alerts", "regulated"),
    Kept("risk_alert_deliveries", "permanent"),
)
