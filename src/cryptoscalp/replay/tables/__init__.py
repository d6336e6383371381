"""The replay subject's tables, as SQLAlchemy Core metadata.

Read for their comments: each table and column says what it holds, in which unit.
"""

from cryptoscalp.replay.tables.buffers import metadata, replay_buffers, replay_writers
from cryptoscalp.replay.tables.experiences import (
    experience_replay,
    replay_changes,
    replay_priorities,
)

__all__ = [
    "experience_replay",
    "metadata",
    "replay_buffers",
    "replay_changes",
    "replay_priorities",
    "replay_writers",
]
