"""What limits, breaches, the kill switch and alerts are, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from cryptoscalp.risk.limits.limit_kinds import (
    AlertKind,
    BreachChange,
    BreachEnd,
    BreachState,
    LimitAction,
    LimitMetric,
    RiskLevel,
    SwitchChange,
    Unit,
)


@dataclass(frozen=True, slots=True)
class RiskLimit:
    """A declared limit. `portfolio` None: of each open portfolio by itself.

    Thresholds are in `unit`; money in the base currency of the portfolio that is checked. A breach
    ends once the value has been below `clear_ratio` x the lowest threshold for `clear_after`.
    """

    limit_id: int
    metric: LimitMetric
    unit: Unit
    portfolio: str | None
    strategy: str | None
    symbol: str | None
    exchange: str | None
    medium: Decimal | None
    high: Decimal | None
    critical: Decimal | None
    clear_ratio: Decimal
    clear_after: timedelta
    action: LimitAction
    unknown_action: LimitAction
    valid_from: datetime
    valid_until: datetime | None
    declared_by: str
    ended_by: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Measured:
    """What a limit was measured at; a value of None is unknown, for a reason."""

    value: Decimal | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """What a check of one limit in one portfolio came to.

    `value` None: unknown, for `reason`. Without an open breach `breach_id`, `state` and `level` are
    None. `change`: what this check did to the breach.
    """

    portfolio: str
    limit_id: int
    metric: LimitMetric
    unit: Unit
    value: Decimal | None
    reason: str | None
    breach_id: int | None
    state: BreachState | None
    level: RiskLevel | None
    change: BreachChange | None


@dataclass(frozen=True, slots=True)
class Breach:
    """A breach of a limit: one a limit and portfolio is open at a time.

    `level` is the highest one reached and `threshold` its threshold; None while the value was never
    known to be at one. Values are in the metric's unit, None where unknown.
    """

    breach_id: int
    limit_id: int
    portfolio: str
    metric: LimitMetric
    unit: Unit
    strategy: str | None
    symbol: str | None
    exchange: str | None
    state: BreachState
    level: RiskLevel | None
    threshold: Decimal | None
    opening_value: Decimal | None
    peak_value: Decimal | None
    last_value: Decimal | None
    reason: str | None
    times_seen: int
    times_unknown: int
    opened_at: datetime
    checked_at: datetime
    calm_since: datetime | None
    closed_at: datetime | None
    close_cause: BreachEnd | None


@dataclass(frozen=True, slots=True)
class TradingState:
    """Whether trading is allowed; true in a condition when it is.

    `portfolio` None: asked of all portfolios. `known` is False when the switch could not be read;
    then `may_trade` is False, too. `scope` is "all" or "portfolio": whose switch says no.
    """

    portfolio: str | None
    may_trade: bool
    known: bool
    reason: str | None = None
    since: datetime | None = None
    scope: Literal["all", "portfolio"] | None = None
    changed_by: str | None = None

    def __bool__(self) -> bool:
        return self.may_trade


@dataclass(frozen=True, slots=True)
class SwitchEvent:
    """A halt or a resume; `portfolio` None: of all portfolios."""

    event_id: int
    timestamp: datetime
    portfolio: str | None
    event: SwitchChange
    reason: str
    changed_by: str
    breach_id: int | None


@dataclass(frozen=True, slots=True)
class RiskAlert:
    """Something to be told; `sent_to` are the receivers that it has reached."""

    alert_id: int
    timestamp: datetime
    kind: AlertKind
    portfolio: str | None
    level: RiskLevel | None
    breach_id: int | None
    message: str
    payload: dict[str, Any]
    sent_to: list[str]


@dataclass(frozen=True, slots=True)
class AlertsSent:
    """What a round of sending came to: deliveries, tries that failed, and what still waits.

    `overdue` are deliveries that have failed three times or more, and are tried again.
    """

    delivered: int
    failed: int
    waiting: int
    overdue: int
