"""What was received, what was not, and what was refused."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)

from cryptoscalp.market.tables.columns import (
    batch_status,
    coverage_kind,
    exchange,
    exchange_type,
    gap_cause,
    metadata,
    moment,
    symbol,
    tick_stream,
)


def _count(name: str, comment: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default="0", comment=comment)


_ACCOUNTED = "received = stored + duplicate + quarantined + ignored"

batches = Table(
    "batches",
    metadata,
    Column("batch_id", BigInteger, Identity(always=True), primary_key=True, comment="its number"),
    Column("source", Text, nullable=False, comment="file, feed or caller that it came from"),
    Column("format", Text, nullable=False, comment="importer, 'arrow' or 'simulator'"),
    Column("status", batch_status, nullable=False, server_default="OPEN",
           comment="OPEN while it runs or when it was cut off; UNDONE by import undo"),
    moment("started_at", "first transaction", server_default=text("now()")),
    moment("finished_at", "last transaction", nullable=True),
    _count("received", "events that came in"),
    _count("stored", "events that became ticks"),
    _count("duplicate", "events that were stored already"),
    _count("quarantined", "events refused, kept in quarantine"),
    _count("ignored", "events of kinds that have no table yet"),
    _count("rounded", "float values rounded half-even to 18 decimals"),
    Column("source_sha256", LargeBinary, comment="of the file's bytes"),
    Column("plan", JSON, comment="how the file was read, to read single records of it again"),
    CheckConstraint(_ACCOUNTED, name="chk_batch_accounted"),
    comment="One row an import of a file, a feed session or a call; ticks carry its id.",
)  # fmt: skip

batch_streams = Table(
    "batch_streams",
    metadata,
    Column("batch_id", BigInteger, nullable=False, comment="the batch"),
    exchange(),
    symbol(),
    Column("stream", Text, nullable=False, comment="feed, source, or an ignored kind"),
    _count("received", "events that came in"),
    _count("stored", "events that became ticks"),
    _count("duplicate", "events that were stored already"),
    _count("quarantined", "events refused"),
    _count("ignored", "events of a kind that has no table yet"),
    moment("first_timestamp", "earliest event stored", nullable=True),
    moment("last_timestamp", "latest event stored", nullable=True),
    Column("first_sequence", BigInteger, comment="lowest venue id stored"),
    Column("last_sequence", BigInteger, comment="highest venue id stored"),
    PrimaryKeyConstraint("batch_id", "exchange", "symbol", "stream"),
    ForeignKeyConstraint(["batch_id"], ["batches.batch_id"], ondelete="RESTRICT"),
    CheckConstraint(_ACCOUNTED, name="chk_batch_stream_accounted"),
    comment="A batch's account by stream.",
)

coverage = Table(
    "coverage",
    metadata,
    Column(
        "coverage_id", BigInteger, Identity(always=True), primary_key=True, comment="its number"
    ),
    exchange(),
    symbol(),
    Column("stream", tick_stream, nullable=False, comment="feed of trades or source of quotes"),
    Column("kind", coverage_kind, nullable=False,
           comment="RECEIVED: nothing is missing between start and end; GAP: something is"),
    moment("start_time", "time of the first event, or of the last one before the gap"),
    moment("end_time", "time of the last event, or of the first one after the gap"),
    Column("first_sequence", BigInteger, comment="venue id at start, where ids are consecutive"),
    Column("last_sequence", BigInteger, comment="venue id at end, where ids are consecutive"),
    Column("cause", gap_cause, comment="why a GAP is one"),
    moment("recorded_at", "when this row was written", server_default=text("now()")),
    CheckConstraint("end_time >= start_time", name="chk_coverage_range"),
    CheckConstraint("(kind = 'GAP') = (cause IS NOT NULL)", name="chk_coverage_cause"),
    Index("coverage_stream_idx", "symbol", "exchange", "stream", "kind", "start_time"),
    comment="Intervals received without a hole, merged, and recorded gaps. Gaps between two"
    " RECEIVED rows are derived when read.",
)  # fmt: skip

quarantine = Table(
    "quarantine",
    metadata,
    Column("record_hash", LargeBinary, primary_key=True, comment="SHA-256 of stream and raw"),
    moment("first_seen_at", "first refused", server_default=text("now()")),
    moment("last_seen_at", "last refused", server_default=text("now()")),
    Column("times_seen", Integer, nullable=False, server_default="1", comment="how often it came"),
    Column("exchange", exchange_type, comment="where it could be told"),
    Column("symbol", Text, comment="as the record writes it"),
    Column("stream", Text, comment="feed or source, where it could be told"),
    moment("timestamp", "time of the event, where it could be read", nullable=True),
    Column("reason", Text, nullable=False, comment="why it was refused"),
    Column("detail", Text, nullable=False, comment="the field and the value"),
    Column("source", Text, nullable=False, comment="file or feed"),
    Column("line", BigInteger, comment="line or row in the source, from 1"),
    Column("raw", LargeBinary, nullable=False, comment="the record, byte for byte"),
    Column("batch_id", BigInteger, comment="batch that refused it first"),
    moment("resolved_at", "when a retry stored its events; NULL while it is open", nullable=True),
    Column("resolved_batch_id", BigInteger, comment="batch of that retry"),
    CheckConstraint(
        "(resolved_at IS NULL) = (resolved_batch_id IS NULL)", name="chk_quarantine_resolved"
    ),
    Index("quarantine_first_seen_at_idx", "first_seen_at"),
    Index("quarantine_batch_id_idx", "batch_id"),
    Index("quarantine_resolved_batch_id_idx", "resolved_batch_id",
          postgresql_where=text("resolved_batch_id IS NOT NULL")),
    comment="Records that were refused, kept whole.",
)  # fmt: skip
