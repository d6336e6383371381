"""One tier draws and weighs as cpprb's prioritized replay buffer does with the same priorities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cryptoscalp.replay.arena import Arena
from cryptoscalp.replay.replay_types import Floats, Sampling
from tests.replay.experiences import filled

cpprb = pytest.importorskip("cpprb", reason="cpprb has no wheel for this platform")
ALPHA, EPS = 0.6, 1e-4


def _both(priorities: Floats) -> tuple[Arena, Any]:
    count = len(priorities)
    peer = cpprb.PrioritizedReplayBuffer(count, {"obs": {}}, alpha=ALPHA, eps=EPS)
    peer.add(obs=np.arange(count), priorities=priorities)
    return filled(priorities.tolist(), sampling=Sampling(alpha=ALPHA, eps=EPS)), peer


def _weights(numbers: Any, weights: Any) -> dict[int, float]:
    return dict(zip(numbers.tolist(), weights.tolist(), strict=True))


@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_importance_weights_are_the_peers(beta: float) -> None:
    priorities = np.random.default_rng(6).exponential(size=200) + 0.01
    arena, peer = _both(priorities)
    for changed in (False, True):
        if changed:
            numbers = np.arange(0, 200, 3)
            arena.update(numbers, arena.find(numbers), priorities[numbers] * 3)
            peer.update_priorities(numbers, priorities[numbers] * 3)
        batch, drawn = arena.sample(4_000, beta=beta), peer.sample(4_000, beta=beta)
        ours = _weights(batch.memory_ids, batch.weights)
        theirs = _weights(drawn["indexes"], drawn["weights"])
        both = ours.keys() & theirs.keys()
        assert len(both) > 150
        # The peer's weights are float32.
        assert [ours[one] for one in both] == pytest.approx([theirs[one] for one in both], rel=1e-5)


def test_draws_are_spread_as_the_peers() -> None:
    """One batch of each: the peer (11.0.0) often repeats its draws from one call to the next.

    Both are stratified, so the times that an experience comes are fixed to about one.
    """
    priorities = np.random.default_rng(6).exponential(size=100) + 0.01
    arena, peer = _both(priorities)
    ours = np.bincount(arena.sample(50_000).memory_ids, minlength=100)
    drawn = peer.sample(50_000, beta=0.4)["indexes"].astype(np.int64)
    assert np.abs(ours - np.bincount(drawn, minlength=100)).max() <= 4
