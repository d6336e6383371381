"""What the flows of performance hand out; times are UTC, money is in the base currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from cryptoscalp.analytics.windows import Period

Scope: TypeAlias = Literal["PORTFOLIO", "STRATEGY", "SYMBOL"]


@dataclass(frozen=True, slots=True)
class Performance:
    """A portfolio, or a strategy or symbol of it, over a calendar window.

    The window is (timestamp, timestamp + period], reckoned from `started_at` through `through`.
    Fractions: 0.01 is 1 %. Ratios and volatility are annualized at 365 days; the Sharpe ratio's
    interval is the 95 % one. `max_drawdown`, `avg_loss` and `gross_loss` are 0 or more; `slippage`
    and `fees` are above zero where they cost. What is None has its reason in `reasons`, by name.
    `gaps` are buckets that lack a price or rate, which `lacking` names with the number of moments
    and the last of them. `revision` counts how often late history changed it.
    """

    portfolio: str
    base_currency: str
    scope: Scope
    strategy: str | None
    symbol: str | None
    exchange: str | None
    period: Period
    timestamp: datetime
    started_at: datetime
    through: datetime
    total_return: float | None
    sharpe_ratio: float | None
    sharpe_low: float | None
    sharpe_high: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None
    volatility: float | None
    max_drawdown: float | None
    win_rate: float | None
    profit_factor: float | None
    total_trades: int
    wins: int
    losses: int
    avg_win: Decimal | None
    avg_loss: Decimal | None
    gross_profit: Decimal
    gross_loss: Decimal
    fills: int
    turnover: Decimal
    fees: Decimal
    slippage: Decimal | None
    slippage_bps: float | None
    slippage_fills: int
    returns: int
    gaps: int
    lacking: Mapping[str, Any]
    reasons: Mapping[str, Any]
    revision: int
    computed_at: datetime
    method: str


@dataclass(frozen=True, slots=True)
class PerformanceRefresh:
    """What a refresh did: portfolios it looked at, rows it wrote, of how many history had changed.

    `through` is the end of the last minute that it took in.
    """

    portfolios: int
    rows: int
    recomputed: int
    through: datetime
