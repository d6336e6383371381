"""System logs: what was logged, by day, and how far the server's own files were read (S7)."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ENUM, JSONB

from cryptoscalp.infra.db.by_day import INFO, ByDay
from cryptoscalp.market.tables.columns import metadata as market_metadata
from cryptoscalp.market.tables.columns import moment

metadata = MetaData(naming_convention=market_metadata.naming_convention)

#: Python's names; a level between two of them is stored as the lower one.
log_level = ENUM(
    "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", name="log_level", metadata=metadata
)
# Not an identity: partitions and hypertables take a default over, and an identity only in part.
_NUMBERS = Sequence("system_logs_log_id_seq", metadata=metadata)

system_logs = Table(
    "system_logs",
    metadata,
    Column("log_id", BigInteger, nullable=False, autoincrement=False,
           server_default=_NUMBERS.next_value(), comment="its number"),
    moment("timestamp", "when it was logged, by the clock of who logged it",
           server_default=text("now()")),
    Column("level", log_level, nullable=False, comment="how grave"),
    Column("component", String(100), nullable=False,
           comment="name of the logger; postgresql for the server's own"),
    Column("message", Text, nullable=False, comment="what was said, without secrets"),
    Column("metadata", JSONB, nullable=False, server_default=text("'{}'::jsonb"),
           comment="process, thread, host, place in the code, traceback, and what extra= brought"),
    PrimaryKeyConstraint("timestamp", "log_id"),
    CheckConstraint("component <> '' AND length(message) <= 65536"
                    " AND jsonb_typeof(metadata) = 'object'", name="chk_log"),
    Index("error_logs_idx", "timestamp", "component",
          postgresql_where=text("level IN ('ERROR', 'CRITICAL')")),
    info={INFO: ByDay("system_logs", ("component",), ("timestamp", "log_id"))},
    postgresql_partition_by="RANGE (timestamp)",
    comment="What the product and its server logged; leaves after 30 days.",
)  # fmt: skip

server_log_positions = Table(
    "server_log_positions",
    metadata,
    Column("file", Text, primary_key=True, comment="name of the server's log file"),
    Column("position", BigInteger, nullable=False, comment="bytes of it that are in system_logs"),
    Column("lines", BigInteger, nullable=False, comment="lines of it that are in system_logs"),
    moment("updated_at", "when the last of them came in", server_default=text("now()")),
    CheckConstraint("file <> '' AND position >= 0 AND lines >= 0", name="chk_log_position"),
    comment="How far each log file of the server was read, written with what was read.",
)  # fmt: skip
