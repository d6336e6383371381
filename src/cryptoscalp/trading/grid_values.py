"""Pure calculation: portfolios valued on a grid of moments, in float64, from exact sums.

Every number at a moment follows from what was so at that moment alone, not from the grid that it is
a part of: sums are exact before they become floats.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Final

import numpy as np
import numpy.typing as npt

from cryptoscalp.trading.exact import EXACT, ZERO
from cryptoscalp.trading.grid_types import (
    Account,
    Floats,
    Held,
    Holding,
    Instrument,
    Lacking,
    Line,
    Moments,
    Terms,
    Valued,
)

#: A price is carried no longer than this, counted from the start of its candle.
REACH_S: Final = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Prices:
    """The last price of an instrument at each moment and when its candle ended; NaN for none."""

    price: Floats
    ended: Floats


@dataclass(slots=True)
class Moves:
    """What moved in a portfolio, by place in the grid; place 0 is at or before its first moment."""

    cash: dict[str, dict[int, Decimal]] = field(default_factory=lambda: defaultdict(dict))
    deposits: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    withdrawals: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    lines: dict[Line, dict[int, Held]] = field(default_factory=lambda: defaultdict(dict))


def last_prices(rows: npt.NDArray[np.float64], moments: Moments) -> Prices:
    """The last price at each moment, from the candles of an instrument that had ended then.

    Rows are (start, length, computed, close), times in seconds. Of candles that ended together the
    shortest counts, and the computed one before the imported.
    """
    if not len(rows):
        return Prices(*(np.full(moments.count, np.nan) for _ in range(2)))
    ends = rows[:, 0] + rows[:, 1]
    order = np.lexsort((rows[:, 2], -rows[:, 1], ends))
    ends, starts, closes = ends[order], rows[order, 0], rows[order, 3]
    at = moments.seconds
    place = np.searchsorted(ends, at, side="right") - 1
    known = (place >= 0) & (starts[place] >= at - REACH_S)
    return Prices(np.where(known, closes[place], np.nan), np.where(known, ends[place], np.nan))


def newest(candidates: Iterable[tuple[Prices, bool]], count: int) -> Floats:
    """The rate by the candidate whose price is the newest at each moment; the first of equals.

    A candidate is the prices of a pair, and whether the rate is their inverse.
    """
    rate, ended = np.full(count, np.nan), np.full(count, -np.inf)
    for prices, inverted in candidates:
        newer = np.isfinite(prices.price) & (np.nan_to_num(prices.ended, nan=-np.inf) > ended)
        rate = np.where(newer, 1.0 / prices.price if inverted else prices.price, rate)
        ended = np.where(newer, prices.ended, ended)
    return rate


def series(start: Decimal, moves: Mapping[int, Decimal], count: int) -> tuple[Floats, Decimal]:
    """A sum at each moment as a float, and the exact one at the last."""
    made = np.empty(count)
    value, place = start, 0
    for n in sorted(moves):
        made[place:n] = float(value)
        value += moves[n]
        place = n
    made[place:] = float(value)
    return made, value


def valued(
    account: Account,
    start: Holding,
    moves: Moves,
    terms: Mapping[Instrument, Terms],
    prices: Mapping[Instrument, Prices],
    rates: Mapping[tuple[str, str], Floats],
    rate_pairs: Mapping[tuple[str, str], frozenset[Instrument]],
    moments: Moments,
) -> Valued:
    """A portfolio at each moment: cash that is no inventory, spot positions, gains of derivatives.

    Linear: size x price - cost; inverse: cost - size / price, both with the sign of the position.
    """
    with localcontext(EXACT):
        return _valued(account, start, moves, terms, prices, rates, rate_pairs, moments)


def free_moves(
    start: Holding, moves: Moves, terms: Mapping[Instrument, Terms]
) -> dict[str, tuple[Decimal, dict[int, Decimal]]]:
    """Cash less the inventory of spot positions: at the start, and how it moves, by currency."""
    begin: dict[str, Decimal] = defaultdict(Decimal, start.cash)
    moved: dict[str, dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    with localcontext(EXACT):
        for code, steps in moves.cash.items():
            for n, amount in steps.items():
                moved[code][n] += amount
        for line in start.lines.keys() | moves.lines.keys():
            of = terms[line.instrument]
            if of.margined:
                continue
            begin[of.base] -= start.lines.get(line, Held()).size
            for n, step in moves.lines.get(line, {}).items():
                moved[of.base][n] -= step.size
    return {code: (begin[code], dict(moved[code])) for code in sorted(begin.keys() | moved.keys())}


def _valued(
    account: Account,
    start: Holding,
    moves: Moves,
    terms: Mapping[Instrument, Terms],
    prices: Mapping[Instrument, Prices],
    rates: Mapping[tuple[str, str], Floats],
    rate_pairs: Mapping[tuple[str, str], frozenset[Instrument]],
    moments: Moments,
) -> Valued:
    count, base = moments.count, account.base_currency
    equity = np.zeros(count)
    lacking: dict[str, npt.NDArray[np.intp]] = {}
    needs: set[Instrument] = set()

    def rate(code: str, wanted: npt.NDArray[np.bool_]) -> Floats:
        found = rates[code, base]
        _note(lacking, f"{code}>{base}", wanted & np.isnan(found))
        needs.update(rate_pairs.get((code, base), ()))
        return found

    for code, (begin, moved) in free_moves(start, moves, terms).items():
        amounts, _ = series(begin, moved, count)
        held = amounts != 0
        if held.any():
            equity += np.where(held, amounts * rate(code, held), 0.0)
    gained: dict[Line, Floats] = {}
    active: dict[Line, npt.NDArray[np.bool_]] = {}
    lines: dict[Line, Held] = {}
    for line in sorted(start.lines.keys() | moves.lines.keys(), key=_order):
        steps = moves.lines.get(line, {})
        begins = start.lines.get(line, Held())
        columns = [
            series(begins[at], {n: one[at] for n, one in steps.items()}, count) for at in range(3)
        ]
        (size, _), (cost, _), (made, _) = columns
        lines[line] = Held(*(one[1] for one in columns))
        moved_here = np.zeros(count, dtype=np.bool_)
        moved_here[list(steps)] = True
        held = size != 0
        # What was held at the moment before counts for this bucket, too.
        active[line] = moved_here | held | np.concatenate([held[:1], held[:-1]])
        if not held.any():
            gained[line] = made
            continue
        of = terms[line.instrument]
        price = prices[line.instrument].price
        needs.add(line.instrument)
        _note(lacking, f"{line.symbol} on {line.exchange}", held & np.isnan(price))
        per = rate(of.pnl_currency, held)
        worth = size / price if of.inverse else size * price
        open_gain = cost - worth if of.inverse else worth - cost
        gained[line] = made + np.where(held, open_gain * per, 0.0)
        equity += np.where(held, (open_gain if of.margined else worth) * per, 0.0)
    cash = {
        code: series(start.cash.get(code, ZERO), moves.cash.get(code, {}), count)[1]
        for code in start.cash.keys() | moves.cash.keys()
    }
    return Valued(
        account, equity, _flows(moves.deposits, count), _flows(moves.withdrawals, count), gained,
        active, Lacking(lacking), frozenset(needs),
        Holding(
            {code: one for code, one in cash.items() if one}, lines,
            {line.instrument: terms[line.instrument] for line in lines},
        ),
    )  # fmt: skip


def _note(
    lacking: dict[str, npt.NDArray[np.intp]], what: str, missing: npt.NDArray[np.bool_]
) -> None:
    if missing.any():
        places = np.flatnonzero(missing)
        lacking[what] = np.union1d(lacking[what], places) if what in lacking else places


def _flows(moves: Mapping[int, Decimal], count: int) -> Floats:
    made = np.zeros(count)
    for n, amount in moves.items():
        made[n] = float(amount)
    return made


def _order(line: Line) -> tuple[int, str, str]:
    return (line.strategy_id or 0, line.symbol, line.exchange)
