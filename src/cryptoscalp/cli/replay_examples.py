"""The examples of `replay`: a buffer with three experiences of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_AT: Final = "2024-08-09T07:00:01.000000Z"
#: What differs from run to run, and what the reference shows in its place.
STEADY: Final[Mapping[str, Any]] = {
    "ages_s": {"least": 7200.5, "median": 7200.5, "p90": 7200.5, "greatest": 7200.5},
    "silent_s": 12.5,
    "opened_at": _AT,
    "written_at": _AT,
    "checkpointed_at": _AT,
}
#: Before this one the experiences are added.
_FIRST: Final = "replay stats scalping"
LINES: Final = (
    "features declare scalping-state imbalance spread_bps",
    "replay create scalping --features 2 --capacity 1000",
    "replay list",
    "replay tiers scalping",
    _FIRST,
    # One tier, of which one experience is: draws are random elsewhere.
    (
        "replay sample scalping --count 2 --tier-weight 0 --tier-weight 0 --tier-weight 0"
        " --tier-weight 1 --tier-weight 0 --tier-weight 0"
    ),
    "replay checkpoint scalping",
    "replay prune scalping --tier 1 --priority-below 0.01",
    "replay export scalping --output experiences.parquet",
    "replay verify scalping",
)


def prepare(words: str, data_dir: Path) -> None:
    """Add the experiences that the next line tells of."""
    if words != _FIRST:
        return
    from cryptoscalp.database import connect
    from cryptoscalp.replay.replay_types import Durability

    states = [[0.5, 1.25], [0.25, 1.5], [-0.5, 4.0]]
    at = 1_723_161_303_000_000
    with connect(data_dir=data_dir) as db:
        durability = Durability(journals=data_dir.parent / "journals")
        with db.replay.memory("scalping", rules_every_s=None, durability=durability) as memory:
            for row, regime in ((slice(0, 2), "TRENDING"), (slice(2, 3), "CRISIS")):
                count = len(states[row])
                memory.add(
                    states[row], [1] * count, [0.125] * count, states[row], [False] * count,
                    timestamps=[at] * count, priorities=[0.75, 0.001][:count], regime=regime,
                    episodes=[1] * count, steps=list(range(count)),
                )  # fmt: skip
