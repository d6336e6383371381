"""Replay buffers: what their experiences look like, their tiers, and who writes to them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ENUM

from cryptoscalp.market.tables.columns import metadata as market_metadata
from cryptoscalp.market.tables.columns import moment
from cryptoscalp.registry.tables import feature_sets
from cryptoscalp.registry.tables.columns import document, key, reference, refers

metadata = MetaData(naming_convention=market_metadata.naming_convention)

action_kind = ENUM("DISCRETE", "CONTINUOUS", name="action_kind", metadata=metadata)

replay_buffers = Table(
    "replay_buffers",
    metadata,
    key("buffer_id", "its number"),
    Column("name", String(100), nullable=False, comment="the caller's name for it"),
    reference("feature_set_id", "features of its states, in their order"),
    Column("action_kind", action_kind, nullable=False,
           comment="DISCRETE: one integer an action; CONTINUOUS: action_width numbers"),
    Column("action_width", Integer, nullable=False, server_default="1",
           comment="numbers an action"),
    document("tiers", "the six tiers' capacities, weights and rules, tier 1 first",
             nullable=False),
    moment("created_at", "when it was declared", server_default=text("now()")),
    moment("checkpointed_at", "when tier and priority of experience_replay last followed",
           nullable=True),
    refers("feature_set_id", feature_sets.c.feature_set_id),
    UniqueConstraint("name"),
    CheckConstraint("name <> '' AND name = btrim(name)", name="chk_buffer_named"),
    CheckConstraint("action_width >= 1 AND (action_kind = 'CONTINUOUS' OR action_width = 1)"
                    " AND jsonb_typeof(tiers) = 'array' AND jsonb_array_length(tiers) = 6",
                    name="chk_buffer"),
    comment="Replay buffers: the form of their experiences and the rules of their tiers.",
)  # fmt: skip

replay_writers = Table(
    "replay_writers",
    metadata,
    # Its ids of experiences are writer_id * 2^32 + n: no trip to the database for an id.
    Column("writer_id", BigInteger, Identity(always=True), primary_key=True,
           comment="number of one process's journal"),
    reference("buffer_id", "buffer that it adds to"),
    Column("position", BigInteger, nullable=False, server_default="0",
           comment="last record of its journal that is in the database"),
    moment("opened_at", "when it began", server_default=text("now()")),
    moment("written_at", "when it last came to the database", nullable=True),
    Column("stale_updates", BigInteger, nullable=False, server_default="0",
           comment="priority updates for experiences that were gone; ignored"),
    refers("buffer_id", "replay_buffers.buffer_id"),
    CheckConstraint("position >= 0 AND stale_updates >= 0", name="chk_writer"),
    comment="Journals of the processes that add or learn, and how far each is in the database.",
)  # fmt: skip
