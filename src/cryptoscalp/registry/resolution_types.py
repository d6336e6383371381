"""What resolving and revising predictions came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

State: TypeAlias = Literal["PENDING", "RESOLVED", "UNRESOLVABLE"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """One run of the resolver.

    `unresolvable` counts by reason: "stale" (everything was received, and the last price was too
    old), "gap" (something was lost on the way), "no coverage" (nothing came in time). `waiting`
    may still be resolved; so may `cold`, once the days of ticks that it needs are brought back by
    the commands in `thaw`.
    """

    resolved: int
    unresolvable: Mapping[str, int]
    waiting: int
    cold: int
    thaw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revised:
    """One look at outcomes that were set: `revised` of `examined` came to something else.

    Of `unknown` ones nothing can be told now: ticks are missing that may come, or (`thaw`) lie in
    the cold tier.
    """

    examined: int
    revised: int
    unknown: int
    thaw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a prediction came to, as known at `known_at`.

    `reference` is the price at the decision, `actual` what was predicted: a price in quote
    currency, or the return since the decision as a fraction. Both are None unless RESOLVED.
    """

    resolution: State
    actual: float | None
    reference: float | None
    detail: str | None
    known_at: datetime


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """A prediction with its first outcome, which never changes.

    `prediction` and `actual` are prices in quote currency, or returns as fractions; `latency_ms`
    is milliseconds. `revision` is what ticks that came later make of it, None where they change
    nothing.
    """

    model_id: int
    model_name: str
    model_version: str
    symbol: str
    exchange: str
    timestamp: datetime
    horizon: timedelta
    due_at: datetime
    prediction: float
    confidence: float
    latency_ms: float
    resolution: State
    actual: float | None
    reference: float | None
    resolved_at: datetime | None
    detail: str | None
    backfilled: bool
    revision: Outcome | None
