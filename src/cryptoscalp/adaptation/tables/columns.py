"""Enums of the adaptation subject (S10)."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import ENUM

from cryptoscalp.market.tables.columns import metadata as market_metadata

metadata = MetaData(naming_convention=market_metadata.naming_convention)

regime_type = ENUM(
    "TRENDING", "RANGING", "VOLATILE", "CRISIS", name="regime_type", metadata=metadata
)
adaptation_trigger = ENUM(
    "DRIFT", "REGIME_CHANGE", "PERFORMANCE", "MANUAL", name="adaptation_trigger", metadata=metadata
)
adaptation_type = ENUM(
    "RETRAINING", "FINETUNING", "PARAMETER_UPDATE", name="adaptation_type", metadata=metadata
)
#: What a detector watches: |prediction - actual|, one feature, or the latency of predictions.
drift_signal = ENUM("ERROR", "FEATURE", "LATENCY", name="drift_signal", metadata=metadata)
drift_algorithm = ENUM(
    "ADWIN", "PAGE_HINKLEY", "KSWIN", "PSI", name="drift_algorithm", metadata=metadata
)
