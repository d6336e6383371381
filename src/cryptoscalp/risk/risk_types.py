"""What risk takes and hands out: money is Decimal, ratios are floats, a loss is above zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from cryptoscalp.market.types import Interval
from cryptoscalp.risk.choices import RiskLevel, RiskScope, VarEstimator
from cryptoscalp.trading.types import PositionSide


@dataclass(frozen=True, slots=True)
class Factor:
    """A price whose moves move something; `inverted`: by one over the price."""

    symbol: str
    exchange: str
    inverted: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One position, or free cash in another currency than the portfolio's.

    `notional` and `worth` are in `currency`, of which `rate` tells the worth in the base currency;
    `exposure` is the notional in the base currency with its sign. `moved_by` is the instrument's
    own price, `rate_by` the prices behind the rate: none where it is 1, None where nothing in the
    market is behind it (a rate that the caller gave).
    """

    position_id: int | None
    strategy: str | None
    symbol: str | None
    exchange: str | None
    side: PositionSide
    currency: str
    price: Decimal | None
    priced_at: datetime | None
    notional: Decimal
    worth: Decimal
    rate: Decimal
    exposure: Decimal
    inverse: bool
    moved_by: Factor | None
    rate_by: tuple[Factor, ...] | None

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.symbol} on {self.exchange}" if self.symbol else f"{self.currency} cash"

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Every price that moves it."""
        own = (self.moved_by,) if self.moved_by else ()
        return (*own, *(self.rate_by or ()))


@dataclass(frozen=True, slots=True)
class Component:
    """A line with what it adds to VaR and expected shortfall, in the base currency.

    The parts of all lines sum up to the whole; below zero a line hedges. `marginal_var` is what one
    more unit of exposure adds. None where the line has no candles (`covered` False) or the whole
    has no figure.
    """

    line: Line
    covered: bool
    component_var: float | None
    component_shortfall: float | None
    marginal_var: float | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a figure is missing, or what has to be known to read it."""

    figure: str
    text: str


@dataclass(frozen=True, slots=True)
class RiskMetrics:
    """What a portfolio, or a part of it, may lose; with the method and the data that say so.

    `subject` is the strategy, `SYMBOL@exchange` or exchange of a part, empty for the portfolio and
    for positions without a strategy. Amounts are in `base_currency`. `value_at_risk` and
    `expected_shortfall` are at `confidence` over `horizon`, `var_95` is always at 95 %; losses are
    above zero. `n` periods of `lookback` were used, `excluded` lacked a price; `coverage` is the
    share of gross exposure that has candles, `data_cut` the end of the last candle. Drawdowns are
    of the portfolio only, since `drawdown_since`. What is None has a reason.
    """

    portfolio: str
    timestamp: datetime
    scope: RiskScope
    subject: str
    estimator: VarEstimator
    confidence: float
    horizon: Interval
    lookback: timedelta
    base_currency: str
    portfolio_value: Decimal
    total_exposure: Decimal
    net_exposure: Decimal
    margin_used: Decimal
    available_margin: Decimal
    leverage_ratio: float | None
    drawdown: float | None
    max_drawdown: float | None
    drawdown_since: datetime | None
    value_at_risk: Decimal | None
    var_95: Decimal | None
    expected_shortfall: Decimal | None
    n: int
    excluded: int
    coverage: float
    data_cut: datetime | None
    risk_level: RiskLevel
    components: tuple[Component, ...] = ()
    reasons: tuple[Reason, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    revision: int | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RiskThresholds:
    """From which figure on a level is MEDIUM, HIGH, CRITICAL; the worst figure decides.

    `var` is the 95 % VaR over equity, `leverage` exposure over equity, `margin` margin used over
    equity, `drawdown` the one in force.
    """

    var: tuple[float, float, float] = (0.02, 0.05, 0.10)
    leverage: tuple[float, float, float] = (2.0, 5.0, 10.0)
    margin: tuple[float, float, float] = (0.5, 0.75, 0.9)
    drawdown: tuple[float, float, float] = (0.05, 0.10, 0.20)
