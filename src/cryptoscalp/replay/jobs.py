"""Scheduled work on replay buffers: checkpoints, and the rules of tiers that no memory applies."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cryptoscalp.infra.db.flow import Flow
from cryptoscalp.infra.jobs.types import Job, Outcome
from cryptoscalp.replay.buffers import buffers, checkpoint
from cryptoscalp.replay.pruning import tidy


def checkpoint_replay() -> Flow[Outcome]:
    """Let tier and priority of experience_replay follow the working ones, in every buffer."""
    known = yield from buffers()
    changed = 0
    for one in known:
        changed += yield from checkpoint(one.name)
    return Outcome(changed, f"{changed:,} experiences of {len(known):,} buffers followed")


def keep_replay() -> Flow[Outcome]:
    """Apply the rules of the tiers of every buffer that no memory has open."""
    known = yield from buffers()
    moved = evicted = in_memory = 0
    for one in known:
        done = yield from tidy(one)
        moved, evicted = moved + done.moved, evicted + done.evicted
        in_memory += done.in_memory
    return Outcome(
        moved + evicted,
        f"{moved:,} experiences moved and {evicted:,} left, of {len(known) - in_memory:,} buffers;"
        f" {in_memory:,} are kept by a memory",
    )


JOBS: Final[tuple[Job, ...]] = (
    Job("checkpoint_replay", "let tiers and priorities of experiences follow the working ones",
        "*/10 * * * *", checkpoint_replay, "checkpoint_replay", timeout=timedelta(minutes=30),
        window=timedelta(hours=2)),
    Job("keep_replay", "apply the rules of tiers where no memory is open", "*/5 * * * *",
        keep_replay, "keep_replay", timeout=timedelta(minutes=30), window=timedelta(hours=1)),
)  # fmt: skip
