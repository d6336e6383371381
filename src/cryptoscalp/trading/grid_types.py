"""What the grid of equity takes and hands out; moments are whole seconds since 1970, UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from cryptoscalp.trading.exact import ZERO

Floats: TypeAlias = npt.NDArray[np.float64]


class Instrument(NamedTuple):
    """An instrument by its names."""

    symbol: str
    exchange: str


class Line(NamedTuple):
    """What is kept apart in a portfolio: a strategy (None: none) in an instrument."""

    strategy_id: int | None
    symbol: str
    exchange: str

    @property
    def instrument(self) -> Instrument:
        """The instrument that it trades."""
        return Instrument(self.symbol, self.exchange)


class Terms(NamedTuple):
    """How an instrument settles: `base` is the currency of a spot position's inventory."""

    base: str
    pnl_currency: str
    margined: bool
    inverse: bool


class Held(NamedTuple):
    """A line at a moment, exactly.

    `size` is signed, above zero for LONG, times the contract multiplier; `cost` its cost basis with
    that sign, in P&L currency; `made` what was realized, with funding, less fees, in the
    portfolio's base currency at the rates of its fills.
    """

    size: Decimal = ZERO
    cost: Decimal = ZERO
    made: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Holding:
    """Cash and lines of a portfolio at a moment, exactly, and how their instruments settle."""

    cash: Mapping[str, Decimal] = field(default_factory=dict)
    lines: Mapping[Line, Held] = field(default_factory=dict)
    terms: Mapping[Instrument, Terms] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """A portfolio of the grid."""

    portfolio_id: int
    name: str
    base_currency: str


@dataclass(frozen=True, slots=True)
class Moments:
    """`count` moments `step_s` apart, the first at `start_s`."""

    start_s: int
    step_s: int
    count: int

    @property
    def seconds(self) -> npt.NDArray[np.int64]:
        """All of them."""
        return self.start_s + self.step_s * np.arange(self.count, dtype=np.int64)

    @property
    def first(self) -> datetime:
        """The first one."""
        return datetime.fromtimestamp(self.start_s, UTC)

    @property
    def last(self) -> datetime:
        """The last one."""
        return self.first + timedelta(seconds=self.step_s * (self.count - 1))


@dataclass(frozen=True, slots=True)
class Lacking:
    """Moments, as places in the grid, at which something held could not be valued, by name.

    A name is `SYMBOL on EXCHANGE` for a price and `CURRENCY>BASE` for a rate.
    """

    what: Mapping[str, npt.NDArray[np.intp]]


@dataclass(frozen=True, slots=True)
class Valued:
    """A portfolio on a grid, in its base currency; NaN where something could not be valued.

    `equity` at each moment; `deposits` and `withdrawals` (0 or more) after the moment before and
    until this one; `gained` of each line since the beginning, and whether it held or did anything
    since the moment before in `active`; `needs` are the instruments whose prices count.
    """

    account: Account
    equity: Floats
    deposits: Floats
    withdrawals: Floats
    gained: Mapping[Line, Floats]
    active: Mapping[Line, npt.NDArray[np.bool_]]
    lacking: Lacking
    needs: frozenset[Instrument]
    end: Holding


@dataclass(frozen=True, slots=True)
class EquityPoints:
    """The equity of a portfolio at the moments of a grid, float64, in its base currency.

    `equity` has NaN where a price or rate is missing, which `lacking` names with the moments.
    `deposits` and `withdrawals` came after the moment before and until this one (the first: all
    until it).
    """

    portfolio: str
    base_currency: str
    moments: tuple[datetime, ...]
    equity: Floats
    deposits: Floats
    withdrawals: Floats
    lacking: Mapping[str, tuple[datetime, ...]]
