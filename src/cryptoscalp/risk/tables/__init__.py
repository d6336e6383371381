"""Risk: tables.

Read for their comments: each table and column says what it holds, in which unit.
"""

from cryptoscalp.risk.tables.backtests import risk_backtests
from cryptoscalp.risk.tables.columns import metadata
from cryptoscalp.risk.tables.metrics import risk_metrics

__all__ = ["metadata", "risk_backtests", "risk_metrics"]
