"""How long the replay memory is kept: an experience leaves by the rules of its tier."""

from __future__ import annotations

from typing import Final

from cryptoscalp.infra.cold.types import Kept

KEPT: Final = (
    # S19: operational, but "replay by its tiers": neither age nor a job of retention removes a
    # row; capacities and rules of the tiers do.
    Kept("experience_replay", "permanent"),
    Kept("replay_priorities", "permanent"),
    Kept("replay_buffers", "permanent"),
    Kept("replay_writers", "permanent"),
    # Who left or moved, and why: a row a batch, and an export of the past asks for them.
    Kept("replay_changes", "permanent"),
)
