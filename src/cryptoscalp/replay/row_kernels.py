"""Inner loops over rows: filling them, changing them, copying them out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cryptoscalp.replay.compiled import kernel
from cryptoscalp.replay.replay_types import Bools, Float32s, Floats, Ints


@kernel
def write_frames(
    frames: Float32s, rows: Ints, which: int, states: Float32s, bits: npt.NDArray[np.uint32]
) -> int:
    """Copy states into rows, as state (`which` 0) or next state (1).

    Returns the position of the first one with NaN or infinity, or -1. `bits` are the same numbers
    as integers: looking for an exponent of all ones is done for several numbers at once, where
    comparing floats is not.
    """
    exponent = np.uint32(0x7F800000)
    for at in range(len(rows)):
        row = rows[at]
        wrong = False
        for one in range(states.shape[1]):
            frames[row, which, one] = states[at, one]
            wrong |= (bits[at, one] & exponent) == exponent
        if wrong:
            return at
    return -1


@kernel
def write_records(
    records: Any,
    rows: Ints,
    memory_ids: Ints,
    episodes: Ints,
    timestamps: Ints,
    rewards: Floats,
    priorities: Floats,
    steps: npt.NDArray[np.int32],
    regimes: npt.NDArray[np.int8],
    terminals: Bools,
    truncations: Bools,
) -> None:
    """Fill the records of rows with what is known of experiences before they have a tier."""
    for at in range(len(rows)):
        record = records[rows[at]]
        record.memory_id = memory_ids[at]
        record.episode = episodes[at]
        record.timestamp = timestamps[at]
        record.reward = rewards[at]
        record.priority = priorities[at]
        record.step = steps[at]
        record.regime = regimes[at]
        record.terminal = terminals[at]
        record.truncation = truncations[at]


@kernel
def apply(
    records: Any,
    memory_ids: Ints,
    slots: Ints,
    priorities: Floats,
    errors: Float32s,
    applied: Bools,
    leaves: Ints,
) -> None:
    """Give rows their new priorities and |TD errors|, in order, where they still hold the memory.

    `leaves`: the leaf of each, 0 where it is stale.
    """
    for at in range(len(slots)):
        row = slots[at]
        leaves[at] = 0
        applied[at] = False
        if row < 0 or row >= len(records):
            continue
        record = records[row]
        if record.tier < 0 or record.memory_id != memory_ids[at]:
            continue
        record.priority = priorities[at]
        record.td_error = errors[at]
        applied[at] = True
        leaves[at] = record.leaf


@kernel
def gather(
    frames: npt.NDArray[np.float32],
    actions: npt.NDArray[Any],
    rows: Ints,
    lasts: Ints,
    states: Float32s,
    next_states: Float32s,
    taken: npt.NDArray[Any],
) -> None:
    """Copy the rows' states and actions, and the next states of `lasts`, one after the other.

    Written out: numba takes four times as long over an assignment of slices.
    """
    for at in range(len(rows)):
        row, last = rows[at], lasts[at]
        for one in range(states.shape[1]):
            states[at, one] = frames[row, 0, one]
        for one in range(states.shape[1]):
            next_states[at, one] = frames[last, 1, one]
        for one in range(taken.shape[1]):
            taken[at, one] = actions[row, one]


@kernel
def highest(records: Any) -> float:
    """The highest priority of a row that is held; 0 where none is."""
    found = 0.0
    for row in range(len(records)):
        if records[row].tier >= 0:
            found = max(found, records[row].priority)
    return found
