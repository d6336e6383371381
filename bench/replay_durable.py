"""Replay with durability on: a journal on disk and PostgreSQL behind it, beside cpprb in memory."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.figures import Bar, Figure, Section, latency
from bench.place import Place
from cryptoscalp import Database
from cryptoscalp.replay.memory import ReplayMemory
from cryptoscalp.replay.replay_types import Batch, Durability, Floats, Sampling
from cryptoscalp.replay.tier_types import Condition, Tier

NAME: Final = "replay_durable"
_WIDTH: Final = 64
_BATCH: Final = 256
_ADDED: Final = 1_000
_SAMPLING: Final = Sampling(alpha=0.6, eps=1e-4, beta=0.4)
#: Distinct updates a second at which PostgreSQL has to keep up.
_PACE: Final = 50_000


def measure(place: Place, quick: bool) -> Section | None:
    """Fill a buffer, draw and update in turn with the peer, then build it anew from PostgreSQL."""
    try:
        import cpprb
    except ImportError:  # it has wheels for Linux on x86-64 only
        return None
    rows, calls, seconds = (20_000, 100, 0.5) if quick else (1_000_000, 20_000, 20.0)
    peer = cpprb.PrioritizedReplayBuffer(
        rows,
        {"obs": {"shape": _WIDTH, "dtype": np.float32},
         "next_obs": {"shape": _WIDTH, "dtype": np.float32}, "act": {"dtype": np.int64},
         "rew": {"dtype": np.float64}, "done": {"dtype": np.bool_}},
        alpha=_SAMPLING.alpha, eps=_SAMPLING.eps,
    )  # fmt: skip
    chance = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder, place.connect() as db:
        durability = Durability(journals=Path(folder))
        _declare(db, rows)
        with _opened(db, durability) as memory:
            figures = _filled(memory, peer, chance, rows)
            figures += _turns(memory, peer, chance, calls)
            figures += _paced(memory, chance, seconds)
            figures += _one_by_one(memory, chance, calls // 10)
            memory.flush(None)
            figures += _in_sql(db, memory)
        began = time.perf_counter()
        with _opened(db, durability) as memory:
            took = time.perf_counter() - began
            figures.append(
                Figure(f"rebuild of {len(memory):,} from PostgreSQL", took, "s",
                       bars=(Bar("figure", "≤", 30.0),))
            )  # fmt: skip
            wrong = memory.verify()
    if wrong:
        raise AssertionError(f"memory and database differ: {wrong}")
    return Section(
        NAME,
        f"ReplayMemory: {rows:,} experiences of {_WIDTH} float32 numbers a state in six tiers,"
        f" batches of {_BATCH}; the journal is synced every {durability.sync_every_s} s and stored"
        f" every {durability.store_every_s} s, rules of tiers every 5 s",
        "cpprb's PrioritizedReplayBuffer with the same shape in memory only; draws and updates call"
        " by call in turn",
        place.settings(),
        [figure for figure in figures if figure.bars or figure.peer is not None],
        # What has neither bar nor peer is in the JSON only.
        detail={
            figure.name: f"{figure.value:.4g} {figure.unit}"
            for figure in figures
            if not figure.bars and figure.peer is None
        },
    )


def _declare(db: Database, rows: int) -> None:
    names = [f"feature_{n}" for n in range(_WIDTH)]
    features = db.registry.register_feature_set("bench", names)
    db.replay.create_buffer("bench", features.feature_set_id, tiers=_tiers(rows))


def _tiers(rows: int) -> tuple[Tier, ...]:
    """Six tiers by priority, which is exponential: as many as each gets fit in, and some more."""
    parts = (0.40, 0.20, 0.15, 0.10, 0.10, 0.05)
    weights = (0.30, 0.20, 0.15, 0.15, 0.10, 0.10)
    below = np.concatenate([[0.0], np.cumsum(parts)[:-1]])
    return tuple(
        Tier(f"tier {n}", round(1.1 * part * rows) + 1000, weight,
             Condition(priority_from=float(-np.log1p(-least))))
        for n, (part, weight, least) in enumerate(zip(parts, weights, below, strict=True), 1)
    )  # fmt: skip


def _opened(db: Database, durability: Durability) -> ReplayMemory:
    return db.replay.memory("bench", sampling=_SAMPLING, seed=1, durability=durability)


def _filled(
    memory: ReplayMemory, peer: Any, chance: np.random.Generator, rows: int
) -> list[Figure]:
    spent = theirs = 0.0
    for _ in range(0, rows, _ADDED):
        states = chance.random((_ADDED + 1, _WIDTH), dtype=np.float32)
        given = (
            states[:-1], chance.integers(0, 3, _ADDED), chance.normal(size=_ADDED), states[1:],
            np.zeros(_ADDED, np.bool_),
        )  # fmt: skip
        priorities = chance.exponential(size=_ADDED) + 1e-9
        began = time.perf_counter()
        memory.add(*given, priorities=priorities)
        between = time.perf_counter()
        peer.add(obs=given[0], act=given[1], rew=given[2], next_obs=given[3], done=given[4],
                 priorities=priorities)  # fmt: skip
        spent += between - began
        theirs += time.perf_counter() - between
    began = time.perf_counter()
    memory._outbox.sync()
    spent += time.perf_counter() - began
    began = time.perf_counter()
    memory.flush(None)
    behind = time.perf_counter() - began
    return [
        Figure(f"durable, add by {_ADDED:,}, synced journal", rows / spent, "rows/s", rows / theirs,
               (Bar("figure", "≥", 20_000.0),)),
        Figure(f"add by {_ADDED:,}, until PostgreSQL has all", rows / (spent + behind), "rows/s"),
    ]  # fmt: skip


def _turns(
    memory: ReplayMemory, peer: Any, chance: np.random.Generator, calls: int
) -> list[Figure]:
    """Latencies of both; how far journal and database were behind at most."""
    seconds: Floats = np.empty((calls, 4))
    journal = database = 1e-6
    for call in range(calls):
        errors = chance.exponential(size=_BATCH) + 0.01
        marks = [time.perf_counter()]
        batch = memory.sample(_BATCH)
        marks.append(time.perf_counter())
        memory.update(batch, errors)
        marks.append(time.perf_counter())
        drawn = peer.sample(_BATCH, beta=_SAMPLING.beta)
        marks.append(time.perf_counter())
        peer.update_priorities(drawn["indexes"], errors)
        marks.append(time.perf_counter())
        seconds[call] = np.diff(marks)
        if call % 50 == 0:
            lags = memory.lags
            journal, database = max(journal, lags.journal_s), max(database, lags.database_s)
    draw, update, peer_draw, peer_update = seconds.T
    ours, theirs = float((draw + update).sum()), float((peer_draw + peer_update).sum())
    elapsed = float(seconds.sum())
    return [
        *latency(f"durable, sample of {_BATCH}", draw.tolist(), peer_draw.tolist(), {}),
        *latency(f"durable, update of {_BATCH}", update.tolist(), peer_update.tolist(), {}),
        Figure("durable, sample and update", calls / ours, "batches/s", calls / theirs,
               (Bar("ratio", "≥", 1.0),)),
        Figure("journal behind, at most, meanwhile", journal, "s", bars=(Bar("figure", "≤", 2.0),)),
        Figure("PostgreSQL behind, at most, meanwhile", database, "s",
               note=f"at {calls * _BATCH / elapsed:,.0f} updates/s, not all distinct"),
    ]  # fmt: skip


def _paced(memory: ReplayMemory, chance: np.random.Generator, seconds: float) -> list[Figure]:
    """Distinct updates at a pace; how far PostgreSQL is behind at most."""
    memory.flush(None)
    held = memory.held()
    order = chance.permutation(len(held))
    began = time.perf_counter()
    done, database = 0, 0.0
    while (now := time.perf_counter() - began) < seconds:
        if done > now * _PACE:
            time.sleep(0.001)
            continue
        at = order[np.arange(done, done + _BATCH) % len(order)]
        memory.update(_as_batch(held.memory_ids[at], held.slots[at]), np.full(_BATCH, 1.0 + now))
        done += _BATCH
        database = max(database, memory.lags.database_s)
    reached = done / (time.perf_counter() - began)
    return [
        Figure(f"PostgreSQL behind, at most, at {_PACE:,} distinct updates/s", database, "s",
               bars=(Bar("figure", "≤", 2.0),), note=f"{reached:,.0f} updates/s were made"),
    ]  # fmt: skip


def _one_by_one(memory: ReplayMemory, chance: np.random.Generator, calls: int) -> list[Figure]:
    """Latency of adding a single experience."""
    spent = []
    for _ in range(calls):
        states = chance.random((2, _WIDTH), dtype=np.float32)
        began = time.perf_counter()
        memory.add(states[:1], [1], [0.5], states[1:], [False], priorities=[1e-3])
        spent.append(time.perf_counter() - began)
    return latency("add of 1", spent, None, {})


def _in_sql(db: Database, memory: ReplayMemory) -> list[Figure]:
    """What drawing 256 by sample_experiences() takes, from each tier alone and from all."""
    figures = []
    counts = memory.counts.tolist()
    ways = [(f"tier of {counts[n]:,}", np.eye(6)[n].tolist()) for n in range(6)]
    for name, weights in [*ways, (f"all {sum(counts):,}", None)]:
        began = time.perf_counter()
        db.replay.sample("bench", _BATCH, tier_weights=weights)
        took = (time.perf_counter() - began) * 1000
        figures.append(Figure(f"SQL, {_BATCH} from {name}", took, "ms"))
    return figures


def _as_batch(memory_ids: Any, slots: Any) -> Batch:
    """What `update` needs of a batch."""
    none = np.zeros(len(slots))
    return Batch(
        states=none.astype(np.float32), actions=none, rewards=none,
        next_states=none.astype(np.float32), terminals=none.astype(np.bool_), discounts=none,
        weights=none, probabilities=none, memory_ids=memory_ids, slots=slots,
        tiers=none.astype(np.int8),
    )  # fmt: skip
