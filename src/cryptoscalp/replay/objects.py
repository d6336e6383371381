"""The replay subject's functions, triggers and grants, in the order they are made."""

from __future__ import annotations

#: Names of files in `sql/`. Each revision that changes one freezes a copy of it.
SQL_OBJECTS: tuple[str, ...] = (
    "replay_storage",
    "refuse_replay_change",
    "known_replay_buffer",
    "create_replay_buffer",
    "set_replay_tiers",
    "open_replay_writer",
    "advance_replay_writer",
    "state_template",
    "experience_fault",
    "record_experiences",
    "set_replay_priorities",
    "change_replay",
    "checkpoint_replay",
    "sample_experiences",
    "replay_faults",
    "replay_triggers",
    "replay_grants",
)
