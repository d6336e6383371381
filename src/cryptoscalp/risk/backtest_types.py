"""What a back-test of recorded VaR says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cryptoscalp.market.types import Interval
from cryptoscalp.risk.choices import RiskScope, VarEstimator
from cryptoscalp.risk.coverage_tests import CoverageTest


@dataclass(frozen=True, slots=True)
class Compared:
    """A recorded VaR and what the same positions came to over its horizon.

    `at` is the moment of the row, UTC. `value_at_risk` is in base currency, a loss above zero, as
    it was recorded; `pnl` in base currency, a loss below zero, estimated in floats as the VaR was.
    `exception`: -pnl is above the VaR.
    """

    at: datetime
    value_at_risk: Decimal
    pnl: float
    exception: bool


@dataclass(frozen=True, slots=True)
class Backtest:
    """The VaR rows of a portfolio or a part in [start, end), against the P&L that followed.

    The P&L is hypothetical: of the positions as they were, neither traded nor funded. Rows are a
    horizon apart, so that no P&L is counted twice; `skipped` had no VaR or no later price.

    `subject` is empty for the portfolio as a whole and for what has no strategy. `confidence` is a
    share, `lookback` that of the VaR rows. `result` is of `compared`, a row each, by time; of
    outcomes that were kept (`backtests`) `compared` is empty. `backtest_id` and `recorded_at` are
    None where the outcome was not kept.
    """

    portfolio: str
    scope: RiskScope
    subject: str
    estimator: VarEstimator
    confidence: float
    horizon: Interval
    lookback: timedelta
    start: datetime
    end: datetime
    skipped: int
    result: CoverageTest
    compared: tuple[Compared, ...] = ()
    backtest_id: int | None = None
    recorded_at: datetime | None = None
