"""What a stress test comes to; losses are above zero, gains below, in the base currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from cryptoscalp.risk.stress.scenario_types import ScenarioKind
from cryptoscalp.trading.types import PositionSide


@dataclass(frozen=True, slots=True)
class StressedPosition:
    """A position's part in a loss.

    `loss` is its whole part: price, forced closes, funding and exit, in the base currency.
    `exit_price` is that at which it was left, None where it was kept.
    """

    position_id: int
    symbol: str
    exchange: str
    side: PositionSide
    quantity: Decimal
    price: Decimal
    stressed_price: Decimal
    loss: Decimal
    liquidated_quantity: Decimal
    frozen: bool
    exit_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scenario does to a book.

    `loss` is that at the end, with all that it cost to leave; `worst_loss` the greatest at any
    point of the path (zero at least: before it nothing was lost), `worst_minute` when. `cash_loss`
    is the part of cash that is in no position. The parts add up to `loss`. `shortfall` is how far
    equity fell below zero.
    """

    equity: Decimal
    loss: Decimal
    worst_loss: Decimal
    worst_minute: Decimal
    cash_loss: Decimal
    funding_cost: Decimal
    liquidation_fees: Decimal
    exit_cost: Decimal | None
    shortfall: Decimal
    margin_call_minute: Decimal | None
    positions: tuple[StressedPosition, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Distance:
    """How far prices may move until equity is maintenance margin, per cent of the price.

    `down_pct` is below zero, `up_pct` above; None where no move up to -99.9 or +1,000 per cent
    does it, or with a `reason` where there is nothing to liquidate.
    """

    name: str
    down_pct: float | None
    up_pct: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long the loss takes to be earned again at the mean hourly return of equity before.

    `fast_minutes` and `slow_minutes` are by the upper and lower end of the mean's 95 % interval,
    None where that end does not earn. `minutes` is None with a `reason` where the mean does not.
    """

    minutes: int | None
    fast_minutes: int | None = None
    slow_minutes: int | None = None
    mean_hourly_return: float | None = None
    hours: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StressResult:
    """A stored stress test, or one that was only reckoned (`test_id` None).

    `portfolio_value` is equity before, `loss_percentage` per cent of it (None where equity is not
    above zero; `reasons` tells). `risk_metrics` holds the rest of the figures, `positions` each
    position's part. `data_cut` is the time of the oldest price that it rests on.
    `books_changed_at` is when the portfolio was traded or cashed last where that was after
    `test_date`: the result is of an older book. None where the books are the same.
    """

    test_id: int | None
    test_date: datetime
    portfolio: str
    scenario_name: str
    scenario_kind: ScenarioKind
    base_currency: str
    portfolio_value: Decimal
    loss_amount: Decimal
    loss_percentage: float | None
    worst_loss_amount: Decimal
    recovery_time_minutes: int | None
    risk_metrics: Mapping[str, Any]
    positions: tuple[Mapping[str, Any], ...]
    scenario: Mapping[str, Any]
    scenario_sha256: str
    data_cut: datetime | None
    reasons: Mapping[str, str] = field(default_factory=dict)
    books_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StressRun:
    """Stress tests of one moment; `refused` are scenarios that could not be applied, and why."""

    portfolio: str
    at: datetime
    results: tuple[StressResult, ...]
    refused: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ReverseStress:
    """The move that loses an amount: `move_pct` per cent, None with a `reason` where none does.

    `loss` is what the move loses, reckoned exactly from it.
    """

    direction: str
    target: Decimal
    move_pct: float | None
    loss: Decimal | None
    reason: str | None = None
