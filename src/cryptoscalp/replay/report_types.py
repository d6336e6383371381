"""What reports on a replay buffer return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Spread:
    """Least, median, 90th percentile (interpolated between neighbours) and greatest."""

    least: float
    median: float
    p90: float
    greatest: float


@dataclass(frozen=True, slots=True)
class Bin:
    """How many priorities are from `lower` up to ten times it.

    The lowest bin is from 0 to 1e-12, the highest one from 1e12 without an end.
    """

    lower: float
    count: int


@dataclass(frozen=True, slots=True)
class TierStats:
    """One tier as the database has it.

    `share`: of draws, once empty tiers have given theirs away. `priorities`, `ages_s` (seconds
    since the experiences' timestamps): None in an empty tier. `histogram`: bins that are not empty.
    `draws_mean`: a held experience; `never_drawn`: how many. `effective`: the effective sample size
    of its weights w = (priority + 1e-6) ** 0.6, (sum of w) ** 2 / sum of w ** 2: from 1, where one
    experience has it all, to `held`, where all are equal.
    """

    tier: int
    name: str
    capacity: int
    held: int
    share: float
    priorities: Spread | None
    histogram: tuple[Bin, ...]
    ages_s: Spread | None
    draws: int
    draws_mean: float | None
    never_drawn: int
    effective: float | None


@dataclass(frozen=True, slots=True)
class WriterStats:
    """A journal of the last day: its last record in the database, and when that came there.

    `silent_s`: seconds since; a process that has nothing to say is silent too.
    """

    writer_id: int
    position: int
    opened_at: datetime
    written_at: datetime | None
    silent_s: float
    stale_updates: int


@dataclass(frozen=True, slots=True)
class VersionCount:
    """How many experiences are of a model version; None: of no model."""

    model: str | None
    count: int


@dataclass(frozen=True, slots=True)
class ReplayStats:
    """A buffer as the database has it; what an open memory has not stored yet is not in it.

    `unlike_checkpoint`: experiences whose tier or priority in experience_replay is not the working
    one. `writers`: those of the last day; `stale_updates`: of all that ever were. `moved`,
    `evicted`: in the last hour.
    """

    name: str
    held: int
    tiers: tuple[TierStats, ...]
    models: tuple[VersionCount, ...]
    writers: tuple[WriterStats, ...]
    stale_updates: int
    moved: int
    evicted: int
    checkpointed_at: datetime | None
    unlike_checkpoint: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many experiences went to another tier, and how many left the buffer."""

    moved: int
    evicted: int


@dataclass(frozen=True, slots=True)
class Tidied:
    """What applying the rules came to; `in_memory`: an open memory applies them, not this call."""

    moved: int
    evicted: int
    in_memory: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """What must not be; `memory_id` None: of the buffer as a whole."""

    memory_id: int | None
    fault: str


@dataclass(frozen=True, slots=True)
class TierCheck:
    """A tier's count and its sum of (priority + 1e-6) ** 0.6, in SQL and in the sum tree."""

    tier: int
    capacity: int
    held: int
    total: float
    tree_held: int
    tree_total: float


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found: no `faults` when all is well. `notes` are no faults.

    `tiers`: empty where the buffer changed so often that the tree could not be compared with it.
    """

    name: str
    held: int
    faults: tuple[Fault, ...]
    tiers: tuple[TierCheck, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """A training set: what was known at `as_of`.

    `content_hash`: SHA-256 in hex (`content.ContentHash`). `evicted_since`: experiences that have
    left the buffer since `as_of`, as far as replay_changes reaches back; with 0 the set is all that
    there was.
    """

    path: str
    rows: int
    as_of: datetime
    content_hash: str
    evicted_since: int
