"""Pure measures of a whole series: returns of equal-time buckets, and trades.

What `fold.py` brings forward bucket by bucket, for callers who have all of a series: two passes
over it, in float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np
import numpy.typing as npt

from cryptoscalp.analytics.ratios import LEAST_CAPITAL, Ratios, Reason, Statistics, ratios
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.trading.exact import EXACT, ZERO, rounded

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TradeMeasures:
    """What trades come to, given the profit of each; None where `reasons` says why.

    `avg_loss` and `gross_loss` are above zero. A trade of exactly zero counts, and is no win.
    """

    total_trades: int
    wins: int
    losses: int
    gross_profit: Decimal
    gross_loss: Decimal
    win_rate: float | None
    profit_factor: float | None
    avg_win: Decimal | None
    avg_loss: Decimal | None
    reasons: dict[str, Reason]


def returns_of(equity: Floats, deposits: Floats, withdrawals: Floats) -> Floats:
    """The return of each bucket between moments of a curve of equity: one less than `equity`.

    (equity at the end + withdrawals) / (equity at the start + deposits) - 1: deposits count from
    the start of their bucket, withdrawals until its end (both 0 or more, and as long as `equity`;
    the first of each is not used). NaN where equity is NaN at one of both ends, the capital is not
    above dust (1e-9), or it came in that bucket and nothing was gained or lost of it yet.
    """
    capital = equity[:-1] + deposits[1:]
    gain = equity[1:] + withdrawals[1:] - capital
    arrived = (equity[:-1] == 0.0) & (gain == 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        made = gain / capital
    return np.where((capital > LEAST_CAPITAL) & ~arrived, made, np.nan)


def measured(returns: Floats, per_year: float, risk_free: float = 0.0) -> Ratios:
    """The measures of a series of returns; NaN are gaps: left out, and counted as time.

    Formulas: `cryptoscalp.analytics.ratios.ratios`. Raises InputError for infinite returns.
    """
    if np.isinf(returns).any():
        raise InputError("returns must be finite, or NaN for a gap")
    known = returns[~np.isnan(returns)]
    count = len(known)
    mean = float(known.mean()) if count else 0.0
    apart = known - mean
    wealth = np.concatenate([[1.0], np.cumprod(1.0 + known)])
    peak = np.maximum.accumulate(wealth)
    return ratios(
        Statistics(
            returns=count,
            mean=mean,
            m2=float((apart**2).sum()),
            m3=float((apart**3).sum()),
            m4=float((apart**4).sum()),
            downside=float((np.minimum(known - risk_free, 0.0) ** 2).sum()),
            cross=float((apart[1:] * apart[:-1]).sum()),
            wealth=float(wealth[-1]),
            drawdown=float((1.0 - wealth / peak).max()),
            buckets=len(returns),
            lacking=len(returns) > count,
        ),
        per_year,
        risk_free,
    )


def measured_trades(profits: Sequence[Decimal]) -> TradeMeasures:
    """The measures of trades by their profits, each after its fees."""
    with localcontext(EXACT):
        return trade_measures(
            len(profits),
            sum(one > 0 for one in profits),
            sum(one < 0 for one in profits),
            sum((one for one in profits if one > 0), ZERO),
            -sum((one for one in profits if one < 0), ZERO),
        )


def trade_measures(
    total: int, wins: int, losses: int, gross_profit: Decimal, gross_loss: Decimal
) -> TradeMeasures:
    """The measures of trades by their counts and sums."""
    reasons: dict[str, Reason] = {}
    if not total:
        reasons |= dict.fromkeys(("win_rate", "profit_factor", "avg_win", "avg_loss"), "NO_TRADES")
    else:
        if not wins:
            reasons["avg_win"] = "NO_WIN"
        if not losses:
            reasons |= {"profit_factor": "NO_LOSS", "avg_loss": "NO_LOSS"}
    with localcontext(EXACT):
        return TradeMeasures(
            total, wins, losses, gross_profit, gross_loss,
            wins / total if total else None,
            float(gross_profit / gross_loss) if losses else None,
            rounded(gross_profit / wins) if wins else None,
            rounded(gross_loss / losses) if losses else None,
            reasons,
        )  # fmt: skip
