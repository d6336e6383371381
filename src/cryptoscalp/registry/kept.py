"""How long the registry is kept: as a whole, in PostgreSQL (decision 0020)."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.cold.types import Kept

KEPT: Final = (
    Kept("models", "permanent"),
    Kept("model_versions", "permanent"),
    Kept("model_numbers", "permanent"),
    Kept("model_aliases", "permanent"),
    Kept("model_events", "permanent"),
    Kept("deployment_configs", "permanent"),
    Kept("deployment_config_history", "permanent"),
    Kept("feature_sets", "permanent"),
    # Regulated rows have to stay for seven years at least. These are cut by day, and none leaves:
    # the cold tier holds no float64 yet.
    Kept("feature_vectors", "regulated"),
    Kept("model_performance", "regulated"),
    Kept("model_performance_revisions", "regulated"),
)
