"""Performance of a report: the newest stored window of each period that the report reaches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, get_args

from cryptoscalp.analytics.performance_types import Performance
from cryptoscalp.analytics.reading import performance
from cryptoscalp.analytics.windows import Period
from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.reports.report_types import Listing, Section

#: Fields of a window, in the order in which they are told.
_FIGURES: Final = (
    "started_at", "through", "total_return", "sharpe_ratio", "sharpe_low", "sharpe_high",
    "sortino_ratio", "calmar_ratio", "volatility", "max_drawdown", "total_trades", "win_rate",
    "profit_factor", "avg_win", "avg_loss", "turnover", "fees", "slippage", "slippage_bps", "gaps",
    "revision",
)  # fmt: skip


def performance_windows(portfolio: str, end: datetime) -> Flow[list[Performance]]:
    """The newest stored window of each period that begins before `end`."""
    found: list[Performance] = []
    for period in get_args(Period):
        found += yield from performance(portfolio, period, end=end, limit=1)
    return found


def performance_section(windows: Sequence[Performance]) -> Section:
    """A column a window, a row a figure; what has no value has its reason in the last column."""
    if not windows:
        return Section(
            "Performance",
            ("No window is stored; `cryptoscalp performance refresh` makes them.",),
        )
    columns = ("figure", *(one.period for one in windows), "why there is none")
    rows = tuple(
        (
            name.replace("_", " "),
            *(getattr(one, name) for one in windows),
            "; ".join(
                f"{one.period}: {one.reasons[name]}" for one in windows if name in one.reasons
            ),
        )
        for name in _FIGURES
    )
    note = (
        "Calendar windows in UTC as they are stored, reckoned through the moment that is told,"
        " which may be after the period of this report. Fractions: 0.01 is 1 %. Ratios are"
        f" annualized at 365 days; money is in {windows[0].base_currency}."
    )
    listing = Listing(columns, rows, frozenset(columns[1:-1]))
    return Section("Performance", (note,), listings=(listing,))
