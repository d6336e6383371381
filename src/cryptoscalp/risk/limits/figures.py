"""Pure calculation: what a portfolio's value says of exposures, leverage, concentration, loss."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Final

from cryptoscalp.risk.limits.limit_types import RiskLimit
from cryptoscalp.trading.exact import EXACT, ZERO, rounded, trimmed
from cryptoscalp.trading.types import PortfolioValue, PositionValue

INFINITE: Final = Decimal("Infinity")


def in_scope(
    value: PortfolioValue, limit: RiskLimit, strategies: Mapping[int, str | None]
) -> list[PositionValue]:
    """The positions that a limit is about; `strategies` has the strategy of each by its number."""
    return [
        one
        for one in value.positions
        if limit.strategy in (None, strategies.get(one.position_id))
        and limit.exchange in (None, one.exchange)
        and limit.symbol in (None, one.symbol)
    ]


def gross_exposure(positions: list[PositionValue]) -> Decimal:
    """Sum of the notionals, long and short, in the base currency."""
    with localcontext(EXACT):
        return trimmed(sum((one.notional_value for one in positions), ZERO))


def net_exposure(positions: list[PositionValue]) -> Decimal:
    """Long less short notional, without its sign, in the base currency."""
    with localcontext(EXACT):
        return trimmed(
            abs(
                sum(
                    (
                        one.notional_value if one.side == "LONG" else -one.notional_value
                        for one in positions
                    ),
                    ZERO,
                )
            )
        )


def largest(positions: list[PositionValue]) -> Decimal:
    """The notional of the instrument that has most of it, long and short together."""
    sums: dict[tuple[str, str], Decimal] = {}
    with localcontext(EXACT):
        for one in positions:
            key = (one.exchange, one.symbol)
            sums[key] = sums.get(key, ZERO) + one.notional_value
        return max(sums.values(), default=ZERO)


def over_equity(notional: Decimal, equity: Decimal) -> Decimal:
    """A notional as a multiple of equity; infinite where equity is not above zero."""
    if not notional:
        return ZERO
    with localcontext(EXACT):
        return trimmed(rounded(notional / equity)) if equity > 0 else INFINITE


def daily_loss(midnight: Decimal, flows: Decimal, now: Decimal) -> Decimal:
    """Equity at midnight and what was paid in since, less equity now; below zero for a gain."""
    with localcontext(EXACT):
        return trimmed(midnight + flows - now)
