"""What the learning campaign needs of Stable-Baselines3: import it only where that is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from stable_baselines3 import DQN
from stable_baselines3.common.buffers import ReplayBuffer
from torch.nn.functional import smooth_l1_loss
from torch.nn.utils import clip_grad_norm_

from cryptoscalp.replay.memory import ReplayMemory
from cryptoscalp.replay.sb3 import DurableReplayBuffer


class WeighedDQN(DQN):
    """DQN that learns from a DurableReplayBuffer by priority (Schaul et al. 2016).

    As DQN, but each loss is multiplied by its importance weight, and each batch's TD errors become
    the priorities of what was drawn.
    """

    def train(self, gradient_steps: int, batch_size: int = 100) -> None:
        """Take gradient steps, each on a batch of its own."""
        self.policy.set_training_mode(True)
        self._update_learning_rate(self.policy.optimizer)
        for _ in range(gradient_steps):
            drawn = self.replay_buffer.sample(batch_size)
            with torch.no_grad():
                following = self.q_net_target(drawn.next_observations).max(dim=1, keepdim=True)[0]
                wanted = drawn.rewards + (1 - drawn.dones) * drawn.discounts * following
            found = self.q_net(drawn.observations).gather(1, drawn.actions.long())
            weights = torch.as_tensor(self.replay_buffer.last_batch.weights).float().reshape(-1, 1)
            loss = (weights * smooth_l1_loss(found, wanted, reduction="none")).mean()
            self.policy.optimizer.zero_grad()
            loss.backward()
            clip_grad_norm_(self.policy.parameters(), self.max_grad_norm)
            self.policy.optimizer.step()
            self.replay_buffer.update_priorities(found - wanted)
        self._n_updates += gradient_steps


class BesideOwn(DurableReplayBuffer):
    """Compares each batch with what SB3's own buffer has of the same experiences.

    `batches` were drawn; in `differ` of them a tensor is not the same bit for bit, or a discount
    not `gamma`. The memory has one tier only, where the oldest leave first.
    """

    def __init__(
        self, buffer_size: int, observation_space: Any, action_space: Any, device: Any, *,
        memory: ReplayMemory, gamma: float, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            buffer_size, observation_space, action_space, device, memory=memory, **options
        )
        self._own = ReplayBuffer(buffer_size, observation_space, action_space, device)
        self._held, self._gamma = memory.held, np.float32(gamma)
        self.added = self.batches = self.differ = 0

    def add(self, *step: Any) -> None:
        """Add a step to both."""
        super().add(*step)
        self._own.add(*step)
        self.added += 1

    def sample(self, batch_size: int, env: Any = None) -> Any:
        """Draw, and look up the same experiences in SB3's buffer."""
        drawn = super().sample(batch_size, env)
        assert self.last_batch is not None
        # Who is here came last, and SB3's buffer writes over its oldest.
        held = np.sort(self._held().memory_ids)
        ages = len(held) - np.searchsorted(held, self.last_batch.memory_ids)
        before = np.random.get_state()
        own = self._own._get_samples((self.added - ages) % self.buffer_size)
        np.random.set_state(before)
        self.batches += 1
        same = bool((drawn.discounts == self._gamma).all()) and all(
            one.dtype == other.dtype and torch.equal(one, other)
            for one, other in zip(drawn[:5], own[:5], strict=True)
        )
        self.differ += not same
        return drawn
