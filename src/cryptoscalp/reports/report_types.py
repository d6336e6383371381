"""What a report is made of, between the database and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from cryptoscalp.analytics.performance_types import Performance
from cryptoscalp.risk.risk_types import RiskMetrics
from cryptoscalp.risk.stress.result_types import StressResult
from cryptoscalp.trading.types import DailyPnl, Portfolio, PortfolioValue


@dataclass(frozen=True, slots=True)
class Percent:
    """A number that is shown in per cent: a share, or with a `factor` of 1 per cent already."""

    value: float | Decimal
    factor: int = 100


class Flag(str):
    """Text that a reader must not overlook."""

    __slots__ = ()


#: A cell: text, or a number that the page shows and keeps exactly.
Cell = str | Decimal | int | float | Percent | datetime | None


def percent(value: float | Decimal | None, factor: int = 100) -> Percent | None:
    """The value in per cent, None where there is none."""
    return None if value is None else Percent(value, factor)


@dataclass(frozen=True, slots=True)
class Figure:
    """A named figure; `value` is None where there is none, and `reason` says why."""

    name: str
    value: Cell
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A table; `right` are the columns of numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    right: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: a title, sentences, charts (SVG that is trusted) and tables."""

    title: str
    notes: tuple[str, ...] = ()
    charts: tuple[str, ...] = ()
    listings: tuple[Listing, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """The decimals that instruments are quoted in; None where a step is not known."""

    tick_size: Decimal | None = None
    lot_size: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """All that a report tells of, read from the database.

    `curve` is empty with a `curve_reason` where the portfolio cannot be valued at its moments;
    `flows[n]` came from outside between points n - 1 and n, in the base currency. `now` is the
    value at the end of the curve, else as last marked (`now_note` says which).
    """

    portfolio: Portfolio
    start: datetime
    end: datetime
    made_at: datetime
    curve: tuple[PortfolioValue, ...]
    flows: tuple[Decimal, ...]
    curve_reason: str | None
    now: PortfolioValue
    now_note: str
    strategies: Mapping[int, str]
    daily: tuple[DailyPnl, ...]
    stress: tuple[StressResult, ...]
    performance: tuple[Performance, ...] = ()
    risk: tuple[RiskMetrics, ...] = ()
    steps: Mapping[tuple[str, str], Steps] = field(default_factory=dict)
