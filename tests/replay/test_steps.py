"""Rewards of several steps are what a plain loop over the episode sums."""

from __future__ import annotations

import numpy as np
import pytest

from cryptoscalp.replay.arena import Arena
from cryptoscalp.replay.replay_types import Columns, Mode, Sampling
from tests.replay.experiences import SHAPE, experiences

GAMMA = 0.9


def _episodes(seed: int) -> Columns:
    """Twelve episodes of 1 to 20 steps; most end, some are cut; their memories come shuffled.

    Some say that they ended or were cut although later steps are there: these are not summed.
    """
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 21, 12)
    episodes = np.repeat(rng.permutation(12) * 977 - 5_000, lengths)
    steps = np.concatenate([np.arange(length) for length in lengths])
    last = np.concatenate([np.arange(length) == length - 1 for length in lengths])
    cut = rng.random(len(steps)) < 0.2
    last |= rng.random(len(steps)) < 0.2
    order = rng.permutation(len(steps)) if seed % 2 else np.arange(len(steps))
    return experiences(
        order * 3,
        episodes=episodes[order],
        steps=steps[order].astype(np.int32),
        rewards=rng.normal(size=len(steps)),
        terminals=(last & ~cut)[order],
        truncations=(last & cut)[order],
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n_step", [1, 2, 3, 5, 50])
def test_n_steps_are_what_a_loop_sums(n_step: int, seed: int) -> None:
    columns = _episodes(seed)
    count = len(columns)
    sampling = Sampling(Mode.UNIFORM, n_step=n_step, gamma=GAMMA)
    arena = Arena(SHAPE, [count, count], [1.0, 1.0], sampling, 5)
    arena.put(columns, np.arange(count) % 2)
    rng = np.random.default_rng(seed)
    gone = set(rng.choice(columns.memory_ids, count // 10, replace=False).tolist())
    arena.remove(sorted(gone))
    # Rows that were left are filled again, by an episode of their own.
    arena.put(experiences(np.arange(len(gone)) + 10_000), [0] * len(gone))
    there = {
        (int(columns.episodes[at]), int(columns.steps[at])): at
        for at in range(count)
        if columns.memory_ids[at] not in gone
    }
    position = {int(one): at for at, one in enumerate(columns.memory_ids)}
    batch = arena.sample(512)
    ends = set()
    for at, one in enumerate(batch.memory_ids.tolist()):
        if one >= 10_000:
            continue
        step = position[one]
        total, discount, taken = 0.0, 1.0, 0
        while True:
            total += discount * columns.rewards[step]
            discount *= GAMMA
            taken += 1
            if taken == n_step:
                ends.add("steps")
                break
            if columns.terminals[step] or columns.truncations[step]:
                ends.add("terminal" if columns.terminals[step] else "cut")
                break
            key = (int(columns.episodes[step]), int(columns.steps[step]) + 1)
            if key not in there:
                ends.add("missing")
                break
            step = there[key]
        assert batch.rewards[at] == pytest.approx(total, rel=1e-12, abs=1e-12)
        assert batch.discounts[at] == pytest.approx(GAMMA**taken, rel=1e-12)
        assert batch.terminals[at] == columns.terminals[step]
        assert batch.next_states[at].tolist() == columns.next_states[step].tolist()
        assert batch.states[at].tolist() == columns.states[position[one]].tolist()
    if n_step in {3, 5}:
        assert {"steps", "terminal", "missing"} <= ends


def test_a_step_that_left_is_not_summed_although_its_row_is_beside() -> None:
    arena = Arena(SHAPE, [4], [1.0], Sampling(Mode.UNIFORM, n_step=2, gamma=0.5), 5)
    arena.put(experiences([0, 1], episodes=np.array([7, 7]), steps=np.array([0, 1], np.int32),
                          rewards=np.array([1.0, 2.0])), [0, 0])  # fmt: skip
    batch = arena.sample(64)
    assert batch.rewards[batch.memory_ids == 0][0] == 2.0
    arena.remove([1])
    assert arena.sample(1).rewards.tolist() == [1.0]
    assert arena.sample(1).discounts.tolist() == [0.5]
