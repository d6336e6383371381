"""The fills of a position as first in, first out matches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptoscalp.cli import output
from cryptoscalp.cli.amounts import Precision, money

if TYPE_CHECKING:
    from cryptoscalp.trading.lots import Lots


def show(found: Lots, precision: Precision) -> None:
    """Print the open lots, and what each match made."""
    if found.open:
        output.table(
            ["open lot of trade", "opened (UTC)", "price", "quantity", "cost"],
            [
                (
                    str(one.trade_id),
                    one.opened_at,
                    precision.price(one.price),
                    precision.quantity(one.quantity),
                    money(one.cost),
                )
                for one in found.open
            ],
            right=["open lot of trade", "price", "quantity", "cost"],
        )
    if found.matches:
        output.table(
            ["opened by", "closed by", "closed (UTC)", "quantity", "cost", "value", "P&L"],
            [
                (
                    str(one.opened_by),
                    str(one.closed_by),
                    one.closed_at,
                    precision.quantity(one.quantity),
                    money(one.cost),
                    money(one.value),
                    money(one.pnl),
                )
                for one in found.matches
            ],
            right=["opened by", "closed by", "quantity", "cost", "value", "P&L"],
        )
