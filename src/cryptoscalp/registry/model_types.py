"""What the model registry takes and hands out; times are aware and UTC, hashes are hex."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

ModelStatus: TypeAlias = Literal["TRAINING", "VALIDATING", "DEPLOYED", "RETIRED"]
TargetPrice: TypeAlias = Literal["LAST_TRADE", "MID", "CANDLE_CLOSE"]
TargetKind: TypeAlias = Literal["PRICE", "RETURN"]
Comparison: TypeAlias = Literal["=", "<>", "<", "<=", ">", ">="]
#: A version as callers write it: "name:3" or "name:label", "name@alias", "name" (its newest
#: version), or its model_id as a number or "#17".
ModelReference: TypeAlias = str | int
#: Name -> "number", "integer", "string", "boolean", "array" or "object"; "name?" may be absent.
Schema: TypeAlias = Mapping[str, str]
#: (name, comparison, number), such as ("sharpe", ">=", 1.5).
Condition: TypeAlias = tuple[str, Comparison, float]


@dataclass(frozen=True, slots=True)
class Model:
    """A model: what it predicts, and the declared schemas of its versions (None: any object).

    Its predictions are compared with `target_price` (of candles of `target_interval`), as a PRICE
    in quote currency or as a RETURN: price / price at the decision - 1. A price older than
    `target_reach` is not taken for the price at a moment; an outcome waits `patience` for coverage.
    """

    model_name: str
    description: str | None
    target_price: TargetPrice
    target_kind: TargetKind
    target_interval: str | None
    target_reach: timedelta
    patience: timedelta
    hyperparameter_schema: dict[str, str] | None
    metric_schema: dict[str, str] | None
    last_version_number: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a model.

    `slot` is where it is, or was last, deployed, `replaces_model_id` the version that a rollback
    of that slot goes to. `trained_until` is exclusive. `artifact_bytes` is a size in bytes.
    """

    model_id: int
    model_name: str
    version: str
    version_number: int
    status: ModelStatus
    slot: str | None
    aliases: tuple[str, ...]
    hyperparameters: dict[str, Any] | None
    metrics: dict[str, Any] | None
    model_path: str | None
    artifact_sha256: str | None
    artifact_bytes: int | None
    parent_model_id: int | None
    trained_from: datetime | None
    trained_until: datetime | None
    training_data_sha256: str | None
    code_revision: str | None
    feature_set_id: int | None
    tags: dict[str, Any]
    replaces_model_id: int | None
    created_at: datetime
    deployed_at: datetime | None
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class Registered:
    """The version; `duplicate` when its label was registered before with the same content."""

    version: ModelVersion
    duplicate: bool


@dataclass(frozen=True, slots=True)
class ModelAlias:
    """A name that means one version of a model, and may move to another."""

    model_name: str
    alias: str
    model_id: int
    version_number: int
    set_at: datetime


@dataclass(frozen=True, slots=True)
class ModelEvent:
    """A move of a version's status, or of an alias (`removed`: taken away from it)."""

    event_id: int
    model_id: int
    timestamp: datetime
    from_status: ModelStatus | None
    to_status: ModelStatus | None
    slot: str | None
    alias: str | None
    removed: bool
    rollback: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class DeploymentConfig:
    """What a version is run with; `revision` counts from 1."""

    model_id: int
    revision: int
    config: dict[str, Any]
    note: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """An entry that two versions do not share, such as hyperparameters.depth; None: absent."""

    name: str
    left: Any
    right: Any
