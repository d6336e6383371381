"""What the replay subject's operations take and return."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.replay.tier_types import Tier

Floats: TypeAlias = npt.NDArray[np.float64]
Float32s: TypeAlias = npt.NDArray[np.float32]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]
#: A journal has room for a change of tiers, and something to change.
LEAST_JOURNAL_BYTES: Final = 1 << 17


class Mode(StrEnum):
    """What the probability of a draw within a tier is proportional to.

    UNIFORM: 1. PRIORITIZED: (priority + eps) ** alpha. RANK: (1 / rank) ** alpha, rank 1 for the
    highest priority. RECENCY: 2 ** (-age / half_life), age counted in experiences added since.
    """

    UNIFORM = "UNIFORM"
    PRIORITIZED = "PRIORITIZED"
    RANK = "RANK"
    RECENCY = "RECENCY"


class ActionKind(StrEnum):
    """DISCRETE: one integer. CONTINUOUS: float32 numbers."""

    DISCRETE = "DISCRETE"
    CONTINUOUS = "CONTINUOUS"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How experiences are drawn (Schaul et al. 2016, Prioritized Experience Replay).

    `alpha` (to 2), `eps`: see `Mode`. `beta`: exponent of the importance weights, growing linearly
    to `beta_final` over `beta_draws` draws of a batch since it was set; constant where that is
    None. `half_life`: for RECENCY, in experiences. `n_step`, `gamma`: rewards of so many steps are
    summed, discounted by gamma a step.
    """

    mode: Mode = Mode.PRIORITIZED
    alpha: float = 0.6
    beta: float = 0.4
    beta_final: float = 1.0
    beta_draws: int | None = None
    eps: float = 1e-6
    half_life: float = 100_000.0
    n_step: int = 1
    gamma: float = 0.99

    def __post_init__(self) -> None:
        """Raise InputError for parameters that mean nothing; a mode may be given by its name."""
        try:
            object.__setattr__(self, "mode", Mode(self.mode))
        except ValueError:
            raise InputError(f"mode {self.mode!r}: choose one of {', '.join(Mode)}") from None
        draws = self.beta_draws
        allowed = {
            "alpha": is_between(self.alpha, 0, 2), "beta": is_between(self.beta, 0, 100),
            "beta_final": is_between(self.beta_final, 0, 100), "eps": is_between(self.eps, 0, 1e60),
            "half_life": is_between(self.half_life, 0, math.inf) and 0 < self.half_life < math.inf,
            "gamma": is_between(self.gamma, 0, 1), "n_step": _whole(self.n_step),
            "beta_draws": draws is None or _whole(draws),
        }  # fmt: skip
        wrong = [f"{name} = {getattr(self, name)!r}" for name, fits in allowed.items() if not fits]
        if wrong:
            raise InputError(f"sampling cannot be with {', '.join(wrong)}")


@dataclass(frozen=True, slots=True)
class Shape:
    """The form of a buffer's experiences: numbers a state, and the action."""

    state_width: int
    action_kind: ActionKind
    #: Numbers an action; 1 for DISCRETE.
    action_width: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Experiences as columns, one element or row each.

    states, next_states float32 (n, state_width); actions int64 (n,) or float32 (n, action_width);
    rewards float64; terminals: the episode ended there; truncations: it was cut there; episodes:
    what numbers of one episode share; steps: 0, 1, 2, ... within it; timestamps: microseconds since
    1970, UTC, of the state; priorities: raw, > 0; regimes: index of the regime, -1 for none.
    """

    memory_ids: Ints
    states: Float32s
    actions: npt.NDArray[Any]
    rewards: Floats
    next_states: Float32s
    terminals: Bools
    truncations: Bools
    episodes: Ints
    steps: npt.NDArray[np.int32]
    timestamps: Ints
    priorities: Floats
    regimes: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.memory_ids)

    def some(self, which: slice | Ints | Bools) -> Columns:
        """Some of the experiences, in their order."""
        return Columns(*(getattr(self, field.name)[which] for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Drawn experiences, as contiguous arrays of n.

    states, next_states float32 (n, state_width): next_states is the state n_step steps on, or where
    the episode, or what is held of it, ends before. rewards float64: discounted sum over these
    steps. discounts float64: gamma ** steps, which next_states' value is multiplied by. terminals:
    no value follows. weights float64: importance weights, (N P(i)) ** -beta over the greatest of
    the whole buffer, so 0 < w <= 1. probabilities float64: P(i) = tier weight x P(i | tier).
    memory_ids int64, slots int64: what `update` takes. tiers int8.
    """

    states: Float32s
    actions: npt.NDArray[Any]
    rewards: Floats
    next_states: Float32s
    terminals: Bools
    discounts: Floats
    weights: Floats
    probabilities: Floats
    memory_ids: Ints
    slots: Ints
    tiers: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.memory_ids)


@dataclass(frozen=True, slots=True)
class Buffer:
    """A declared replay buffer."""

    buffer_id: int
    name: str
    feature_set_id: int
    features: tuple[str, ...]
    fingerprint: bytes
    shape: Shape
    tiers: tuple[Tier, ...]
    created_at: datetime
    checkpointed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lags:
    """How far behind memory the two durable places are.

    `journal_s`: seconds since the oldest addition or update that a crash of the machine would take
    (one of the process takes none); `database_s`: that the database does not have; `records`: how
    many of the journal's those are. `journal_bytes`: size of the journal on disk, what the database
    has already in part. `failure`: why the database took nothing last time.
    """

    journal_s: float
    database_s: float
    records: int
    journal_bytes: int
    failure: str | None


@dataclass(frozen=True, slots=True)
class Durability:
    """How fast what is added and learned becomes durable.

    Every record is written to the journal before its call returns: a crash of the process loses
    none. `sync_every_s`: how often the journal is synced, so that a crash of the machine loses at
    most what came since; 0: at every call. `store_every_s`: how often it goes to PostgreSQL, and
    others' experiences come from there. `journal_limit_bytes`: the journal's bound while the
    database is away; then calls wait, for `room_timeout_s` at most (None: for ever), and raise
    JournalFull. `journals`: the folder of journals; None: CRYPTOSCALP_REPLAY_JOURNALS, or the
    platform's folder for what a program keeps.
    """

    sync_every_s: float = 0.2
    store_every_s: float = 0.5
    journal_limit_bytes: int = 1 << 30
    room_timeout_s: float | None = None
    journals: Path | None = None

    def __post_init__(self) -> None:
        """Raise InputError for times and a bound that cannot be; a folder may be given as text."""
        given: object = self.journals
        if isinstance(given, str):
            object.__setattr__(self, "journals", Path(given))
        timeout = self.room_timeout_s
        allowed = {
            "sync_every_s": is_between(self.sync_every_s, 0, 3600),
            "store_every_s": is_between(self.store_every_s, 0.001, 3600),
            "journal_limit_bytes": _whole(self.journal_limit_bytes)
            and self.journal_limit_bytes >= LEAST_JOURNAL_BYTES,
            "room_timeout_s": timeout is None or is_between(timeout, 0, 1e9),
            "journals": self.journals is None or isinstance(self.journals, Path),
        }
        wrong = [f"{name} = {getattr(self, name)!r}" for name, fits in allowed.items() if not fits]
        if wrong:
            raise InputError(f"durability cannot be with {', '.join(wrong)}")


def is_between(value: object, least: float, most: float) -> bool:
    """Whether it is a number from `least` to `most`."""
    return isinstance(value, Real) and least <= float(value) <= most


def _whole(value: object) -> bool:
    return isinstance(value, Integral) and int(value) >= 1
