"""Flows: what each limit of a portfolio is measured at, or why that cannot be known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal
from functools import partial
from typing import Final, assert_never

from cryptoscalp.infra.db.errors import InputError, IntegrityRefused, NotFound
from cryptoscalp.infra.db.flow import Flow, aside, rows
from cryptoscalp.infra.db.queries import query
from cryptoscalp.risk.limits import figures as rules
from cryptoscalp.risk.limits.limit_kinds import LimitMetric
from cryptoscalp.risk.limits.limit_types import Measured, RiskLimit
from cryptoscalp.risk.limits.risk_rows import FRESH, Figures, RiskFigures
from cryptoscalp.trading.types import PortfolioValue, PositionValue, PriceKind
from cryptoscalp.trading.valuation import value

_HELD_AGES: Final = query("cryptoscalp.risk.limits", "held_ages")
_FROM_VALUE: Final[tuple[LimitMetric, ...]] = (
    "GROSS_EXPOSURE", "NET_EXPOSURE", "LEVERAGE", "CONCENTRATION", "DAILY_LOSS",
)  # fmt: skip
_FROM_RISK: Final[tuple[LimitMetric, ...]] = ("DRAWDOWN", "VAR", "EXPECTED_SHORTFALL")
#: Instruments named in a reason.
_TOLD: Final = 5


def measure(
    portfolio: str, portfolio_id: int, limits: Sequence[RiskLimit], at: datetime, figures: Figures
) -> Flow[list[Measured]]:
    """What each of the limits is at, in their order; `at` is the moment of the check.

    What is missing in the books or the market data makes a value unknown, and is no error.
    """
    metrics = {limit.metric for limit in limits}
    worth: PortfolioValue | str = ""
    lost: Measured | None = None
    strategies: Mapping[int, str | None] = {}
    if metrics & set(_FROM_VALUE):
        worth = yield from _worth_now(portfolio, at)
        strategies = yield from _strategies(portfolio_id)
    if "DAILY_LOSS" in metrics:
        lost = yield from _daily_loss(portfolio, portfolio_id, worth, at)
    risk: RiskFigures | None = None
    if metrics & set(_FROM_RISK):
        risk = yield from figures(portfolio_id)
    ages = (yield from _ages(portfolio_id, at)) if "STALE_DATA" in metrics else []
    found = []
    for limit in limits:
        if limit.metric == "DAILY_LOSS":
            assert lost is not None
            found.append(lost)
        elif limit.metric == "STALE_DATA":
            found.append(_stale(limit, ages))
        elif limit.metric in _FROM_RISK:
            found.append(_from_risk(limit.metric, risk, at))
        elif isinstance(worth, str):
            found.append(Measured(None, worth))
        else:
            found.append(Measured(_from_value(limit, worth, strategies)))
    return found


def _worth_now(portfolio: str, at: datetime) -> Flow[PortfolioValue | str]:
    """The value at marks that are not old, else at the last trades; or why neither can be known."""
    marked = yield from _worth(portfolio)
    if isinstance(marked, str) or _old(marked, at) is None:
        return marked
    traded = yield from _worth(portfolio, by="last")
    if isinstance(traded, str):
        return f"marks of positions are old, and {traded}"
    if old := _old(traded, at):
        when = (
            "at no known time" if old.priced_at is None else f"{old.priced_at:%Y-%m-%dT%H:%M:%SZ}"
        )
        return (
            f"the newest price of {old.symbol} on {old.exchange} is of {when}, which is too old;"
            " import newer market data, or mark the position at a price of now"
        )
    return traded


def _old(worth: PortfolioValue, at: datetime) -> PositionValue | None:
    """A position whose price is too old to tell what it is worth now, if there is one."""
    for one in worth.positions:
        if one.priced_at is None or at - one.priced_at > FRESH:
            return one
    return None


def _worth(
    portfolio: str, at: datetime | None = None, *, by: PriceKind | None = None
) -> Flow[PortfolioValue | str]:
    """The portfolio's value, or why it has none."""
    try:
        # Aside, so that errors come as the package's own.
        return (yield from aside(partial(value, portfolio, at, by=by), transaction=True))
    except (NotFound, InputError, IntegrityRefused) as error:
        return str(error)


def _strategies(portfolio_id: int) -> Flow[Mapping[int, str | None]]:
    found = yield from rows(
        "SELECT p.position_id, s.name FROM positions AS p LEFT JOIN strategies AS s"
        " USING (strategy_id) WHERE p.portfolio_id = %s AND p.status IN ('OPEN', 'PARTIAL')",
        (portfolio_id,),
    )
    return dict(found)


def _from_value(
    limit: RiskLimit, worth: PortfolioValue, strategies: Mapping[int, str | None]
) -> Decimal:
    positions = rules.in_scope(worth, limit, strategies)
    match limit.metric:
        case "GROSS_EXPOSURE":
            return rules.gross_exposure(positions)
        case "NET_EXPOSURE":
            return rules.net_exposure(positions)
        case "LEVERAGE":
            return rules.over_equity(rules.gross_exposure(positions), worth.equity)
        case "CONCENTRATION":
            return rules.over_equity(rules.largest(positions), worth.equity)
        case "DAILY_LOSS" | "DRAWDOWN" | "VAR" | "EXPECTED_SHORTFALL" | "STALE_DATA":
            raise AssertionError(f"{limit.metric} is not measured by a value")
        case _:
            assert_never(limit.metric)


def _daily_loss(
    portfolio: str, portfolio_id: int, worth: PortfolioValue | str, at: datetime
) -> Flow[Measured]:
    if isinstance(worth, str):
        return Measured(None, worth)
    midnight = datetime.combine(at.date(), time(), at.tzinfo)
    before = yield from _worth(portfolio, midnight)
    if isinstance(before, str):
        return Measured(None, f"the value at midnight is not known: {before}")
    flows = yield from rows(
        "SELECT coalesce(sum(base_amount), 0) FROM cash_ledger WHERE portfolio_id = %s"
        " AND kind IN ('DEPOSIT', 'WITHDRAWAL') AND timestamp > %s",
        (portfolio_id, midnight),
    )
    return Measured(rules.daily_loss(before.equity, flows[0][0], worth.equity))


def _from_risk(metric: LimitMetric, risk: RiskFigures | None, at: datetime) -> Measured:
    if risk is None:
        return Measured(None, "no risk figures of the portfolio are recorded")
    if at - risk.at > FRESH:
        return Measured(
            None, f"the newest risk figures are of {risk.at:%Y-%m-%dT%H:%M:%SZ}, which is too old"
        )
    found = {
        "DRAWDOWN": risk.drawdown, "VAR": risk.var, "EXPECTED_SHORTFALL": risk.expected_shortfall,
    }[metric]  # fmt: skip
    if found is None or not found.is_finite():
        return Measured(None, f"the newest risk figures have no {metric}")
    return Measured(found)


#: (strategy, symbol, exchange, age in seconds or None)
_Age = tuple[str | None, str, str, Decimal | None]


def _ages(portfolio_id: int, at: datetime) -> Flow[list[_Age]]:
    found = yield from rows(_HELD_AGES, {"portfolio": portfolio_id, "at": at})
    return [(row[0], row[1], row[2], row[3]) for row in found]


def _stale(limit: RiskLimit, ages: Iterable[_Age]) -> Measured:
    held = [
        (symbol, exchange, age)
        for strategy, symbol, exchange, age in ages
        if limit.strategy in (None, strategy)
        and limit.symbol in (None, symbol)
        and limit.exchange in (None, exchange)
    ]
    never = sorted({f"{symbol} on {exchange}" for symbol, exchange, age in held if age is None})
    if never:
        return Measured(None, f"no trade or quote is stored of {', '.join(never[:_TOLD])}")
    return Measured(max((age for _, _, age in held if age is not None), default=Decimal(0)))
