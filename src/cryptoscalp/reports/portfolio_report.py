"""Flow: the report of a portfolio over a period."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from cryptoscalp.infra.db.flow import Flow, call
from cryptoscalp.reports import sections
from cryptoscalp.reports.collecting import collect
from cryptoscalp.reports.page import page
from cryptoscalp.reports.performance_section import performance_section
from cryptoscalp.reports.report_types import Collected
from cryptoscalp.reports.risk_section import risk_section
from cryptoscalp.reports.stress_section import stress_section
from cryptoscalp.trading.types import Rates


def portfolio(
    name: str,
    start: datetime,
    end: datetime,
    *,
    step: timedelta | None = None,
    rates: Rates | None = None,
) -> Flow[str]:
    """A self-contained HTML document about a portfolio in [start, end].

    Equity, drawdown, distribution of returns, exposure, P&L by day, stress tests, value at risk
    and performance; a part that cannot be told says why. The curve has a point every `step`;
    without one a step is chosen that makes at most 400. Raises NotFound for an unknown portfolio,
    MissingRate, InputError for a period that is none or not over yet.
    """
    told = yield from collect(name, start, end, step=step, rates=rates)
    return (yield from call(partial(written, told)))


def written(told: Collected) -> str:
    """The document of what was collected."""
    return page(
        f"Portfolio {told.portfolio.name}",
        sections.header(told),
        [
            sections.summary(told),
            performance_section(told.performance),
            sections.equity(told),
            sections.drawdown(told),
            sections.distribution(told),
            sections.exposures(told),
            sections.daily(told),
            stress_section(told.stress),
            risk_section(told.risk),
        ],
    )
