"""Flow: the risk of a portfolio and of its parts, by chosen estimators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar, get_args

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, aside
from cryptoscalp.market.buckets import step_of
from cryptoscalp.market.names import moment, one_of
from cryptoscalp.market.types import Interval
from cryptoscalp.risk.choices import Lacking, RiskScope, VarEstimator
from cryptoscalp.risk.drawdowns import Drawdown, drawdown_of
from cryptoscalp.risk.levels import DEFAULT_THRESHOLDS, checked_thresholds
from cryptoscalp.risk.lines import lines_of
from cryptoscalp.risk.measures import ESTIMATORS
from cryptoscalp.risk.metrics import Method, Part, metrics, subject_of
from cryptoscalp.risk.price_moves import ReadMoves, periods, price_moves
from cryptoscalp.risk.risk_types import Line, RiskMetrics, RiskThresholds
from cryptoscalp.risk.sample import checked_confidence
from cryptoscalp.trading.portfolios import portfolio as known_portfolio
from cryptoscalp.trading.types import PortfolioValue, PriceKind, Rates
from cryptoscalp.trading.valuation import value

SCOPES: Final[tuple[RiskScope, ...]] = get_args(RiskScope)
LOOKBACK: Final = timedelta(days=30)
_TOLD: Final = 5
T = TypeVar("T", bound=str)


def measure(
    portfolio: str,
    at: datetime | None = None,
    *,
    estimators: Sequence[VarEstimator] = ESTIMATORS,
    scopes: Sequence[RiskScope] = SCOPES,
    confidence: float = 0.95,
    horizon: Interval = "1h",
    lookback: timedelta = LOOKBACK,
    by: PriceKind = "last",
    rates: Rates | None = None,
    lacking: Lacking = "flag",
    thresholds: RiskThresholds = DEFAULT_THRESHOLDS,
) -> Flow[list[RiskMetrics]]:
    """What a portfolio may lose over `horizon`, now or at a moment; nothing is stored.

    Today's positions and cash are revalued at each past move of their prices in `lookback`: closes
    of stored candles of the horizon that had ended by then. A row for the portfolio by each
    estimator, then one by the first of them for each of its strategies, symbols and exchanges.
    What has no candles is named and left out (`lacking` "flag": no VaR below 95 % coverage) or
    refused ("refuse"). `rates` values currencies that no stored market values.

    Raises NotFound for an unknown portfolio or where a held instrument has no price, MissingRate,
    InputError.
    """
    ask = asked(estimators, scopes, confidence, horizon, lookback, by, rates, lacking, thresholds)
    return (yield from measured(portfolio, at, ask))


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a measurement, checked."""

    estimators: list[VarEstimator]
    scopes: list[RiskScope]
    method: Method
    by: PriceKind
    rates: Rates | None
    lacking: Lacking


def asked(
    estimators: Sequence[VarEstimator] = ESTIMATORS,
    scopes: Sequence[RiskScope] = SCOPES,
    confidence: float = 0.95,
    horizon: Interval = "1h",
    lookback: timedelta = LOOKBACK,
    by: PriceKind = "last",
    rates: Rates | None = None,
    lacking: Lacking = "flag",
    thresholds: RiskThresholds = DEFAULT_THRESHOLDS,
) -> Ask:
    """What a caller asks, when it can be; InputError otherwise."""
    one_of(lacking, get_args(Lacking), "way with lacking candles")
    step_of(horizon)
    periods(horizon, lookback)
    return Ask(
        _chosen(estimators, ESTIMATORS, "estimator"),
        _chosen(scopes, SCOPES, "scope"),
        Method(checked_confidence(confidence), horizon, lookback, checked_thresholds(thresholds)),
        by,
        rates,
        lacking,
    )


def measured(
    portfolio: str, at: datetime | None, ask: Ask, read: ReadMoves | None = None
) -> Flow[list[RiskMetrics]]:
    """As `measure`; moves of prices in `read` are not read again, for many portfolios at once."""
    if at is not None:
        moment(at, "at")
    method, by, rates = ask.method, ask.by, ask.rates
    account = yield from known_portfolio(portfolio)
    valued: PortfolioValue = yield from aside(
        lambda: value(portfolio, at, by=by, rates=rates), transaction=True
    )
    lines = yield from lines_of(valued, rates)
    instruments = {(one.symbol, one.exchange) for line in lines for one in line.factors}
    moved = yield from price_moves(instruments, method.horizon, method.lookback, valued.at, read)
    fallen = Drawdown(None, None, None)
    if "PORTFOLIO" in ask.scopes:
        fallen = yield from drawdown_of(account.portfolio_id, valued, by, rates)
    whole = Part.of("PORTFOLIO", "", lines, moved, fallen)
    if whole.scenarios.lacking and ask.lacking == "refuse":
        raise NotFound(
            f"candles of {method.horizon} are lacking for"
            f" {_listed(whole.scenarios.lacking.values())}; import market data, or have them"
            ' named and left out (lacking="flag")'
        )
    found = []
    if "PORTFOLIO" in ask.scopes:
        found += [metrics(whole, one, valued, moved.data_cut, method) for one in ask.estimators]
    for scope in ask.scopes:
        for subject, held in _parts(lines, scope).items():
            part = Part.of(scope, subject, held, moved)
            found.append(metrics(part, ask.estimators[0], valued, moved.data_cut, method))
    return found


def _parts(lines: Sequence[Line], scope: RiskScope) -> dict[str, list[Line]]:
    """The positions of each strategy, symbol or exchange; free cash belongs to the whole alone."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        if scope != "PORTFOLIO" and line.position_id is not None:
            found.setdefault(subject_of(line, scope), []).append(line)
    return dict(sorted(found.items()))


def _chosen(given: Sequence[T], choices: tuple[T, ...], what: str) -> list[T]:
    if isinstance(given, str) or not given:
        raise InputError(f"{what}s {given!r} are none; give a list of {', '.join(choices)}")
    for one in given:
        one_of(one, choices, what)
    return list(dict.fromkeys(given))


def _listed(found: Iterable[str]) -> str:
    told = list(found)
    more = f" and {len(told) - _TOLD:,} more" if len(told) > _TOLD else ""
    return f"{'; '.join(told[:_TOLD])}{more}"
