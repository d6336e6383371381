"""Performance of a report: the newest stored window of each period that the report reaches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, get_args

from cryptoscalp.analytics.performance_types import Performance
from cryptoscalp.analytics.reading import performance
from cryptoscalp.analytics.windows import Period
from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.reports.report_types import Cell, Listing, Section, percent
from cryptoscalp.reports.wording import MISSING, PERIODS

#: Fields of a window and what they are called, in the order in which they are told.
_FIGURES: Final = {
    "started_at": "from (UTC)",
    "through": "through (UTC)",
    "total_return": "total return",
    "sharpe_ratio": "Sharpe ratio",
    "sharpe_low": "Sharpe ratio, 95 % interval from",
    "sharpe_high": "Sharpe ratio, 95 % interval to",
    "sortino_ratio": "Sortino ratio",
    "calmar_ratio": "Calmar ratio",
    "volatility": "volatility a year",
    "max_drawdown": "greatest drawdown",
    "total_trades": "trades",
    "win_rate": "win rate",
    "profit_factor": "profit factor",
    "avg_win": "average win",
    "avg_loss": "average loss",
    "turnover": "turnover",
    "fees": "fees",
    "slippage": "slippage",
    "slippage_bps": "slippage in basis points",
    "gaps": "gaps in the prices",
    "revision": "times that late data changed it",
}
_SHARES: Final = ("total_return", "volatility", "max_drawdown", "win_rate")


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
    columns = ("figure", *(PERIODS[one.period] for one in windows), "why there is none")
    rows = tuple(
        (label, *(_cell(one, name) for one in windows), _missing(windows, name))
        for name, label in _FIGURES.items()
    )
    note = (
        "Calendar windows in UTC as they are stored, reckoned through the moment that is told,"
        " which may be after the period of this report. Ratios are"
        f" annualized at 365 days; money is in {windows[0].base_currency}."
    )
    listing = Listing(columns, rows, frozenset(columns[1:-1]))
    return Section("Performance", (note,), listings=(listing,))


def _cell(one: Performance, name: str) -> Cell:
    value: float | None = getattr(one, name)
    return percent(value) if name in _SHARES else value


def _missing(windows: Sequence[Performance], name: str) -> str:
    """Why windows have no value, each reason once."""
    of: dict[str, list[str]] = {}
    for one in windows:
        if name in one.reasons:
            code = one.reasons[name]
            of.setdefault(MISSING.get(code, code), []).append(PERIODS[one.period])
    return "; ".join(f"{', '.join(periods)}: {reason}" for reason, periods in of.items())
