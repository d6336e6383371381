"""How good a model's predictions were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

Window: TypeAlias = Literal["1h", "24h", "7d", "30d"]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Predictions whose confidence lies in [low, high), in the last bin [low, high].

    A calibrated model is right as often as it is confident. Both are None for an empty bin.
    """

    low: float
    high: float
    predictions: int
    mean_confidence: float | None
    share_right: float | None


@dataclass(frozen=True, slots=True)
class Profit:
    """P&L of the trades that predictions led to, in a portfolio's base currency, exact.

    Those whose orders name a prediction, and the shares of those that name none in what the
    predictions had opened; `trades` counts both. `realized` is before commission, `net` after it,
    each trade at the rate when it was booked. docs/models.md tells how a trade is shared.
    """

    currency: str
    trades: int
    realized: Decimal
    commission: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class Performance:
    """The predictions that a model version made in [start, end), and how they came true.

    `with_revisions`: outcomes are those known now; else those set first, which never change.
    `revised` counts predictions that late ticks have made something else of.

    Errors are prediction - actual, in quote currency or (`target_kind` RETURN) as fractions, over
    `resolved` ones. Direction is that of the move since the decision, over the `directional`
    ones; `unmoved` ones, whose price did not move at all, have none. The Brier score is the mean
    of (confidence - right)^2 (Brier 1950), the expected calibration error the mean distance of
    confidence and share right over the ten bins, weighted by their size (Naeini et al. 2015).
    Latencies are milliseconds over all predictions, percentiles interpolated linearly.

    What cannot be told is None, and `profits` are empty without a fill; `undefined` says why, by
    name.
    """

    model_id: int
    model_name: str
    model_version: str
    target_kind: Literal["PRICE", "RETURN"]
    symbol: str | None
    exchange: str | None
    start: datetime
    end: datetime
    with_revisions: bool
    predictions: int
    resolved: int
    pending: int
    unresolvable: int
    backfilled: int
    revised: int
    mean_absolute_error: float | None
    root_mean_squared_error: float | None
    bias: float | None
    directional: int
    unmoved: int
    directional_accuracy: float | None
    brier_score: float | None
    expected_calibration_error: float | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    latency_p99_ms: float | None
    latency_max_ms: float | None
    reliability: tuple[ReliabilityBin, ...]
    profits: tuple[Profit, ...]
    undefined: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A row of the view model_performance_summary: one model version on one instrument, 24 hours.

    `avg_error` is the mean absolute error over resolved predictions, None without one;
    `avg_latency` is milliseconds.
    """

    model_version: str
    symbol: str
    avg_error: float | None
    avg_latency: float
    prediction_count: int
    model_id: int
    model_name: str
    exchange: str
