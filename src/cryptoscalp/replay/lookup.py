"""Inner loops that find rows: by memory, and by place in an episode.

Two tables of open addressing (linear probing; D. Knuth, The Art of Computer Programming 3, 6.4)
hold row numbers, -1 for none; a row's keys are in its record. A table has a power of two of
entries, at least twice as many as rows.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cryptoscalp.replay.compiled import kernel
from cryptoscalp.replay.replay_types import Bools, Floats, Ints

Rows: TypeAlias = npt.NDArray[np.int32]


@kernel
def _home(first: int, second: int, size: int) -> int:
    """Where a key's probing starts: multiplicative hashing by odd numbers near 2**64 / phi."""
    mixed = (np.uint64(first) * np.uint64(0x9E3779B97F4A7C15)) ^ (
        np.uint64(second) * np.uint64(0xC2B2AE3D27D4EB4F)
    )
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return int(np.int64((mixed >> np.uint64(32)) & np.uint64(size - 1)))


@kernel
def find(by_id: Rows, records: Any, memory_id: int) -> int:
    """The row of a memory, or -1."""
    size = len(by_id)
    at = _home(memory_id, 0, size)
    while by_id[at] >= 0:
        if records[by_id[at]].memory_id == memory_id:
            return int(np.int64(by_id[at]))
        at = (at + 1) & (size - 1)
    return -1


@kernel
def _is_step(records: Any, row: int, episode: int, step: int) -> bool:
    record = records[row]
    return bool(record.step == step and record.episode == episode and record.tier >= 0)


@kernel
def successor(by_step: Rows, records: Any, row: int) -> int:
    """The row of the step after a row's, in the same episode, or -1."""
    episode, step = records[row].episode, records[row].step + 1
    # Steps are put one after the other: most are in the next row, beside this one in memory.
    if row + 1 < len(records) and _is_step(records, row + 1, episode, step):
        return row + 1
    size = len(by_step)
    at = _home(episode, step, size)
    while by_step[at] >= 0:
        if _is_step(records, by_step[at], episode, step):
            return int(np.int64(by_step[at]))
        at = (at + 1) & (size - 1)
    return -1


@kernel
def find_all(by_id: Rows, records: Any, memory_ids: Ints, found: Ints) -> None:
    """The row of each memory into `found`, -1 for one that is not here."""
    for at in range(len(memory_ids)):
        found[at] = find(by_id, records, memory_ids[at])


@kernel
def first_again(by_id: Rows, records: Any, memory_ids: Ints) -> int:
    """Position of the first memory that is held already; or the number of memories.

    -1 where they are not in ascending order, so that one may be given twice.
    """
    first = len(memory_ids)
    for at in range(len(memory_ids)):
        if at and memory_ids[at] <= memory_ids[at - 1]:
            return -1
        if first == len(memory_ids) and find(by_id, records, memory_ids[at]) >= 0:
            first = at
    return first


@kernel
def _enter(table: Rows, at: int, row: int) -> None:
    while table[at] >= 0:
        at = (at + 1) & (len(table) - 1)
    table[at] = row


@kernel
def enter(by_id: Rows, by_step: Rows, records: Any, rows: Ints) -> None:
    """Enter rows, whose records are filled, into both tables."""
    for row in rows:
        record = records[row]
        _enter(by_id, _home(record.memory_id, 0, len(by_id)), row)
        _enter(by_step, _home(record.episode, record.step, len(by_step)), row)


@kernel
def _close(table: Rows, records: Any, hole: int, steps: bool) -> None:
    """Move what was probed past an emptied entry back into it (Knuth 6.4, algorithm R)."""
    mask = len(table) - 1
    at = hole
    table[hole] = -1
    while True:
        at = (at + 1) & mask
        row = table[at]
        if row < 0:
            return
        if steps:
            home = _home(records[row].episode, records[row].step, len(table))
        else:
            home = _home(records[row].memory_id, 0, len(table))
        if ((at - home) & mask) >= ((at - hole) & mask):
            table[hole] = row
            table[at] = -1
            hole = at


@kernel
def leave(by_id: Rows, by_step: Rows, records: Any, rows: Ints) -> None:
    """Take rows out of both tables."""
    for row in rows:
        record = records[row]
        at = _home(record.memory_id, 0, len(by_id))
        while by_id[at] != row:
            at = (at + 1) & (len(by_id) - 1)
        _close(by_id, records, at, False)
        at = _home(record.episode, record.step, len(by_step))
        while by_step[at] != row:
            at = (at + 1) & (len(by_step) - 1)
        _close(by_step, records, at, True)


@kernel
def fold(
    by_step: Rows,
    records: Any,
    rows: Ints,
    steps: int,
    gamma: float,
    lasts: Ints,
    rewards: Floats,
    discounts: Floats,
    terminals: Bools,
    memory_ids: Ints,
    tiers: npt.NDArray[np.int8],
) -> None:
    """Sum the discounted rewards of up to `steps` steps from each row, and count its draw.

    `lasts`: the row of the last step that was summed. A sum ends before a step that is not held,
    and after one at which the episode ended or was cut. All rows take a step together, so that
    their cache misses overlap.
    """
    for at in range(len(rows)):
        record = records[rows[at]]
        record.draws += 1
        memory_ids[at] = record.memory_id
        tiers[at] = record.tier
        lasts[at] = rows[at]
        rewards[at] = record.reward
        discounts[at] = gamma
        terminals[at] = record.terminal
    going = np.arange(len(rows))
    for _ in range(1, steps):
        more = 0
        for on in going:
            last = records[lasts[on]]
            if last.terminal or last.truncation:
                continue
            after = successor(by_step, records, lasts[on])
            if after < 0:
                continue
            record = records[after]
            lasts[on] = after
            rewards[on] += discounts[on] * record.reward
            discounts[on] *= gamma
            terminals[on] = record.terminal
            going[more] = on
            more += 1
        going = going[:more]
