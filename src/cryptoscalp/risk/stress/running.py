"""Flow: declared scenarios over a portfolio's book of this moment, reckoned and stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

from cryptoscalp.infra.db.errors import InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, aside, call, rows
from cryptoscalp.risk.stress.book import Book, lent, some
from cryptoscalp.risk.stress.distances import MAINTENANCE_PCT, liquidation_distances
from cryptoscalp.risk.stress.engine import stressed
from cryptoscalp.risk.stress.library import chosen, scenarios
from cryptoscalp.risk.stress.moves import Moves, moves_of
from cryptoscalp.risk.stress.points import hypothetical_points
from cryptoscalp.risk.stress.recovery import hourly_returns, recovery
from cryptoscalp.risk.stress.replayed import correlated_moves, replay_points
from cryptoscalp.risk.stress.result_types import (
    Distance,
    Outcome,
    StressResult,
    StressRun,
)
from cryptoscalp.risk.stress.scenario_types import Scenario
from cryptoscalp.risk.stress.storing import store
from cryptoscalp.risk.stress.taking import take_book
from cryptoscalp.trading.types import PriceKind, Rates
from cryptoscalp.trading.valuation import equity_curve

#: What the figures are reckoned by; another way of reckoning takes another number.
METHOD: Final = "stress/1"
_HOUR: Final = timedelta(hours=1)
#: Marks and quotes older than this are told of.
_STALE: Final = timedelta(hours=1)


def run_stress(
    portfolio: str,
    names: Sequence[str | Scenario] | None = None,
    *,
    path: Path | str | None = None,
    rates: Rates | None = None,
    by: PriceKind | None = None,
    recovery_days: int = 7,
    stored: bool = True,
) -> Flow[StressRun]:
    """What a portfolio would lose now in scenarios, each a stored row (unless `stored` is False).

    `names` are of declared scenarios (`scenarios(path)`), or scenarios themselves; without them
    all that are declared are run, and those that cannot be applied are told in `refused`. With
    them one that cannot is an InputError, and nothing is stored. The book is read in one statement,
    at its last marks, or with `by` at the prices of that kind that are known now; `rates` values
    currencies as in `trading.value`. The time to recover is by the hourly equity of `recovery_days`
    before, and left out with 0. Raises NotFound, MissingRate, InputError.
    """
    if not 0 <= recovery_days <= 3_650:
        raise InputError(f"recovery_days {recovery_days} must be between 0 and 3,650")
    asked = yield from _asked(names, path)
    book = yield from take_book(portfolio, rates, by)
    hourly: tuple[list[float], str | None] | None = None
    distances: dict[Decimal, list[Distance]] = {}
    made, refused = [], []
    for one in asked:
        pct = one.liquidation.maintenance_pct if one.liquidation else MAINTENANCE_PCT
        if pct not in distances:
            distances[pct] = yield from call(partial(liquidation_distances, book, pct))
        try:
            applied = yield from apply(one, book)
        except InputError as error:
            if names is not None:
                raise
            refused.append((one.name, str(error)))
            continue
        if hourly is None:
            hourly = yield from _hourly(book, recovery_days, rates)
        more = {"direction": applied.direction, "recovery_days": recovery_days, "by": by}
        made.append(_result(one, book, applied, distances[pct], hourly, more))
    if stored and made:
        made = yield from aside(partial(store, book.portfolio_id, made), transaction=True)
    return StressRun(book.portfolio, book.at, tuple(made), tuple(refused))


def _asked(names: Sequence[str | Scenario] | None, path: Path | str | None) -> Flow[list[Scenario]]:
    if isinstance(names, (str, Scenario)):
        raise InputError("scenarios is a list of names, such as ['price-cascade']")
    known = yield from scenarios(path)
    if names is None:
        return known
    found: list[Scenario] = []
    for one in names:
        found += [one] if isinstance(one, Scenario) else chosen(known, [one])
    if len({one.name for one in found}) < len(found):
        raise InputError("a scenario is named twice")
    return found


@dataclass(frozen=True, slots=True)
class Applied:
    """An outcome, notes on how to read it, and the direction of assets that moved together."""

    outcome: Outcome
    notes: Sequence[str] = ()
    direction: str | None = None


def apply(scenario: Scenario, book: Book) -> Flow[Applied]:
    """One scenario over a book; InputError where it cannot be applied."""
    if scenario.replay is not None:
        points = yield from replay_points(scenario, book)
        return Applied((yield from call(partial(stressed, book, scenario, points))))
    moves = moves_of(scenario, book)
    if scenario.correlation is None:
        (only,) = yield from call(partial(_each, book, scenario, [moves]))
        return Applied(only)
    sides, notes = yield from correlated_moves(scenario, book, scenario.correlation)
    # What the scenario says of currencies itself comes before what was measured.
    candidates = [Moves({}, {**one.worths, **moves.worths}) for one in sides.values()]
    found = yield from call(partial(_each, book, scenario, candidates))
    worst, direction = max(zip(found, sides, strict=True), key=lambda one: one[0].loss)
    return Applied(worst, notes, direction)


def _each(book: Book, scenario: Scenario, candidates: Sequence[Moves]) -> list[Outcome]:
    return [
        stressed(book, scenario, hypothetical_points(scenario, book, one)) for one in candidates
    ]


def _hourly(book: Book, days: int, rates: Rates | None) -> Flow[tuple[list[float], str | None]]:
    """Hourly log returns of equity up to now, and why there are none."""
    if not days:
        return [], "it was not asked for"
    began = yield from rows(
        "SELECT min(timestamp) FROM cash_ledger WHERE portfolio_id = %s", (book.portfolio_id,)
    )
    last = book.at.replace(minute=0, second=0, microsecond=0)
    if began[0][0] is None:
        return [], "nothing was ever booked"
    first = max(last - timedelta(days=days), began[0][0].replace(minute=0, second=0, microsecond=0))
    if last - first < _HOUR:
        return [], "the portfolio is younger than an hour"
    try:
        curve = yield from aside(partial(equity_curve, book.portfolio, first, last, rates=rates))
    except NotFound as error:
        return [], f"equity before is not known: {error}"
    moved = yield from rows(
        "SELECT ceil(extract(epoch FROM timestamp - %(first)s) / 3600)::int, sum(base_amount)"
        " FROM cash_ledger WHERE portfolio_id = %(portfolio)s AND timestamp > %(first)s"
        " AND timestamp <= %(last)s AND kind IN ('DEPOSIT', 'WITHDRAWAL', 'ADJUSTMENT')"
        " GROUP BY 1",
        {"first": first, "last": last, "portfolio": book.portfolio_id},
    )
    flows: dict[int, Decimal] = dict(moved)
    zero = Decimal(0)
    equities = [one.equity for one in curve]
    return hourly_returns(equities, [flows.get(n, zero) for n in range(len(equities))]), None


def _result(
    scenario: Scenario,
    book: Book,
    applied: Applied,
    distances: Sequence[Distance],
    hourly: tuple[Sequence[float], str | None],
    more: Mapping[str, Any],
) -> StressResult:
    outcome = applied.outcome
    lost = float(outcome.loss / outcome.equity) if outcome.equity > 0 else None
    returns, why = hourly
    back = recovery(returns, lost)
    reasons: dict[str, str] = {}
    if lost is None:
        reasons["loss_percentage"] = "equity is not above zero before the scenario"
    if back.reason is not None:
        reasons["recovery_time_minutes"] = f"{back.reason}; {why}" if why else back.reason
    if told := [*applied.notes, *outcome.notes]:
        reasons["scenario"] = "; ".join(told)
    reasons |= _stale(book, more["by"])
    times = [priced.at for priced in book.prices.values() if priced.at is not None]
    metrics: dict[str, Any] = {
        "method": METHOD,
        "worst_minute": outcome.worst_minute,
        "equity_after": outcome.equity - outcome.loss,
        "cash_loss": outcome.cash_loss,
        "funding_cost": outcome.funding_cost,
        "liquidation_fees": outcome.liquidation_fees,
        "exit_cost": outcome.exit_cost,
        "shortfall": outcome.shortfall,
        "margin_call_minute": outcome.margin_call_minute,
        "liquidated_positions": sum(1 for one in outcome.positions if one.liquidated_quantity),
        "liquidation_distance": [asdict(one) for one in distances],
        "recovery": asdict(back),
        "at_fill_price": sorted(_places(book, book.at_fill)),
        **more,
    }
    return StressResult(
        test_id=None,
        test_date=book.at,
        portfolio=book.portfolio,
        scenario_name=scenario.name,
        scenario_kind=scenario.kind,
        base_currency=book.base_currency,
        portfolio_value=outcome.equity,
        loss_amount=outcome.loss,
        loss_percentage=None if lost is None else lost * 100,
        worst_loss_amount=outcome.worst_loss,
        recovery_time_minutes=back.minutes,
        risk_metrics=metrics,
        positions=tuple(asdict(one) for one in outcome.positions),
        scenario=scenario.document(),
        scenario_sha256=scenario.sha256(),
        data_cut=min(times) if times else None,
        reasons=reasons,
    )


def _stale(book: Book, by: PriceKind | None) -> dict[str, str]:
    """What a reader should know of the age of prices and quotes."""
    found, told = {}, []
    if book.at_fill:
        told.append(f"never marked, valued at the fill: {some(_places(book, book.at_fill))}")
    old = [
        number
        for number, price in book.prices.items()
        if number not in book.at_fill and price.at is not None and book.at - price.at > _STALE
    ]
    if old:
        what = "marked" if by is None else f"{by} price of"
        told.append(f"{what} more than an hour ago: {some(_places(book, old))}")
    if told:
        found["prices"] = "; ".join(told)
    if not any(lent(one) for one in book.held):
        found["liquidation_distance"] = "no derivative or spot short is open"
    return found


def _places(book: Book, positions: Collection[int]) -> set[str]:
    return {f"{one.symbol} on {one.exchange}" for one in book.held if one.position_id in positions}
