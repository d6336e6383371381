"""One run of the learning campaign: an agent from nothing to its last evaluation."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import cryptoscalp
from bench.place import fresh_place
from campaigns.evidence import Result
from cryptoscalp.replay.memory import ReplayMemory
from cryptoscalp.replay.opening import open_memory
from cryptoscalp.replay.replay_types import Durability, Mode, Sampling
from cryptoscalp.replay.tier_types import TIERS, Condition, Tier

ENVIRONMENT: Final = "CartPole-v1"
CAPACITY: Final = 100_000
GAMMA: Final = 0.99
#: As Stable-Baselines3's zoo of tuned agents has them.
PARAMETERS: Final[dict[str, Any]] = {
    "learning_rate": 2.3e-3, "batch_size": 64, "learning_starts": 1_000, "gamma": GAMMA,
    "target_update_interval": 10, "train_freq": 256, "gradient_steps": 128,
    "exploration_fraction": 0.16, "exploration_final_eps": 0.04,
    "policy_kwargs": {"net_arch": [256, 256]}, "device": "cpu",
}  # fmt: skip
#: Steps between two evaluations.
EVERY: Final = 2_500
#: Episodes of an evaluation.
EPISODES: Final = 20
#: The seed of the first states that evaluations begin from.
_FIRST_STATES: Final = 20_000
#: Of the run beside SB3's buffer: small, so that most of what came has left again.
_SMALL: Final = 2_000
_STEPS_BESIDE: Final = 6_000


def run(variant: str, seed: int, steps: int) -> Result:
    """Let an agent learn; `variant`: SB3, or a `Mode` of ours."""
    from stable_baselines3 import DQN

    from campaigns.learning_agents import WeighedDQN
    from cryptoscalp.replay.sb3 import DurableReplayBuffer

    if variant == "SB3":
        return {"passed": True, **_learn(_agent(DQN, seed, CAPACITY), steps)}
    mode = Mode(variant)
    batches = steps * PARAMETERS["gradient_steps"] // PARAMETERS["train_freq"]
    sampling = Sampling(mode=mode, gamma=GAMMA, beta_draws=batches)
    with _memory(sampling, CAPACITY, seed) as memory:
        kind = WeighedDQN if mode is Mode.PRIORITIZED else DQN
        found = _learn(_agent(kind, seed, CAPACITY, DurableReplayBuffer, memory=memory), steps)
        faults = memory.verify()
        kept = len(memory)
    return {
        "passed": not faults and kept == found["steps"],
        **found,
        "kept": kept,
        "faults": faults,
    }


def beside() -> Result:
    """Let an agent learn while each of its batches is compared with SB3's own buffer."""
    from stable_baselines3 import DQN

    from campaigns.learning_agents import BesideOwn

    with _memory(Sampling(mode=Mode.UNIFORM, gamma=GAMMA), _SMALL, 1) as memory:
        agent = _agent(DQN, 1, _SMALL, BesideOwn, memory=memory, gamma=GAMMA)
        agent.learn(_STEPS_BESIDE)
        faults = memory.verify()
    buffer = agent.replay_buffer
    return {
        "passed": buffer.batches > 0 and not buffer.differ and not faults,
        "steps": buffer.added, "capacity": _SMALL, "batches": buffer.batches,
        "differ": buffer.differ, "faults": faults,
    }  # fmt: skip


@contextmanager
def _memory(sampling: Sampling, capacity: int, seed: int) -> Iterator[ReplayMemory]:
    """A memory of one tier where the oldest leave first, in a server of its own."""
    unused = [Tier(f"unused_{number}", 0, 0.0) for number in range(2, TIERS + 1)]
    with fresh_place() as place, tempfile.TemporaryDirectory() as folder:
        with cryptoscalp.connect(place.dsn) as db:
            seen = ["position", "velocity", "angle", "angular_velocity"]
            features = db.registry.register_feature_set("cart_pole", seen)
            db.replay.create_buffer(
                "learning", features.feature_set_id, actions="DISCRETE",
                tiers=[Tier("all", capacity, 1.0, Condition()), *unused],
            )  # fmt: skip
        with open_memory(
            place.dsn, "learning", sampling=sampling, seed=seed,
            durability=Durability(journals=Path(folder)),
        ) as memory:  # fmt: skip
            yield memory


def _agent(kind: Any, seed: int, capacity: int, buffer: Any = None, **options: Any) -> Any:
    """A new agent with a new environment; `buffer` is the class of its buffer, if not SB3's."""
    import torch
    from stable_baselines3.common.env_util import make_vec_env

    torch.set_num_threads(1)
    return kind(
        "MlpPolicy", make_vec_env(ENVIRONMENT, seed=seed), seed=seed, buffer_size=capacity,
        replay_buffer_class=buffer, replay_buffer_kwargs=options, **PARAMETERS,
    )  # fmt: skip


def _learn(agent: Any, steps: int) -> Result:
    """Let an agent learn for so many steps; what its evaluations found.

    They change nothing for the agent: they draw no random number that it draws from.
    """
    curve: list[float] = []
    aside = 0.0

    def evaluate(inside: dict[str, Any], _: dict[str, Any]) -> bool:
        nonlocal aside
        if agent.num_timesteps % EVERY == 0:
            began = time.perf_counter()
            curve.append(_evaluated(agent))
            aside += time.perf_counter() - began
        return True

    began = time.perf_counter()
    agent.learn(steps, callback=evaluate)
    seconds = time.perf_counter() - began - aside
    return {
        "steps": agent.num_timesteps,
        "final": _evaluated(agent),
        "area": round(sum(curve) / len(curve), 3),
        "curve": curve,
        "seconds": round(seconds, 1),
        "versions": {name: version(name) for name in ("stable-baselines3", "torch", "gymnasium")},
    }


def _evaluated(agent: Any) -> float:
    """The mean return of EPISODES episodes, always from the same first states, without chance."""
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy

    env = make_vec_env(ENVIRONMENT, EPISODES, seed=_FIRST_STATES)
    mean, _ = evaluate_policy(agent, env, EPISODES)
    return round(float(mean), 3)
