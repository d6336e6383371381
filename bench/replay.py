"""Replay: draws, updates and additions in memory, beside cpprb's prioritized replay buffer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psutil

from bench.figures import Bar, Figure, Section, latency
from bench.place import Place
from cryptoscalp.replay.arena import Arena
from cryptoscalp.replay.replay_types import ActionKind, Columns, Floats, Sampling, Shape

NAME: Final = "replay"
_WIDTH: Final = 64
_BATCH: Final = 256
_ADDED: Final = 1_000
_ALPHA: Final = 0.6
_EPS: Final = 1e-4
_BETA: Final = 0.4
_WARM_UP: Final = 20
#: Shares of draws of the six tiers, and parts of the experiences that they hold.
_WEIGHTS: Final = (0.30, 0.20, 0.15, 0.15, 0.10, 0.10)
_PARTS: Final = (0.40, 0.20, 0.15, 0.10, 0.10, 0.05)
_BARS: Final = (Bar("ratio", "≥", 1.0),)


def measure(place: Place, quick: bool) -> Section | None:
    """Fill both, then draw and update call by call in turn, then replace what is held."""
    try:
        import cpprb
    except ImportError:  # it has wheels for Linux on x86-64 only
        return None
    rows, calls = (20_000, 100) if quick else (1_000_000, 5_000)
    compiling = _compile()
    before = _resident()
    fields = {"shape": _WIDTH, "dtype": np.float32}
    peer = cpprb.PrioritizedReplayBuffer(
        rows,
        {"obs": fields, "next_obs": fields, "act": {"dtype": np.int64},
         "rew": {"dtype": np.float64}, "done": {"dtype": np.bool_}},
        alpha=_ALPHA, eps=_EPS,
    )  # fmt: skip
    _add_peer(peer, _Given(), rows)
    held = _resident() - before
    # The second time round it overwrites the oldest. Filling is not compared: that measures what
    # the system takes to give the memory, which the one that comes first takes longest to get.
    peers = _Peer(peer, rows / _add_peer(peer, _Given(), rows), held)
    figures = [
        *_figures("one tier", (1.0,), (1.0,), peers, calls),
        *_figures("six tiers", _PARTS, _WEIGHTS, peers, calls),
    ]
    return Section(
        NAME,
        f"Arena in process: {rows:,} experiences of {_WIDTH} float32 numbers a state, batches of"
        f" {_BATCH}; compiling took {compiling:.1f} s before (numba; less where its cache is kept)",
        "cpprb's PrioritizedReplayBuffer with the same shape; draws and updates call by call in"
        " turn; its draws often repeat from call to call, so it has them in the cache",
        place.settings(),
        figures,
        detail={"compile_s": compiling},
    )


@dataclass(frozen=True, slots=True)
class _Peer:
    """The peer's buffer, full; rows/s of overwriting it; its bytes."""

    buffer: Any
    added: float
    held: int


def _figures(
    name: str, parts: Sequence[float], weights: Sequence[float], peer: _Peer, calls: int
) -> list[Figure]:
    """Everything about an arena of such tiers; it is gone at the end, for the next one's memory."""
    before = _resident()
    capacities = [round(part * peer.buffer.get_buffer_size()) for part in parts]
    sampling = Sampling(alpha=_ALPHA, eps=_EPS, beta=_BETA)
    arena = Arena(Shape(_WIDTH, ActionKind.DISCRETE), capacities, weights, sampling, 1)
    # All tiers in a mixed order, as time brings it.
    tiers = np.repeat(np.arange(len(capacities), dtype=np.int8), capacities)
    np.random.default_rng(2).shuffle(tiers)
    given = _Given()
    _add(arena, given, tiers)
    held = _resident() - before
    return [
        Figure(f"{name}, memory (growth of RSS)", held / 2**20, "MiB", peer.held / 2**20),
        *_turns(arena, peer.buffer, calls, name),
        *_replacing(arena, peer, given, tiers, name),
    ]  # fmt: skip


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)


class _Given:
    """Experiences one batch after the other, always the same."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(1)
        self._first = 0

    def batch(self, count: int) -> Columns:
        ids = np.arange(self._first, self._first + count)
        self._first += count
        states = self._rng.random((count + 1, _WIDTH), dtype=np.float32)
        ends = ids % 100 == 99
        return Columns(
            ids, states[:-1], ids % 3, self._rng.normal(size=count), states[1:], ends,
            np.zeros(count, np.bool_), ids // 100, (ids % 100).astype(np.int32), ids * 1_000_000,
            self._rng.exponential(size=count) + 0.01, np.zeros(count, np.int8),
        )  # fmt: skip


def _compile() -> float:
    """Seconds until everything that is measured has run once."""
    began = time.perf_counter()
    arena = Arena(Shape(_WIDTH, ActionKind.DISCRETE), [8], [1.0], Sampling(), 1)
    arena.put(_Given().batch(8), [0] * 8)
    batch = arena.sample(8)
    arena.update(batch.memory_ids, batch.slots, np.ones(8))
    arena.remove(np.arange(8))
    return time.perf_counter() - began


def _add(arena: Arena, given: _Given, tiers: npt.NDArray[np.int8]) -> None:
    """Put one experience into each tier that is named, in batches."""
    for first in range(0, len(tiers), _ADDED):
        into = tiers[first : first + _ADDED]
        arena.put(given.batch(len(into)), into)


def _replacing(
    arena: Arena, peer: _Peer, given: _Given, tiers: npt.NDArray[np.int8], name: str
) -> list[Figure]:
    """Let the oldest go and put new ones in their place, until all are new."""
    removing = adding = 0.0
    for first in range(0, len(tiers), _ADDED):
        into = tiers[first : first + _ADDED]
        columns = given.batch(len(into))
        oldest = np.arange(first, first + len(into))
        began = time.perf_counter()
        arena.remove(oldest)
        between = time.perf_counter()
        arena.put(columns, into)
        removing += between - began
        adding += time.perf_counter() - between
    rows = len(tiers)
    return [
        Figure(f"{name}, added by {_ADDED:,}", rows / adding, "rows/s", peer.added),
        Figure(f"{name}, added by {_ADDED:,} with removing the oldest",
               rows / (adding + removing), "rows/s", peer.added),
    ]  # fmt: skip


def _add_peer(peer: Any, given: _Given, rows: int) -> float:
    spent = 0.0
    for first in range(0, rows, _ADDED):
        columns = given.batch(min(_ADDED, rows - first))
        began = time.perf_counter()
        peer.add(obs=columns.states, next_obs=columns.next_states, act=columns.actions,
                 rew=columns.rewards, done=columns.terminals,
                 priorities=columns.priorities)  # fmt: skip
        spent += time.perf_counter() - began
    return spent


def _turns(arena: Arena, peer: Any, calls: int, name: str) -> list[Figure]:
    """Latencies of drawing and of updating, and batches a second of both together."""
    rng = np.random.default_rng(3)
    seconds: Floats = np.empty((_WARM_UP + calls, 4))
    for call in range(len(seconds)):
        priorities = rng.exponential(size=_BATCH) + 0.01
        marks = [time.perf_counter()]
        batch = arena.sample(_BATCH)
        marks.append(time.perf_counter())
        arena.update(batch.memory_ids, batch.slots, priorities)
        marks.append(time.perf_counter())
        drawn = peer.sample(_BATCH, beta=_BETA)
        marks.append(time.perf_counter())
        peer.update_priorities(drawn["indexes"], priorities)
        marks.append(time.perf_counter())
        seconds[call] = np.diff(marks)
    draw, update, peer_draw, peer_update = seconds[_WARM_UP:].T
    ours, theirs = draw + update, peer_draw + peer_update
    return [
        *latency(f"{name}, sample of {_BATCH}", draw.tolist(), peer_draw.tolist(), {}),
        *latency(f"{name}, update of {_BATCH}", update.tolist(), peer_update.tolist(), {}),
        Figure(f"{name}, sample and update", calls / float(ours.sum()), "batches/s",
               calls / float(theirs.sum()), _BARS),
    ]  # fmt: skip
