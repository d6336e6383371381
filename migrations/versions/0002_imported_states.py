"""Imported candles, mark prices and funding rates

`mark_prices` and `funding_rates` in daily partitions; the batch of an imported candle; how each
file was read (`batches.plan`); which refused records a retry has resolved; saved column mappings
(`import_maps`). `ensure_partitions` takes the tables that are meant, `correct_ticks` takes states
back as well.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DOMAIN, TIMESTAMP

from cryptoscalp.infra.migrations.steps import refuse_loss, run_frozen

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

#: Version of the package that brings this revision.
release = "1.0.0"
#: What going back does, for docs/migrations.md.
rollback = (
    "Drops mark prices, funding rates and saved mappings. Imported candles stay, without their\n"
    "batch: they cannot be undone any more. Refused records stay, the resolved ones open again."
)
#: Tables with regulated rows that going back drops.
destroys = ("mark_prices", "funding_rates")

_SYMBOL = DOMAIN("symbol", sa.String(64), create_type=False)
_EXCHANGE = DOMAIN("exchange_id", sa.String(32), create_type=False)
_PRICE = DOMAIN("price", sa.Numeric(38, 18), create_type=False)
_QUANTITY = DOMAIN("quantity", sa.Numeric(38, 18), create_type=False)
_MOMENT = TIMESTAMP(timezone=True)
_FLOOR = "timestamp >= '2009-01-03 00:00:00+00'::timestamptz"
#: The objects of 0001 that this revision changes, in their order there.
_REPLACED = (
    "merge_candles",
    "market_data_inserted",
    "ensure_partitions",
    "correct_ticks",
    "grants",
)


def upgrade() -> None:
    op.add_column(
        "candles",
        sa.Column("batch_id", sa.BigInteger, comment="batch that imported it; NULL when computed"),
    )
    op.add_column(
        "batches",
        sa.Column(
            "plan", sa.JSON, comment="how the file was read, to read single records of it again"
        ),
    )
    _quarantine()
    _states()
    op.create_table(
        "import_maps",
        sa.Column("name", sa.Text, primary_key=True, comment="the caller's name for it"),
        sa.Column(
            "mapping", sa.JSON, nullable=False, comment="field of an event -> column of the file"
        ),
        _moment("created_at", "first saved", server_default=sa.text("now()")),
        _moment("updated_at", "last saved", server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("name", name="import_maps_pkey"),
        sa.CheckConstraint("name <> ''", name="chk_map_named"),
        comment="Column mappings for generic files, by name.",
    )
    run_frozen(revision, "replaced")
    # Its text is as before, but PostgreSQL keeps it parsed, with the columns that there were.
    run_frozen("0001", "merge_candles")
    run_frozen(revision)


def downgrade() -> None:
    refuse_loss(*destroys)
    run_frozen(revision, "drop")
    op.drop_constraint("chk_quarantine_resolved", "quarantine")
    op.drop_index("quarantine_resolved_batch_id_idx", "quarantine")
    op.drop_column("quarantine", "resolved_batch_id")
    op.drop_column("quarantine", "resolved_at")
    op.drop_column("batches", "plan")
    op.drop_column("candles", "batch_id")
    run_frozen("0001", *_REPLACED)


def _quarantine() -> None:
    op.add_column(
        "quarantine",
        _moment("resolved_at", "when a retry stored its events; NULL while it is open", True),
    )
    op.add_column(
        "quarantine",
        sa.Column("resolved_batch_id", sa.BigInteger, comment="batch of that retry"),
    )
    op.create_check_constraint(
        "chk_quarantine_resolved",
        "quarantine",
        "(resolved_at IS NULL) = (resolved_batch_id IS NULL)",
    )
    op.create_index(
        "quarantine_resolved_batch_id_idx",
        "quarantine",
        ["resolved_batch_id"],
        postgresql_where=sa.text("resolved_batch_id IS NOT NULL"),
    )


def _states() -> None:
    op.create_table(
        "mark_prices",
        _moment("timestamp", "time by the exchange"),
        *_instrument(),
        sa.Column(
            "mark_price",
            _PRICE,
            nullable=False,
            comment="price that margin and liquidations are reckoned with, quote currency",
        ),
        sa.Column(
            "index_price",
            _PRICE,
            comment="price of the underlying; NULL where the source has none",
        ),
        *_provenance(),
        sa.PrimaryKeyConstraint("symbol", "exchange", "timestamp", name="mark_prices_pkey"),
        sa.CheckConstraint(
            "mark_price > 0 AND (index_price IS NULL OR index_price > 0)", name="chk_mark_prices"
        ),
        sa.CheckConstraint(_FLOOR, name="chk_mark_timestamp_floor"),
        comment="Mark and index prices of derivatives, append-only; one a moment.",
        postgresql_partition_by="RANGE (timestamp)",
    )
    op.create_table(
        "funding_rates",
        _moment("timestamp", "when the exchange said it"),
        *_instrument(),
        sa.Column(
            "funding_rate",
            _QUANTITY,
            nullable=False,
            comment="fraction of notional a period; longs pay where it is above zero",
        ),
        _moment("funding_time", "when it is or was paid; NULL where not said", True),
        sa.Column("predicted_rate", _QUANTITY, comment="of the period after; NULL where not said"),
        *_provenance(),
        sa.PrimaryKeyConstraint("symbol", "exchange", "timestamp", name="funding_rates_pkey"),
        sa.CheckConstraint(_FLOOR, name="chk_funding_timestamp_floor"),
        comment="Funding rates of perpetual contracts, append-only; one a moment.",
        postgresql_partition_by="RANGE (timestamp)",
    )
    for table in destroys:
        op.create_index(f"{table}_timestamp_idx", table, ["timestamp"], postgresql_using="brin")


def _instrument() -> list[sa.Column[Any]]:
    return [
        sa.Column("symbol", _SYMBOL, nullable=False, comment="the venue's own symbol"),
        sa.Column("exchange", _EXCHANGE, nullable=False, comment="ccxt id of the market"),
    ]


def _provenance() -> list[sa.Column[Any]]:
    return [
        _moment("received_at", "when the recorder received it", True),
        sa.Column("batch_id", sa.BigInteger, nullable=False, comment="batch that stored it"),
    ]


def _moment(name: str, comment: str, nullable: bool = False, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, _MOMENT, nullable=nullable, comment=comment, **more)
