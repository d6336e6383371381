"""Experiences, their working priorities, and what moved or left (S2, S18)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, REAL

from cryptoscalp.adaptation.tables.columns import regime_type
from cryptoscalp.market.tables.columns import moment
from cryptoscalp.registry.tables import model_versions
from cryptoscalp.registry.tables.columns import (
    document,
    double,
    finite,
    key,
    recorded_at,
    reference,
    refers,
)
from cryptoscalp.replay.tables.buffers import metadata
from cryptoscalp.trading.tables import portfolios

_TIER: Final = "tier BETWEEN 1 AND 6"
#: With every alpha up to 2 the sums of weights neither overflow nor vanish.
_PRIORITY: Final = "priority >= 1e-60 AND priority <= 1e60"


def _transaction() -> Column[int]:
    # As a number: its type, xid8, has no cast to one.
    return Column("recorded_xid", BigInteger, nullable=False,
                  server_default=text("pg_current_xact_id()::text::bigint"),
                  comment="transaction that wrote it: what is new since a snapshot")  # fmt: skip


experience_replay = Table(
    "experience_replay",
    metadata,
    # Ids below 2^32 are plain SQL's; a writer's are its own number times 2^32 and more.
    Column("memory_id", BigInteger, Identity(maxvalue=2**32 - 1), primary_key=True,
           comment="its number; of one writer, the order in which it added"),
    moment("timestamp", "when the state was observed"),
    Column("tier", Integer, nullable=False, comment="1 to 6, at the last checkpoint"),
    document("state", "the features by name, as state_vector holds them", nullable=False),
    document("action", "the action: an integer, or numbers in an array", nullable=False),
    double("reward", "of the action"),
    document("next_state", "the features by name, as next_state_vector holds them",
             nullable=False),
    double("priority", "raw priority at the last checkpoint", server_default="1.0"),
    reference("buffer_id", "buffer that it belongs to"),
    moment("next_timestamp", "when next_state was observed, after timestamp"),
    Column("terminal", Boolean, nullable=False, comment="the episode ended there"),
    Column("truncated", Boolean, nullable=False, comment="the episode was cut there"),
    Column("episode", BigInteger, nullable=False, comment="what steps of one episode share"),
    Column("step", Integer, nullable=False, comment="0, 1, 2, ... within it"),
    Column("state_vector", ARRAY(REAL), nullable=False, comment="state, in the order of the set"),
    Column("action_vector", ARRAY(REAL), comment="action, where the buffer's are CONTINUOUS"),
    Column("next_state_vector", ARRAY(REAL), nullable=False,
           comment="next_state, in the order of the set"),
    reference("model_id", "model version that acted", nullable=True),
    reference("portfolio_id", "portfolio that it acted for", nullable=True),
    reference("trade_id", "trade that came of the action; replay_faults() checks it",
              nullable=True),
    Column("regime", regime_type, comment="market regime then, where it was known"),
    recorded_at(),
    _transaction(),
    refers("buffer_id", "replay_buffers.buffer_id"),
    refers("model_id", model_versions.c.model_id),
    refers("portfolio_id", portfolios.c.portfolio_id),
    CheckConstraint(_TIER, name="chk_experience_tier"),
    CheckConstraint(_PRIORITY, name="chk_experience_priority"),
    CheckConstraint("next_timestamp > timestamp", name="chk_next_state_later"),
    CheckConstraint(f"{finite('reward')} AND step >= 0"
                    " AND cardinality(state_vector) = cardinality(next_state_vector)",
                    name="chk_experience"),
    Index("tier_priority_timestamp_idx", "tier", "priority", "timestamp"),
    Index("experience_replay_recorded_idx", "buffer_id", "recorded_xid"),
    Index("experience_replay_trade_idx", "trade_id", postgresql_where=text("trade_id IS NOT NULL")),
    Index("experience_replay_model_idx", "model_id", postgresql_where=text("model_id IS NOT NULL")),
    comment="Experience Replay Memory: one row an experience, in six tiers. What the sampler works"
    " with, tier and priority of this moment, is in replay_priorities.",
)  # fmt: skip

replay_priorities = Table(
    "replay_priorities",
    metadata,
    reference("memory_id", "experience"),
    reference("buffer_id", "its buffer"),
    double("priority", "raw priority"),
    Column("draws", BigInteger, nullable=False, server_default="0", comment="times drawn"),
    Column("td_error", REAL, comment="|TD error| of the last update; NULL before the first"),
    Column("tier", SmallInteger, nullable=False, comment="1 to 6"),
    PrimaryKeyConstraint("memory_id"),
    ForeignKeyConstraint(["memory_id"], [experience_replay.c.memory_id], ondelete="CASCADE"),
    CheckConstraint(_TIER, name="chk_working_tier"),
    CheckConstraint(_PRIORITY, name="chk_working_priority"),
    CheckConstraint("draws >= 0", name="chk_draws"),
    Index("replay_priorities_buffer_idx", "buffer_id"),
    # Room on each page for new versions of its rows, and no index on what changes: HOT.
    postgresql_with={"fillfactor": 50},
    comment="Tier and priority that the sampler works with; experience_replay follows (S18).",
)

replay_changes = Table(
    "replay_changes",
    metadata,
    key("change_id", "its number"),
    reference("buffer_id", "buffer"),
    Column("writer_id", BigInteger, comment="journal that it came from; NULL: another client"),
    Column("memory_ids", ARRAY(BigInteger), nullable=False, comment="experiences"),
    Column(
        "tiers",
        ARRAY(SmallInteger),
        nullable=False,
        comment="where each went; 0: out of the buffer",
    ),
    Column("reason", Text, nullable=False, comment="RULES, or what was asked for"),
    recorded_at(),
    _transaction(),
    refers("buffer_id", "replay_buffers.buffer_id"),
    CheckConstraint("cardinality(memory_ids) = cardinality(tiers)", name="chk_change"),
    Index("replay_changes_recorded_idx", "buffer_id", "recorded_xid"),
    Index("replay_changes_recorded_at_idx", "recorded_at"),
    comment="Experiences that changed their tier or left, for other processes and the curious.",
)
