"""States of an instrument: mark prices and funding rates, append-only, partitioned by day."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, PrimaryKeyConstraint, Table

from cryptoscalp.infra.db.by_day import INFO, ByDay
from cryptoscalp.market.tables.columns import (
    exchange,
    metadata,
    moment,
    price,
    quantity,
    symbol,
)

_GENESIS = "'2009-01-03 00:00:00+00'::timestamptz"


def _provenance() -> list[Column[Any]]:
    return [
        moment("received_at", "when the recorder received it", nullable=True),
        Column("batch_id", BigInteger, nullable=False, comment="batch that stored it"),
    ]


mark_prices = Table(
    "mark_prices",
    metadata,
    moment("timestamp", "time by the exchange"),
    symbol(),
    exchange(),
    price("mark_price", "price that margin and liquidations are reckoned with, quote currency"),
    price("index_price", "price of the underlying; NULL where the source has none", nullable=True),
    *_provenance(),
    PrimaryKeyConstraint("symbol", "exchange", "timestamp"),
    CheckConstraint(
        "mark_price > 0 AND (index_price IS NULL OR index_price > 0)", name="chk_mark_prices"
    ),
    CheckConstraint(f"timestamp >= {_GENESIS}", name="chk_mark_timestamp_floor"),
    Index("mark_prices_timestamp_idx", "timestamp", postgresql_using="brin"),
    comment="Mark and index prices of derivatives, append-only; one a moment.",
    postgresql_partition_by="RANGE (timestamp)",
    info={INFO: ByDay("mark_prices", ("symbol", "exchange"), ("timestamp",))},
)

funding_rates = Table(
    "funding_rates",
    metadata,
    moment("timestamp", "when the exchange said it"),
    symbol(),
    exchange(),
    quantity("funding_rate", "fraction of notional a period; longs pay where it is above zero"),
    moment("funding_time", "when it is or was paid; NULL where not said", nullable=True),
    quantity("predicted_rate", "of the period after; NULL where not said", nullable=True),
    *_provenance(),
    PrimaryKeyConstraint("symbol", "exchange", "timestamp"),
    CheckConstraint(f"timestamp >= {_GENESIS}", name="chk_funding_timestamp_floor"),
    Index("funding_rates_timestamp_idx", "timestamp", postgresql_using="brin"),
    comment="Funding rates of perpetual contracts, append-only; one a moment.",
    postgresql_partition_by="RANGE (timestamp)",
    info={INFO: ByDay("funding_rates", ("symbol", "exchange"), ("timestamp",))},
)
