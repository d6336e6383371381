"""How long drifts, regimes and adaptations are kept: as a whole, in PostgreSQL (decision 0020)."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.cold.types import Kept

KEPT: Final = (
    Kept("drift_detectors", "permanent"),
    Kept("drift_events", "regulated"),
    Kept("market_regimes", "permanent"),
    Kept("regime_states", "permanent"),
    Kept("adaptation_history", "regulated"),
    Kept("adaptation_events", "regulated"),
    Kept("adaptation_subscribers", "permanent"),
)
