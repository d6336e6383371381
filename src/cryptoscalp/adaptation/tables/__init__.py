"""The adaptation subject's tables, as SQLAlchemy Core metadata.

Read for their comments: each table and column says what it holds, in which unit.
"""

from cryptoscalp.adaptation.tables.adaptations import (
    adaptation_events,
    adaptation_history,
    adaptation_subscribers,
)
from cryptoscalp.adaptation.tables.columns import metadata
from cryptoscalp.adaptation.tables.drift import drift_detectors, drift_events
from cryptoscalp.adaptation.tables.regimes import market_regimes, regime_states

__all__ = [
    "adaptation_events",
    "adaptation_history",
    "adaptation_subscribers",
    "drift_detectors",
    "drift_events",
    "market_regimes",
    "metadata",
    "regime_states",
]
