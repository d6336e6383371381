"""Whose P&L a fill is, told a second time: fill after fill, in exact fractions, all owners at once.

Written from the rule in words (docs/models.md), not from the SQL. A fill is a list of pieces, first
of what it closes, then of what it opens; a piece is a quantity and the prediction that owns it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import TypeAlias

from cryptoscalp.trading.types import Trade
from tests.trading.oracle import r18

#: A model version and the time of its prediction.
Prediction: TypeAlias = tuple[int, datetime]
Owner: TypeAlias = Prediction | None
Pieces: TypeAlias = list[tuple[Owner, Fraction]]
#: Realized P&L and commission by trade.
Made: TypeAlias = dict[int, tuple[Fraction, Fraction]]


def attributed(trades: Iterable[Trade], names: Mapping[int, Prediction]) -> dict[Owner, Made]:
    """What each prediction, and nobody (None), made of each trade; `names` is by order."""
    made: dict[Owner, Made] = defaultdict(dict)
    closing: dict[int, Pieces] = {}
    opening: dict[int, Pieces] = {}
    by_id: dict[int, Trade] = {}
    #: The fills that entered a position, without those that were taken back.
    entered: dict[int, list[int]] = defaultdict(list)
    named: set[int] = set()
    for one in sorted(trades, key=lambda trade: trade.trade_id):
        key = one.trade_id
        by_id[key] = one
        closed, opened = Fraction(one.closed_quantity), Fraction(one.opened_quantity)
        owner = None if one.order_id is None else names.get(one.order_id)
        original = by_id.get(one.reverses_trade_id or 0)
        if owner is not None:
            named.add(key)
            closing[key], opening[key] = _cut([(owner, closed + opened)], closed)
        elif original is not None:
            line = [*opening[original.trade_id], *closing[original.trade_id]]
            closing[key], opening[key] = _cut(line, closed)
        else:
            held = [by_id[entry] for entry in entered[one.closes_position_id or 0]]
            closing[key] = _taken(held, opening, named, closed)
            opening[key] = [(None, opened)] if opened else []
        pieces = [*closing[key], *opening[key]]
        if original is not None and owner is None:
            pieces = [*closing[original.trade_id], *opening[original.trade_id]]
        pnl, fee = _split(one.pnl, closing[key]), _split(one.commission_value, pieces)
        for whose in {whose for whose, _ in (*closing[key], *pieces)}:
            made[whose][key] = (pnl.get(whose, Fraction(0)), fee.get(whose, Fraction(0)))
        if original is not None and original.trade_id in entered[original.opens_position_id or 0]:
            entered[original.opens_position_id or 0].remove(original.trade_id)
        back = original is not None and original.closes_position_id == one.opens_position_id
        if opened and not back:
            entered[one.opens_position_id or 0].append(key)
    return made


def _taken(
    held: Sequence[Trade], opening: Mapping[int, Pieces], named: set[int], closed: Fraction
) -> Pieces:
    """What leaves a position, cut as what entered it: named fills first, by their predictions."""
    pieces = [piece for one in held if one.trade_id in named for piece in opening[one.trade_id]]
    keys = sorted({whose for whose, _ in pieces if whose is not None})
    by_name = [piece for key in keys for piece in pieces if piece[0] == key]
    given_back = [one for one in held if one.trade_id not in named and one.reverses_trade_id]
    others = [one for one in held if one.trade_id not in named and not one.reverses_trade_id]
    line = by_name + [piece for one in (*given_back, *others) for piece in opening[one.trade_id]]
    whole = sum((size for _, size in line), Fraction(0))
    return [(whose, closed * size / whole) for whose, size in line] if closed else []


def _cut(line: Pieces, at: Fraction) -> tuple[Pieces, Pieces]:
    first: Pieces = []
    second: Pieces = []
    done = Fraction(0)
    for whose, size in line:
        before = min(max(at - done, Fraction(0)), size)
        if before:
            first.append((whose, before))
        if size > before:
            second.append((whose, size - before))
        done += size
    return first, second


def _split(amount: object, pieces: Pieces) -> dict[Owner, Fraction]:
    """An amount by owner: each end of a piece is rounded, so that the parts add up."""
    exact = Fraction(str(amount))
    whole = sum((size for _, size in pieces), Fraction(0))
    parts: dict[Owner, Fraction] = defaultdict(Fraction)
    sizes: dict[Owner, Fraction] = defaultdict(Fraction)
    end = Fraction(0)
    for whose, size in pieces:
        parts[whose] += r18(exact * (end + size) / whole) - r18(exact * end / whole)
        sizes[whose] += size
        end += size
    for whose, size in sizes.items():
        assert abs(parts[whose] - exact * size / whole) <= Fraction(len(pieces), 10**18)
    return parts
