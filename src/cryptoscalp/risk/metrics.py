"""Pure calculation: a row of risk metrics, from a part of a portfolio and its scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Final

from cryptoscalp.market.buckets import step_of
from cryptoscalp.market.types import Interval
from cryptoscalp.risk.choices import RiskScope, VarEstimator
from cryptoscalp.risk.components import components
from cryptoscalp.risk.drawdowns import Drawdown
from cryptoscalp.risk.levels import risk_level
from cryptoscalp.risk.measure_types import Components, TailRisk
from cryptoscalp.risk.measures import tail_risk
from cryptoscalp.risk.price_moves import PriceMoves
from cryptoscalp.risk.risk_types import Component, Line, Reason, RiskMetrics, RiskThresholds
from cryptoscalp.risk.scenarios import Scenarios, simulate
from cryptoscalp.trading.exact import EXACT, ZERO, rounded, trimmed
from cryptoscalp.trading.types import PortfolioValue

#: Of gross exposure: with fewer of it covered by candles there is no VaR.
LEAST_COVERAGE: Final = 0.95
_STANDARD: Final = 0.95
#: The amounts that the database holds have 20 digits before the point.
_MOST: Final = Decimal(10) ** 20


@dataclass(frozen=True, slots=True)
class Method:
    """How a VaR is reckoned beside its estimator."""

    confidence: float
    horizon: Interval
    lookback: timedelta
    thresholds: RiskThresholds


@dataclass(frozen=True, slots=True)
class Part:
    """The lines of a portfolio or of a part of it, and what past moves would have done to them."""

    scope: RiskScope
    subject: str
    lines: Sequence[Line]
    scenarios: Scenarios
    fallen: Drawdown

    @classmethod
    def of(
        cls,
        scope: RiskScope,
        subject: str,
        lines: Sequence[Line],
        moved: PriceMoves,
        fallen: Drawdown = Drawdown(None, None, None),  # noqa: B008 - frozen
    ) -> Part:
        """The part with its scenarios."""
        return cls(scope, subject, lines, simulate(lines, moved.moves, moved.count), fallen)


def subject_of(line: Line, scope: RiskScope) -> str:
    """To which part of a scope a position belongs."""
    match scope:
        case "PORTFOLIO":
            return ""
        case "STRATEGY":
            return line.strategy or ""
        case "SYMBOL":
            return f"{line.symbol}@{line.exchange}"
        case "EXCHANGE":
            return line.exchange or ""


def metrics(
    part: Part,
    estimator: VarEstimator,
    valued: PortfolioValue,
    data_cut: datetime | None,
    method: Method,
) -> RiskMetrics:
    """The row of a part by an estimator."""
    whole, standard, reasons = _tail(part, estimator, method)
    held = {line.position_id for line in part.lines if line.position_id is not None}
    positions = [one for one in valued.positions if one.position_id in held]
    with localcontext(EXACT):
        exposure = sum((one.notional_value for one in positions), ZERO)
        net = sum((line.exposure for line in part.lines if line.position_id is not None), ZERO)
        margin = sum((one.margin for one in positions), ZERO)
    equity = valued.equity
    leverage = float(exposure / equity) if equity > 0 else None
    if leverage is None:
        reasons.append(Reason("leverage_ratio", "equity is not above zero"))
    fallen = part.fallen
    if part.scope != "PORTFOLIO":
        reasons.append(Reason("max_drawdown", "drawdowns are of the portfolio only"))
    elif fallen.now is None:
        reasons.append(Reason("max_drawdown", fallen.reason or "not known"))
    var_95 = standard.var
    level, decided = risk_level(
        equity,
        bool(part.lines),
        {
            "var": var_95 / float(equity) if var_95 is not None and equity > 0 else None,
            "leverage": leverage,
            "margin": float(margin / equity) if equity > 0 else None,
            "drawdown": fallen.now,
        },
        method.thresholds,
    )
    reasons.append(Reason("risk_level", decided))
    reasons += _stale(part, valued, method)
    parts = components(part.scenarios.pnl, whole) if part.scenarios.covered else None
    return RiskMetrics(
        portfolio=valued.portfolio,
        timestamp=valued.at,
        scope=part.scope,
        subject=part.subject,
        estimator=estimator,
        confidence=method.confidence,
        horizon=method.horizon,
        lookback=method.lookback,
        base_currency=valued.base_currency,
        portfolio_value=equity,
        total_exposure=trimmed(exposure),
        net_exposure=trimmed(net),
        margin_used=trimmed(margin),
        available_margin=valued.available_margin,
        leverage_ratio=leverage,
        drawdown=fallen.now,
        max_drawdown=fallen.greatest,
        drawdown_since=fallen.since,
        value_at_risk=_amount(whole.var),
        var_95=_amount(var_95),
        expected_shortfall=_amount(whole.expected_shortfall),
        n=whole.n,
        excluded=part.scenarios.excluded,
        coverage=part.scenarios.coverage,
        data_cut=data_cut,
        risk_level=level,
        components=_components(part, parts),
        reasons=tuple(reasons),
        parameters=whole.parameters,
    )


def _tail(
    part: Part, estimator: VarEstimator, method: Method
) -> tuple[TailRisk, TailRisk, list[Reason]]:
    """The tail at the confidence and at 95 %, and what has to be known of them."""
    scenarios = part.scenarios
    reasons = [Reason("coverage", text) for text in scenarios.lacking.values()]

    def without(reason: str) -> tuple[TailRisk, TailRisk, list[Reason]]:
        none = TailRisk(estimator, method.confidence, 0, 0, None, None, reason)
        return none, none, [*reasons, Reason("value_at_risk", reason)]

    if not part.lines:
        reasons.append(Reason("value_at_risk", "nothing is held that a price moves"))
        still = TailRisk(estimator, method.confidence, 0, 0, 0.0, 0.0)
        return still, still, reasons
    if scenarios.coverage < LEAST_COVERAGE:
        return without(
            f"candles cover {scenarios.coverage:.1%} of the exposure, less than"
            f" {LEAST_COVERAGE:.0%}"
        )
    pnl = scenarios.pnl.sum(axis=1)
    whole = tail_risk(pnl, method.confidence, estimator)
    standard = whole if method.confidence == _STANDARD else tail_risk(pnl, _STANDARD, estimator)
    if whole.reason:
        reasons.append(Reason("value_at_risk", whole.reason))
    if standard.reason and standard is not whole:
        reasons.append(Reason("var_95", standard.reason))
    return whole, standard, reasons


def _stale(part: Part, valued: PortfolioValue, method: Method) -> list[Reason]:
    oldest = valued.at - step_of(method.horizon)
    return [
        Reason("portfolio_value", f"the price of {line.name} is from {line.priced_at:%FT%TZ}")
        for line in part.lines
        if line.priced_at is not None and line.priced_at < oldest
    ]


def _components(part: Part, parts: Components | None) -> tuple[Component, ...]:
    places = {line: column for column, line in enumerate(part.scenarios.covered)}
    found = []
    for at, line in enumerate(part.lines):
        column = places.get(at)
        var = shortfall = marginal = None
        if column is not None and parts and parts.var and parts.expected_shortfall:
            var, shortfall = parts.var[column], parts.expected_shortfall[column]
            marginal = var / float(line.exposure) + 0.0 if line.exposure else None
        found.append(Component(line, column is not None, var, shortfall, marginal))
    return tuple(found)


def _amount(value: float | None) -> Decimal | None:
    """An amount of money from a float, by its shortest decimal, half-even to 18 decimals."""
    if value is None:
        return None
    found = Decimal(repr(value))
    # No negative zero.
    return (trimmed(rounded(found)) or ZERO) if abs(found) < _MOST else None
