"""A scenario over a book, point by point: funding, forced closes, the worst moment, the exit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, localcontext
from typing import Final

from cryptoscalp.risk.stress.book import Book, some, valued
from cryptoscalp.risk.stress.exits import clipped, exit_price, worse
from cryptoscalp.risk.stress.ladder import (
    EXIT,
    FUNDING,
    LIQUIDATION,
    Standing,
    begun,
    descend,
    maintenance,
)
from cryptoscalp.risk.stress.moves import Point, priced_at, rated_at
from cryptoscalp.risk.stress.result_types import Outcome, StressedPosition
from cryptoscalp.risk.stress.scenario_types import Funding, Scenario
from cryptoscalp.trading.exact import EXACT, ZERO, rounded, trimmed
from cryptoscalp.trading.types import PortfolioValue
from cryptoscalp.trading.worth import Held, Priced, Rate, notional

_HUNDRED: Final = Decimal(100)
_Prices = Mapping[int, Priced]


def stressed(book: Book, scenario: Scenario, points: Sequence[Point]) -> Outcome:
    """What a scenario does to a book that goes along `points`, at least one, in order of time.

    At each point prices and rates change, funding that is due is paid, and where the scenario
    liquidates, positions are closed while equity is below maintenance margin. A position that was
    frozen has its worse price from the end of the halt on, and is left at it. With `spread` all
    others are left at the end through the thin book. Raises InputError where leaving cannot be
    reckoned.
    """
    with localcontext(EXACT):
        return _stressed(book, scenario, points)


def _stressed(book: Book, scenario: Scenario, points: Sequence[Point]) -> Outcome:
    before = book.value()
    standing = begun(book)
    frozen = frozen_positions(book, scenario)
    due = _funding_minutes(scenario.funding)
    equities: list[tuple[Decimal, Decimal]] = []
    called: Decimal | None = None
    for at in points:
        plain, rates = priced_at(book, at), rated_at(book, at)
        prices = _after_halt(book, scenario, plain, frozen, at.minute)
        if scenario.funding and at.minute in due:
            _pay_funding(book, standing, prices, rates, scenario.funding)
        found = _now(book, standing, prices, rates)
        rule = scenario.liquidation
        if rule and found.equity < maintenance(found, standing, rule.maintenance_pct):
            called = at.minute if called is None else called
            halted = scenario.halt is not None and at.minute < scenario.halt.minutes
            kept = frozen if halted else frozenset[int]()
            found = descend(book, standing, prices, rates, rule, kept)
        equities.append((found.equity, at.minute))
    unleft = _now(book, standing, plain, rates).equity
    left, notes = _left_at(book, standing, scenario, prices, frozen)
    final = {**prices, **{key: replace(prices[key], price=one) for key, one in left.items()}}
    after = _now(book, standing, final, rates)
    equities.append((after.equity, points[-1].minute))
    lowest, worst_minute = min(equities, key=lambda one: one[0])
    loss = before.equity - after.equity
    parts = _parts(book, standing, before, after, rates, plain, left, frozen)
    leaves = scenario.spread is not None or scenario.halt is not None
    return Outcome(
        equity=before.equity,
        loss=trimmed(loss),
        worst_loss=trimmed(max(before.equity - lowest, ZERO)),
        worst_minute=worst_minute if lowest < before.equity else ZERO,
        cash_loss=trimmed(loss - sum((one.loss for one in parts), ZERO)),
        funding_cost=trimmed(standing.cost(FUNDING, rates)),
        liquidation_fees=trimmed(standing.cost(LIQUIDATION, rates)),
        exit_cost=trimmed(unleft - after.equity) if leaves else None,
        shortfall=trimmed(max(-lowest, ZERO)),
        margin_call_minute=called,
        positions=parts,
        notes=tuple(notes),
    )


def frozen_positions(book: Book, scenario: Scenario) -> frozenset[int]:
    """The positions on the exchange that halts; by default on that of the greatest exposure."""
    if scenario.halt is None:
        return frozenset()
    exchange = scenario.halt.exchange
    if exchange is None:
        sizes: dict[str, Decimal] = {}
        for one in book.value().positions:
            sizes[one.exchange] = sizes.get(one.exchange, ZERO) + one.notional_value
        exchange = min(sizes, key=lambda name: (-sizes[name], name)) if sizes else None
    return frozenset(one.position_id for one in book.held if one.exchange == exchange)


def funding_minutes(scenario: Scenario) -> frozenset[Decimal]:
    """The minutes at which funding is paid: each must be a point of the path."""
    return _funding_minutes(scenario.funding)


def _funding_minutes(funding: Funding | None) -> frozenset[Decimal]:
    if funding is None:
        return frozenset()
    step = funding.hours * 60
    return frozenset(Decimal(step * (n + 1)) for n in range(funding.intervals))


def _now(
    book: Book, standing: Standing, prices: _Prices, rates: Mapping[str, Rate]
) -> PortfolioValue:
    return valued(book, standing.balances, list(standing.held.values()), prices, rates)


def _after_halt(
    book: Book, scenario: Scenario, prices: _Prices, frozen: frozenset[int], minute: Decimal
) -> dict[int, Priced]:
    if scenario.halt is None or minute < scenario.halt.minutes:
        return dict(prices)
    pct = scenario.halt.worse_pct
    return dict(prices) | {
        one.position_id: Priced(
            worse(one, prices[one.position_id].price, pct), prices[one.position_id].at
        )
        for one in book.held
        if one.position_id in frozen
    }


def _pay_funding(
    book: Book, standing: Standing, prices: _Prices, rates: Mapping[str, Rate], funding: Funding
) -> None:
    """Rate times notional: one side pays it, the other receives it."""
    owed = {
        one.position_id: notional(one, prices[one.position_id].price)
        for one in standing.held.values()
        if one.margined
    }
    payer = funding.payer
    if payer == "NET":
        net = sum(
            (_signed(standing.held[key], size * rates[standing.held[key].pnl_currency].rate)
             for key, size in owed.items()),
            ZERO,
        )  # fmt: skip
        payer = "LONG" if net >= 0 else "SHORT"
    for key, size in owed.items():
        held = standing.held[key]
        amount = rounded(size * funding.rate_pct / _HUNDRED)
        standing.charge(key, held.pnl_currency, amount if held.side == payer else -amount, FUNDING)


def _signed(held: Held, size: Decimal) -> Decimal:
    return size if held.side == "LONG" else -size


def _left_at(
    book: Book,
    standing: Standing,
    scenario: Scenario,
    prices: _Prices,
    frozen: frozenset[int],
) -> tuple[dict[int, Decimal], list[str]]:
    """The prices at which positions are left, with the fee of leaving booked; notes."""
    left: dict[int, Decimal] = {}
    thin, unquoted = set[str](), set[str]()
    for key, held in standing.held.items():
        price = prices[key].price
        if key in frozen:
            left[key] = price
        elif scenario.spread is not None:
            left[key] = exit_price(held, price, book.tops.get(key), scenario.spread)
            place = f"{held.symbol} on {held.exchange}"
            if clipped(held, price, left[key]):
                thin.add(place)
            if key not in book.tops:
                unquoted.add(place)
        if key in left and scenario.spread is not None:
            fee = rounded(notional(held, left[key]) * scenario.spread.fee_pct / _HUNDRED)
            standing.charge(key, held.pnl_currency, fee, EXIT)
    notes = []
    if thin:
        notes.append(f"the book is too thin, left at 99 % off the price: {some(thin)}")
    if unquoted:
        notes.append(f"no quote is stored, the declared half spread was taken: {some(unquoted)}")
    return left, notes


def _parts(
    book: Book,
    standing: Standing,
    before: PortfolioValue,
    after: PortfolioValue,
    rates: Mapping[str, Rate],
    prices: _Prices,
    left: Mapping[int, Decimal],
    frozen: frozenset[int],
) -> tuple[StressedPosition, ...]:
    worth = {one.position_id: one.value for one in after.positions}
    parts = []
    for one in before.positions:
        key = one.position_id
        brought = sum(
            (rounded(amount * rates[code].rate)
             for code, amount in standing.settled.get(key, {}).items()),
            ZERO,
        )  # fmt: skip
        parts.append(
            StressedPosition(
                position_id=key,
                symbol=one.symbol,
                exchange=one.exchange,
                side=one.side,
                quantity=one.quantity,
                price=one.price,
                stressed_price=trimmed(prices[key].price),
                loss=trimmed(one.value - worth.get(key, ZERO) - brought),
                liquidated_quantity=trimmed(standing.closed.get(key, ZERO)),
                frozen=key in frozen,
                exit_price=trimmed(left[key]) if key in left else None,
            )
        )
    return tuple(parts)
