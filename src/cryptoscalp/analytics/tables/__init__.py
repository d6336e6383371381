"""The tables of performance analytics, as SQLAlchemy Core metadata.

Read for their comments: each table and column says what it holds, in which unit.
"""

from cryptoscalp.analytics.tables.columns import metadata
from cryptoscalp.analytics.tables.performance import performance_analytics
from cryptoscalp.analytics.tables.progress import (
    performance_changes,
    performance_instruments,
    performance_progress,
)
from cryptoscalp.analytics.tables.slippage import fill_slippage

__all__ = [
    "fill_slippage",
    "metadata",
    "performance_analytics",
    "performance_changes",
    "performance_instruments",
    "performance_progress",
]
