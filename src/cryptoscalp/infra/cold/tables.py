"""The ledger of the cold tier: what lies there, and when old days were last written."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ENUM, TIMESTAMP

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ck": "%(constraint_name)s",
    }
)

part_state = ENUM("WRITTEN", "VERIFIED", "COLD", "THAWED", name="part_state", metadata=metadata)


def _moment(name: str, comment: str, **more: Any) -> Column[Any]:
    more.setdefault("nullable", False)
    return Column(name, TIMESTAMP(timezone=True), comment=comment, **more)


cold_parts = Table(
    "cold_parts",
    metadata,
    Column("table_name", Text, nullable=False, comment="table that the rows belong to"),
    Column("day", Date, nullable=False, comment="UTC day of their timestamps"),
    Column("exchange", Text, nullable=False, comment="ccxt id of the market"),
    Column("symbol", Text, nullable=False, comment="the venue's own symbol"),
    Column("state", part_state, nullable=False,
           comment="COLD: the lake is read; else PostgreSQL is"),
    Column("version", BigInteger, nullable=False, server_default="1",
           comment="counts every change of this row, so that a reader notices one"),
    Column("rows", BigInteger, nullable=False, comment="rows in the lake"),
    _moment("first_timestamp", "of the earliest row"),
    _moment("last_timestamp", "of the latest row"),
    Column("first_sequence", BigInteger, comment="lowest sequence, where rows have one"),
    Column("last_sequence", BigInteger, comment="highest sequence, where rows have one"),
    Column("content_sha256", LargeBinary, nullable=False,
           comment="of the canonical content, see docs/cold-tier.md"),
    Column("snapshot_id", BigInteger, nullable=False, comment="Iceberg snapshot that holds it"),
    _moment("written_at", "when it was written to the lake"),
    _moment("verified_at", "when it was last read back and found equal", nullable=True),
    _moment("changed_at", "when this row last changed", server_default=text("now()")),
    PrimaryKeyConstraint("table_name", "symbol", "exchange", "day"),
    CheckConstraint("rows > 0", name="chk_part_rows"),
    CheckConstraint("last_timestamp >= first_timestamp", name="chk_part_range"),
    CheckConstraint("octet_length(content_sha256) = 32", name="chk_part_sha256"),
    CheckConstraint(
        "state = 'WRITTEN' OR state = 'THAWED' OR verified_at IS NOT NULL",
        name="chk_part_verified",
    ),
    Index("cold_parts_day_idx", "table_name", "day"),
    comment="The export ledger: one row for each instrument's day that lies in the cold tier.",
)  # fmt: skip

late_writes = Table(
    "late_writes",
    metadata,
    Column("table_name", Text, nullable=False, comment="table that was written"),
    Column("day", Date, nullable=False, comment="UTC day of the rows"),
    _moment("written_at", "the last write, to the hour"),
    PrimaryKeyConstraint("table_name", "day"),
    comment="Writes of rows over a day old: retention counts from the last write (S19).",
)

cold_orphans = Table(
    "cold_orphans",
    metadata,
    Column("path", Text, nullable=False, comment="location of a file in the warehouse"),
    _moment("found_at", "when it was first found that no table refers to it"),
    PrimaryKeyConstraint("path"),
    comment="Files of the warehouse that nothing refers to; deleted 30 days after they were found.",
)

retention_holds = Table(
    "retention_holds",
    metadata,
    Column("hold_id", BigInteger, Identity(always=True), primary_key=True, comment="its number"),
    Column("table_name", Text, nullable=False, comment="table that is held"),
    Column("first_day", Date, nullable=False, comment="first UTC day held"),
    Column("last_day", Date, nullable=False, comment="last UTC day held"),
    Column("reason", Text, nullable=False, comment="why, in the words of who placed it"),
    Column("placed_by", Text, nullable=False, comment="who placed it"),
    _moment("placed_at", "when it was placed", server_default=text("now()")),
    Column("released_by", Text, comment="who released it; NULL while it is in force"),
    _moment("released_at", "when it was released", nullable=True),
    CheckConstraint("last_day >= first_day", name="chk_hold_range"),
    CheckConstraint("reason <> '' AND placed_by <> ''", name="chk_hold_reason"),
    CheckConstraint(
        "(released_at IS NULL) = (released_by IS NULL)", name="chk_hold_released"
    ),
    Index("retention_holds_table_name_idx", "table_name", "first_day",
          postgresql_where=text("released_at IS NULL")),
    comment="Legal holds: no row of the days leaves PostgreSQL or the lake while one is in force.",
)  # fmt: skip

departures = Table(
    "departures",
    metadata,
    Column("departure_id", BigInteger, Identity(always=True), primary_key=True,
           comment="its number"),
    Column("table_name", Text, nullable=False, comment="table that the rows left"),
    Column("first_day", Date, nullable=False, comment="first UTC day of the piece"),
    Column("last_day", Date, nullable=False, comment="last UTC day of the piece"),
    Column("rows", BigInteger, nullable=False, comment="rows that left"),
    Column("reason", Text, nullable=False, comment="cold: they lie in the lake; operational, or"
           " expired: their time was over"),
    Column("piece", Text, nullable=False, comment="partition or chunk that was dropped"),
    _moment("departed_at", "when", server_default=text("now()")),
    Column("attempts", Integer, nullable=False, server_default="1", comment="tries it took"),
    Index("departures_table_name_idx", "table_name", "first_day"),
    comment="Every partition, chunk or set of rows that retention has taken out.",
)  # fmt: skip
