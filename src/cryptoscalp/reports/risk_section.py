"""Value at risk of a report: what the risk room stored of the portfolio last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.reports.performance_section import figure_table
from cryptoscalp.reports.report_types import Figure, Section


def risk_figures(portfolio: str, end: datetime) -> Flow[list[Figure]]:
    """The figures, their method in their names; empty while none are stored."""
    del portfolio, end
    yield from ()
    return []


def risk_section(figures: Sequence[Figure]) -> Section:
    """The figures as a table of name, value and reason."""
    return figure_table(
        "Value at risk", figures, "No value at risk is stored for this portfolio and period."
    )
