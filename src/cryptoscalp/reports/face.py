"""`db.reports`: reports for people."""

from __future__ import annotations

from cryptoscalp.infra.db.face import D_co, Face, operation
from cryptoscalp.reports.portfolio_report import portfolio


class Reports(Face[D_co]):
    """Reports as self-contained HTML."""

    __slots__ = ()

    portfolio = operation(portfolio, retry=True)
