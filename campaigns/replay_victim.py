"""Processes that add to a replay buffer and learn from it until they are killed with -9.

A line on stdin is the time in seconds after which one is killed, and its seed. This process has
everything imported and forks; it answers `killed`. Each call is noted in a log before and after it:
what it was about to do, and that it was done.

    python -m campaigns.replay_victim DSN BUFFER JOURNALS LOG
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from campaigns.replay_log import Entry, written
from cryptoscalp.replay import opening
from cryptoscalp.replay.arena import Arena
from cryptoscalp.replay.replay_types import (
    ActionKind,
    Columns,
    Durability,
    Sampling,
    Shape,
)

WIDTH = 4


def experiences(chance: np.random.Generator, count: int) -> dict[str, Any]:
    """Random experiences as `add` takes them; rare rewards among them."""
    states = chance.standard_normal((count, WIDTH), dtype=np.float32)
    return {
        "states": states,
        "actions": chance.integers(0, 5, count),
        "rewards": chance.standard_t(2, count),
        "next_states": states + np.float32(1),
        "terminals": chance.random(count) < 0.1,
    }


def work(dsn: str, buffer: str, journals: str, log: str, seed: int) -> None:
    """Add, draw, update and apply rules at random, for ever."""
    chance = np.random.default_rng(seed)
    durability = Durability(journals=Path(journals), store_every_s=0.05, sync_every_s=0.05)
    with (
        Path(log).open("ab", buffering=0) as file,
        opening.open_memory(dsn, buffer, seed=seed, rules_every_s=0.1, durability=durability) as m,
    ):
        while True:
            if chance.random() < 0.5 or len(m) < 50:
                written(file, Entry("add", False))
                ids = m.add(**experiences(chance, int(chance.integers(1, 60))))
                written(file, Entry("add", True, ids.tolist()))
            else:
                batch = m.sample(32)
                errors = np.abs(chance.standard_t(2, len(batch))) + 1e-6
                entry = Entry("update", False, batch.memory_ids.tolist(), errors.tolist())
                written(file, entry)
                applied = m.update(batch, errors)
                written(file, msgspec.structs.replace(entry, done=True, applied=applied.tolist()))


def warm() -> None:
    """Compile what is compiled at first use."""
    arena = Arena(Shape(WIDTH, ActionKind.DISCRETE), [10] * 6, [1.0] * 6, Sampling(), 0)
    chance = np.random.default_rng(0)
    made = experiences(chance, 4)
    columns = Columns(
        memory_ids=np.arange(4), episodes=np.arange(4), steps=np.zeros(4, np.int32),
        truncations=np.zeros(4, np.bool_), timestamps=np.full(4, 1_700_000_000_000_000),
        priorities=np.ones(4), regimes=np.full(4, -1, np.int8), **made,
    )  # fmt: skip
    slots = arena.put(columns, np.zeros(4, np.int8))
    batch = arena.sample(4)
    arena.update(batch.memory_ids, batch.slots, np.ones(4))
    arena.move([0], [1])
    arena.find([0, 9])
    arena.at(slots)
    arena.remove([1])


def main(dsn: str, buffer: str, journals: str, log: str) -> None:
    """Serve lines until stdin ends."""
    warm()
    for line in sys.stdin:
        seconds, seed = line.split()
        child = os.fork()
        if not child:
            work(dsn, buffer, journals, log, int(seed))
            os._exit(1)
        time.sleep(float(seconds))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else f"ended {status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
