"""What feature sets, feature vectors and predictions are handed over and given back as."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

#: A feature set by its number, or by its fingerprint: 32 bytes, or those in hexadecimal.
FeatureSetRef: TypeAlias = int | bytes | str


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """A declared schema of feature vectors.

    `features` are the names in the order of a vector; one that ends in "?" may be absent.
    `fingerprint` is the SHA-256 over each name followed by a newline, in UTF-8: 32 bytes.
    """

    feature_set_id: int
    name: str
    features: tuple[str, ...]
    fingerprint: bytes
    description: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a batch: `received` = `stored` + `duplicate` (there already, and equal)."""

    received: int
    stored: int
    duplicate: int


@dataclass(frozen=True, slots=True)
class PredictionRecorded:
    """What became of a prediction.

    `is_duplicate`: the same was there already, nothing changed. `due_at` is timestamp + horizon;
    `backfilled`: it was recorded when its outcome could be known.
    """

    is_duplicate: bool
    model_version: str
    due_at: datetime
    backfilled: bool
