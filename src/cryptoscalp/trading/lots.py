"""Pure calculation: the fills of a position matched first in, first out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

from cryptoscalp.trading.exact import EXACT, share
from cryptoscalp.trading.types import PositionSide, Trade


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of one entering fill: quantity, and its cost in the settlement currency."""

    trade_id: int
    opened_at: datetime
    price: Decimal
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Match:
    """A part of a lot that a reducing fill closed, and the P&L that it made before commission."""

    opened_by: int
    closed_by: int
    opened_at: datetime
    closed_at: datetime
    quantity: Decimal
    cost: Decimal
    value: Decimal
    pnl: Decimal


@dataclass(frozen=True, slots=True)
class Lots:
    """A position first in, first out; its open lots, and every match in order."""

    position_id: int
    open: tuple[Lot, ...]
    matches: tuple[Match, ...]


def fifo(position_id: int, side: PositionSide, inverse: bool, trades: Iterable[Trade]) -> Lots:
    """Match a position's trades, in the order of booking, first in, first out.

    Costs and values are split exactly: the parts of a fill add up to it, so that over a closed
    position the P&L is that of average cost.
    """
    with localcontext(EXACT):
        return _matched(position_id, side, inverse, trades)


def _matched(position_id: int, side: PositionSide, inverse: bool, trades: Iterable[Trade]) -> Lots:
    lots: deque[Lot] = deque()
    matches: list[Match] = []
    gains_with_value = (side == "LONG") != inverse
    for trade in trades:
        if trade.closes_position_id == position_id:
            left, value_left = trade.closed_quantity, trade.closed_value
            while left:
                lot = lots.popleft()
                size = min(left, lot.quantity)
                cost = lot.cost if size == lot.quantity else share(lot.cost, size, lot.quantity)
                value = value_left if size == left else share(value_left, size, left)
                matches.append(
                    Match(
                        lot.trade_id, trade.trade_id, lot.opened_at, trade.timestamp, size, cost,
                        value, value - cost if gains_with_value else cost - value,
                    )
                )  # fmt: skip
                if size < lot.quantity:
                    lots.appendleft(
                        Lot(lot.trade_id, lot.opened_at, lot.price, lot.quantity - size,
                            lot.cost - cost)
                    )  # fmt: skip
                left, value_left = left - size, value_left - value
        if trade.opens_position_id == position_id:
            lots.append(
                Lot(trade.trade_id, trade.timestamp, trade.price, trade.opened_quantity,
                    trade.opened_cost)
            )  # fmt: skip
    return Lots(position_id, tuple(lots), tuple(matches))
