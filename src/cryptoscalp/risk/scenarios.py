"""Pure calculation: what today's lines would have gained at each past move of their prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from cryptoscalp.risk.measure_types import Doubles
from cryptoscalp.risk.risk_types import Factor, Line

#: Relative moves (new price / old - 1) of each price, by (symbol, exchange); NaN where unknown.
Moves: TypeAlias = Mapping[tuple[str, str], Doubles]
#: A line of which fewer of the periods have a price is lacking.
LEAST_SEEN: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Scenarios:
    """P&L of the covered lines in the base currency: a row each period, a column each line.

    `covered` are the places of these lines, `lacking` says why the others are not among them.
    Periods in which a covered line has no price are left out: `excluded`.
    """

    pnl: Doubles
    covered: tuple[int, ...]
    lacking: Mapping[int, str]
    excluded: int
    coverage: float


def line_pnl(line: Line, price: Doubles, rate: Doubles) -> Doubles:
    """What a line gains in the base currency when its price and its rate move so, exactly.

    Moves are relative. Linear: the worth changes by the notional x move; inverse: by the notional x
    move / (1 + move). All of the worth is then valued at the new rate.
    """
    notional, worth = float(line.notional), float(line.worth)
    signed = notional if line.side == "LONG" else -notional
    if line.moved_by is None:
        gained: Doubles = np.zeros_like(price)
    else:
        gained = signed * (price / (1 + price) if line.inverse else price)
    # Not (worth + gained) (1 + rate) - worth: a small gain on a large worth would lose its digits.
    moved: Doubles = (gained + (worth + gained) * rate) * float(line.rate)
    return moved


def compound(factors: Sequence[Factor], moves: Moves, count: int) -> Doubles:
    """The move of a rate over the prices behind it."""
    whole = np.ones(count)
    for factor in factors:
        step = 1 + moves[factor.symbol, factor.exchange]
        whole = whole / step if factor.inverted else whole * step
    return whole - 1


def simulate(lines: Sequence[Line], moves: Moves, count: int) -> Scenarios:
    """Reckon each line's P&L at `count` past moves."""
    columns: list[Doubles] = []
    covered: list[int] = []
    lacking: dict[int, str] = {}
    for at, line in enumerate(lines):
        if line.rate_by is None:
            lacking[at] = f"{line.name}: the rate of {line.currency} was given, not the market's"
            continue
        own = (line.moved_by,) if line.moved_by else ()
        pnl = line_pnl(line, compound(own, moves, count), compound(line.rate_by, moves, count))
        seen = int(np.isfinite(pnl).sum())
        if seen < LEAST_SEEN * count or not seen:
            lacking[at] = f"{line.name}: {seen:,} of {count:,} periods have a price"
            continue
        columns.append(pnl)
        covered.append(at)
    gross = sum(abs(float(line.exposure)) for line in lines)
    seen_gross = sum(abs(float(lines[at].exposure)) for at in covered)
    every = np.column_stack(columns) if columns else np.empty((count, 0))
    whole = np.isfinite(every).all(axis=1)
    return Scenarios(
        pnl=every[whole],
        covered=tuple(covered),
        lacking=lacking,
        excluded=count - int(whole.sum()),
        coverage=seen_gross / gross if gross else 1.0,
    )
