"""What rules and statistics look at: all experiences that are held, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cryptoscalp.replay.replay_types import Float32s, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Copies of columns, an element an experience, in the order of slots.

    `td_errors`: the last |TD error|, NaN of one that never had any. `timestamps`: microseconds
    since 1970, UTC. `regimes`: -1 for none. Others as in `Columns`.
    """

    memory_ids: Ints
    slots: Ints
    tiers: npt.NDArray[np.int8]
    priorities: Floats
    timestamps: Ints
    draws: npt.NDArray[np.int32]
    td_errors: Float32s
    regimes: npt.NDArray[np.int8]
    rewards: Floats

    def __len__(self) -> int:
        return len(self.memory_ids)


def held(records: npt.NDArray[Any], rows: Ints) -> Held:
    """The columns of some rows."""
    return Held(
        memory_ids=records["memory_id"][rows],
        slots=rows,
        tiers=records["tier"][rows],
        priorities=records["priority"][rows],
        timestamps=records["timestamp"][rows],
        draws=records["draws"][rows],
        td_errors=records["td_error"][rows],
        regimes=records["regime"][rows],
        rewards=records["reward"][rows],
    )
