"""What drift detection takes and hands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

#: |prediction - actual| of resolved predictions; one feature; latency of predictions in ms.
Signal: TypeAlias = Literal["ERROR", "FEATURE", "LATENCY"]
Algorithm: TypeAlias = Literal["ADWIN", "PAGE_HINKLEY", "KSWIN", "PSI"]


@dataclass(frozen=True, slots=True)
class DriftDetector:
    """A detector: what it watches, how, and how far it has come.

    `position_at` is the time of the last observation taken in: `resolved_at` for ERROR,
    `recorded_at` for the others. `note` tells how its state was made again, where it once was.
    """

    detector_id: int
    model_id: int
    symbol: str
    exchange: str
    signal: Signal
    feature: str | None
    algorithm: Algorithm
    parameters: Mapping[str, Any]
    observations: int
    drifts: int
    position_at: datetime | None
    created_at: datetime
    updated_at: datetime | None
    stopped_at: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True)
class DetectorStatus:
    """A detector beside the model that it watches and its last drift; None where there is none."""

    detector: DriftDetector
    model: str
    last_drift_at: datetime | None


@dataclass(frozen=True, slots=True)
class DriftEvent:
    """A drift. `timestamp` is the time of the observation at which it was found.

    `observation` is its number among the detector's. `statistic` and `threshold` are the
    algorithm's: the difference of means for ADWIN, the test's p-value for KSWIN, and so on.
    """

    drift_event_id: int
    detector_id: int
    model_id: int
    symbol: str
    exchange: str
    signal: Signal
    feature: str | None
    algorithm: Algorithm
    timestamp: datetime
    observation: int
    statistic: float | None
    threshold: float | None
    detail: Mapping[str, Any] | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class DriftCheck:
    """What one pass over all detectors did.

    `held_back_since`: when the oldest transaction began that may still write observations; what
    is as new as that waits for its end. What became known in the second before the check waits for
    the next one in any case, and is not told here. `failed` names detectors whose turn came to
    nothing.
    """

    detectors: int
    observations: int
    drifts: int
    held_back_since: datetime | None
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A drift as a detector tells of it."""

    statistic: float | None
    threshold: float | None
    detail: Mapping[str, float]
