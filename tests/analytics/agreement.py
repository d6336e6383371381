"""`python -m tests.analytics.agreement`: our measures beside other libraries' on a real series.

The table is that of docs/performance.md; a test compares both.
"""

from __future__ import annotations

import gzip
import sys
import warnings
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from cryptoscalp.analytics.measures import measured, measured_trades

RETURNS: Final = (
    Path(__file__).resolve().parents[3]
    / "shared" / "data" / "returns_pyfolio" / "test_returns.csv.gz"
)  # fmt: skip
_DAYS: Final = 252.0


def real_returns() -> np.ndarray:
    """1,511 daily returns of pyfolio's tests, from 2004 on."""
    with gzip.open(RETURNS, "rt") as lines:
        return np.array([float(line.strip().rpartition(",")[2]) for line in lines if "," in line])


def values() -> list[tuple[str, float | None, float | None, float | None]]:
    """Measure, ours, quantstats', empyrical's; None where a library has none like it."""
    # Libraries without types, and development's only.
    empyrical: Any = import_module("empyrical")
    pd: Any = import_module("pandas")
    qs: Any = import_module("quantstats.stats")
    returns = real_returns()
    dated: Any = pd.Series(
        returns, index=pd.date_range("2004-01-02", periods=len(returns), freq="D")
    )
    ours = measured(returns, _DAYS)
    days = measured_trades([Decimal(repr(float(one))) for one in returns])
    return [
        ("total return", ours.total_return, qs.comp(dated), empyrical.cum_returns_final(returns)),
        ("Sharpe, 252", ours.sharpe_ratio, qs.sharpe(dated), empyrical.sharpe_ratio(returns)),
        ("Sortino, 252", ours.sortino_ratio, qs.sortino(dated), empyrical.sortino_ratio(returns)),
        ("Calmar, 252", ours.calmar_ratio, qs.calmar(dated), empyrical.calmar_ratio(returns)),
        ("volatility, 252", ours.volatility, qs.volatility(dated),
         empyrical.annual_volatility(returns)),
        ("max drawdown", ours.max_drawdown, qs.max_drawdown(dated),
         empyrical.max_drawdown(returns)),
        ("profit factor of days", days.profit_factor, qs.profit_factor(dated), None),
        ("win rate of days", days.win_rate, qs.win_rate(dated), None),
        ("Sharpe, 365", measured(returns, 365.0).sharpe_ratio, qs.sharpe(dated, periods=365),
         empyrical.sharpe_ratio(returns, annualization=365)),
    ]  # fmt: skip


def table() -> str:
    """The values as Markdown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = values()
    lines = ["| measure | ours | quantstats | empyrical |", "|---|---|---|---|"]
    for name, *numbers in found:
        cells = ("–" if one is None else f"{one:.9g}" for one in numbers)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
