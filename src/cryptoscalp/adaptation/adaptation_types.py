"""What the history of adaptations and the events for trainers take and hand out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

Trigger: TypeAlias = Literal["DRIFT", "REGIME_CHANGE", "PERFORMANCE", "MANUAL"]
AdaptationType: TypeAlias = Literal["RETRAINING", "FINETUNING", "PARAMETER_UPDATE"]
Metric: TypeAlias = Literal[
    "mean_absolute_error", "root_mean_squared_error", "directional_accuracy", "brier"
]


@dataclass(frozen=True, slots=True)
class SuccessRule:
    """When an adaptation has succeeded: `metric` of the new version is better than of the old one.

    Better by more than nothing, and by `min_improvement` at least, a fraction of the old value;
    both measured on the same predictions, `min_predictions` of them or more.
    """

    metric: Metric = "mean_absolute_error"
    direction: Literal["lower", "higher"] = "lower"
    min_improvement: float = 0.0
    min_predictions: int = 100

    def document(self) -> dict[str, Any]:
        """The rule as it is stored."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What was done about a model version.

    `performance_before` is of `model_id`, `performance_after` of `result_model_id` over the same
    predictions: count, mean_absolute_error, root_mean_squared_error, moved (predictions whose price
    moved), directional_accuracy and brier over those. `success` is None until it is finished, and
    where the rule's metric says nothing. An abandoned one is finished without a result.
    """

    adaptation_id: int
    timestamp: datetime
    model_id: int
    model_version: str
    trigger_event: Trigger
    adaptation_type: AdaptationType
    event_id: int | None
    success_rule: Mapping[str, Any]
    result_model_id: int | None
    window_start: datetime | None
    window_end: datetime | None
    performance_before: Mapping[str, Any] | None
    performance_after: Mapping[str, Any] | None
    success: bool | None
    finished_at: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True)
class AdaptationEvent:
    """Something that a trainer may have to act on; `event_id` rises in the order of commit."""

    event_id: int
    timestamp: datetime
    kind: Trigger
    model_id: int | None
    symbol: str | None
    exchange: str | None
    drift_event_id: int | None
    regime_id: int | None
    payload: Mapping[str, Any]
    recorded_at: datetime
