"""An open buffer: what goes in is drawn, kept, and there again, on both faces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cryptoscalp import AsyncDatabase, Database, InputError, NotFound
from cryptoscalp.infra.db.errors import IntegrityRefused
from cryptoscalp.replay.memory import ReplayMemory
from cryptoscalp.replay.replay_types import Durability, Mode, Sampling
from cryptoscalp.replay.tier_defaults import default_tiers
from cryptoscalp.replay.tier_types import Condition, Overflow, Tier
from tests.postgres import Place
from tests.replay.opened import declared, experiences, stored


async def test_what_is_added_is_there_again(
    db: AsyncDatabase, database: Place, journals: Durability
) -> None:
    features = await db.registry.register_feature_set("states", ["a", "b", "c"])
    await db.replay.create_buffer("one", features.feature_set_id, capacity=1000)
    given = experiences(40, width=3, seed=1)
    memory = await _opened(db, "one", seed=3, durability=journals)
    ids = memory.add(**given)
    batch = memory.sample(64)
    memory.update(batch, np.linspace(0.1, 5, 64))
    before = memory.held()
    memory.close()
    again = await _opened(db, "one", seed=3, durability=journals)
    after = again.held()
    order = np.argsort(after.memory_ids)
    assert after.memory_ids[order].tolist() == ids.tolist()
    for name in ("tiers", "priorities", "timestamps", "draws", "td_errors", "rewards"):
        wanted = getattr(before, name)[np.argsort(before.memory_ids)]
        np.testing.assert_array_equal(getattr(after, name)[order], wanted)
    assert again.verify() == []
    again.close()
    found = stored(database, "SELECT state, action, reward, next_state FROM experience_replay"
                             " ORDER BY memory_id LIMIT 1")  # fmt: skip
    state, action, reward, next_state = found[0]
    assert {k: np.float32(v) for k, v in state.items()} == dict(
        zip("abc", given["states"][0], strict=True)
    )
    assert next_state.keys() == state.keys()
    assert (action, reward) == (given["actions"][0], given["rewards"][0])


async def _opened(db: AsyncDatabase, name: str, **options: Any) -> ReplayMemory:
    opened: ReplayMemory = await db.replay.memory(name, **options)
    return opened


async def test_the_asyncio_face_opens_and_closes(
    db: AsyncDatabase, journals: Durability, mode: str
) -> None:
    features = await db.registry.register_feature_set("states", ["a"])
    await db.replay.create_buffer("one", features.feature_set_id, capacity=100)
    async with db.replay.memory("one", durability=journals) as memory:
        memory.add(**experiences(5, width=1))
        assert len(memory) == 5
    with pytest.raises(InputError, match="is closed here; open it again"):
        memory.sample(1)


def test_a_draw_is_the_same_with_the_same_seed(blocking: Database, journals: Durability) -> None:
    draws = []
    for name in ("one", "two"):
        declared(blocking, name, width=2)
        with blocking.replay.memory(name, seed=7, durability=journals) as memory:
            memory.add(**experiences(50, width=2), priorities=np.arange(1, 51))
            draws.append([memory.sample(8).states.tolist() for _ in range(3)])
            state = memory.state()
            following = memory.sample(8).states.tolist()
            memory.restore(state)
            assert memory.sample(8).states.tolist() == following
    assert draws[0] == draws[1]


def test_links_and_times_are_kept(
    blocking: Database, database: Place, journals: Durability
) -> None:
    declared(blocking, "one", width=2)
    blocking.registry.declare_model("scalper")
    version = blocking.registry.register_version("scalper").version
    blocking.trading.create_portfolio("desk", "USDT")
    now = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    with blocking.replay.memory("one", durability=journals) as memory:
        memory.add(
            **experiences(2, width=2), model="scalper", portfolio="desk", regime="CRISIS",
            trades=[17, 0], timestamps=[now, now + timedelta(seconds=1)],
            next_timestamps=now + timedelta(seconds=2), truncations=[False, True],
            episodes=[5, 5], steps=[0, 1],
        )  # fmt: skip
    found = stored(
        database,
        "SELECT model_id, name, trade_id, regime::text, timestamp, next_timestamp, truncated,"
        " episode, step, tier FROM experience_replay LEFT JOIN portfolios USING (portfolio_id)"
        " ORDER BY memory_id",
    )
    end = now + timedelta(seconds=2)
    assert found == [
        (version.model_id, "desk", 17, "CRISIS", now, end, False, 5, 0, 4),
        (version.model_id, "desk", None, "CRISIS", now + timedelta(seconds=1), end, True, 5, 1, 4),
    ]


@pytest.mark.long
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"states": [[1.0, np.nan], [0, 0]]}, r"states, row 1: number 2 is nan"),
        ({"states": [[1.0, 2.0, 3.0]] * 2}, r"states have the shape \(2, 3\); this buffer takes"),
        ({"states": [[1.0, 1e39], [0, 0]]}, r"states, row 1: number 2 is 1e\+39, which is no"),
        ({"states": [["a", "b"], ["c", "d"]]}, "states are <U1; they must be numbers"),
        ({"next_states": [[0.0, 0.0]]}, "next_states are 1; there must be 2"),
        ({"next_states": [[0.0, np.inf], [0, 0]]}, "next_states, row 1: number 2 is inf"),
        ({"rewards": [0.0, np.inf]}, "rewards, row 2: inf is not a finite float64"),
        ({"rewards": [10**400, 0]}, "rewards hold what is no number"),
        ({"rewards": [1.0]}, "rewards are 1; there must be 2"),
        ({"actions": [1.5, 2]}, "actions, row 1: 1.5 is no integer"),
        ({"actions": [1]}, "actions are 1; there must be 2"),
        ({"terminals": [2, 0]}, "terminals must be true or false"),
        ({"priorities": [1.0, 0.0]}, "priorities, row 2: 0.0 is not from 1e-60 to 1e60"),
        ({"priorities": [-1.0, 1.0]}, "priorities, row 1: -1.0 is not from 1e-60 to 1e60"),
        ({"priorities": [1.0, 1e300]}, r"priorities, row 2: 1e\+300 is not from 1e-60 to 1e60"),
        ({"actions": [np.nan, 1]}, "actions, row 1: nan is no integer"),
        ({"priorities": [np.nan, 1.0]}, "priorities, row 1: nan is not a finite float64"),
        ({"steps": [-1, 0]}, "steps must be whole numbers from 0"),
        ({"episodes": [0.5, 1]}, "episodes must be whole numbers from 0"),
        ({"timestamps": [1, 2]}, "timestamps, row 1: 1 µs since 1970 lies before 2009-01-03"),
        ({"timestamps": datetime(2026, 1, 1)}, "timestamps must have a time zone"),  # noqa: DTZ001
        ({"timestamps": [1_700_000_000_000_000] * 2, "next_timestamps": [1_700_000_000_000_001,
          1_700_000_000_000_000]}, "row 2: next_timestamps .* is not later than timestamps"),
        ({"regime": "CALM"}, "regime 'CALM': choose one of TRENDING"),
    ],
)  # fmt: skip
def test_what_cannot_be_stored_is_refused_and_nothing_changed(
    blocking: Database, journals: Durability, changes: dict[str, Any], told: str
) -> None:
    declared(blocking, "one", width=2)
    with blocking.replay.memory("one", durability=journals) as memory:
        memory.add(**experiences(3, width=2))
        with pytest.raises(InputError, match=told):
            memory.add(**{**experiences(2, width=2), **changes})
        assert len(memory) == 3
        assert memory.verify() == []


def test_what_is_not_there_is_said(blocking: Database, journals: Durability) -> None:
    declared(blocking, "one", width=2)
    with pytest.raises(NotFound, match="there is no replay buffer 'two'"):
        blocking.replay.memory("two", durability=journals)
    with pytest.raises(InputError, match=r"has states of feature set \d+ \(feature_0, feature_1;"):
        blocking.replay.memory("one", features=["feature_1", "feature_0"], durability=journals)
    with blocking.replay.memory(
        "one", features=["feature_0", "feature_1"], durability=journals
    ) as memory:
        with pytest.raises(NotFound):
            memory.add(**experiences(1, width=2), model="nobody")
        with pytest.raises(NotFound):
            memory.add(**experiences(1, width=2), portfolio="nobody")
        with pytest.raises(InputError, match="no tier holds an experience"):
            memory.sample(1)
        memory.add(**experiences(1, width=2))
        batch = memory.sample(4)
        assert batch.weights.tolist() == [1.0] * 4
        for wrong in ([1.0], [np.nan] * 4, ["x"] * 4):
            with pytest.raises(InputError):
                memory.update(batch, wrong)
        assert memory.update(batch, [0.0] * 4).all()
        assert memory.held().priorities.tolist() == [1e-12]


def test_updates_of_what_has_left_are_ignored_and_counted(
    blocking: Database, journals: Durability
) -> None:
    tiers = (
        Tier("only", 10, 1.0, Condition()),
        *(Tier(f"unused {n}", 0, 0.0) for n in range(2, 7)),
    )
    declared(blocking, "one", width=2, tiers=tiers)
    with blocking.replay.memory("one", durability=journals) as memory:
        first = memory.add(**experiences(10, width=2))
        batch = memory.sample(20)
        memory.add(**experiences(10, width=2))
        assert not set(memory.held().memory_ids.tolist()) & set(first.tolist())
        assert not memory.update(batch, np.full(20, 9.0)).any()
        assert memory.stale == 20
        assert memory.held().priorities.max() == 1.0
        assert memory.verify() == []


def test_full_tiers_let_go_by_their_rules(
    blocking: Database, database: Place, journals: Durability
) -> None:
    tiers = (
        Tier("recent", 100, 1.0, Condition()),
        Tier("best", 50, 1.0, Condition(priority_from=5.0), (), Overflow.LOWEST_PRIORITY, 1),
        *(Tier(f"unused {n}", 0, 0.0) for n in range(3, 7)),
    )
    declared(blocking, "one", width=2, tiers=tiers)
    chance = np.random.default_rng(5)
    priorities = np.concatenate([chance.uniform(0.1, 4.9, 300), chance.uniform(5, 9, 120)])
    chance.shuffle(priorities)
    times = 1_700_000_000_000_000 + np.arange(len(priorities)) * 1000
    with blocking.replay.memory("one", durability=journals, rules_every_s=None) as memory:
        recent: list[tuple[int, float]] = []
        best: list[tuple[int, float]] = []
        for at in range(0, len(priorities), 7):
            part = slice(at, at + 7)
            new = list(zip(times[part].tolist(), priorities[part].tolist(), strict=True))
            memory.add(
                **experiences(len(new), width=2), priorities=priorities[part],
                timestamps=times[part],
            )  # fmt: skip
            # Who is there makes room: the lowest go to the recent, whose oldest leave.
            entering = [one for one in new if one[1] >= 5]
            best.sort(key=lambda one: one[1])
            out = max(len(best) + len(entering) - 50, 0)
            recent = sorted(recent + best[:out])
            best = best[out:] + entering
            more = len(new) - len(entering)
            # A full tier lets one of 64 go at once beside those that must.
            lacking = len(recent) + more - 100
            recent = recent[lacking + 1 if lacking > 0 else 0 :]
            recent += [one for one in new if one[1] < 5]
            held = memory.held()
            for tier, wanted in ((0, recent), (1, best)):
                found = held.tiers == tier
                there = zip(held.timestamps[found], held.priorities[found], strict=True)
                assert sorted(there) == sorted(wanted)
        assert memory.verify() == []
    left = stored(database, "SELECT sum(cardinality(array_positions(tiers, 0::smallint)))"
                            " FROM replay_changes")  # fmt: skip
    assert left == [(len(priorities) - len(held),)]


def test_who_admits_nothing_stores_nothing(blocking: Database, journals: Durability) -> None:
    tiers = (
        Tier("high", 10, 1.0, Condition(priority_from=2.0)),
        *(Tier(f"unused {n}", 0, 0.0) for n in range(2, 7)),
    )
    declared(blocking, "one", width=2, tiers=tiers)
    with blocking.replay.memory("one", durability=journals) as memory:
        ids = memory.add(**experiences(3, width=2), priorities=[1.0, 2.0, 3.0])
        assert ids[0] == 0
        assert sorted(memory.held().memory_ids.tolist()) == ids[1:].tolist()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Sampling(mode="FOO"), "mode 'FOO': choose one of UNIFORM, PRIORITIZED"),  # type: ignore[arg-type]
        (lambda: Sampling(alpha="x"), "sampling cannot be with alpha = 'x'"),  # type: ignore[arg-type]
        (lambda: Sampling(alpha=2.5, n_step=0), "with alpha = 2.5, n_step = 0"),
        (lambda: Sampling(n_step=1.5), "with n_step = 1.5"),  # type: ignore[arg-type]
        (lambda: Sampling(half_life=0.0), "with half_life = 0.0"),
        (lambda: Durability(sync_every_s=-1.0), "durability cannot be with sync_every_s = -1.0"),
        (lambda: Durability(sync_every_s=float("nan")), "with sync_every_s = nan"),
        (lambda: Durability(store_every_s=0.0), "with store_every_s = 0.0"),
        (lambda: Durability(journal_limit_bytes=10), "with journal_limit_bytes = 10"),
        (lambda: Durability(room_timeout_s=-1.0), "with room_timeout_s = -1.0"),
    ],
)
def test_parameters_that_cannot_be(wrong: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        wrong()


def test_names_do_for_modes_and_folders() -> None:
    assert Sampling(mode="RANK").mode is Mode.RANK  # type: ignore[arg-type]
    assert Durability(journals="here").journals == Path("here")  # type: ignore[arg-type]


def test_calls_that_cannot_be(blocking: Database, journals: Durability) -> None:
    declared(blocking, "one", width=2)
    with pytest.raises(InputError, match="seed is -1: it is a whole number from 0"):
        blocking.replay.memory("one", seed=-1, durability=journals)
    with blocking.replay.memory("one", durability=journals) as memory:
        memory.add(**experiences(3, width=2))
        for n in (0, 1.5, "a", None, 10**9):
            with pytest.raises(InputError, match="draw 1 to 1,000,000 at once"):
                memory.sample(n)  # type: ignore[arg-type]
        with pytest.raises(InputError, match="beta is 'x'"):
            memory.sample(4, beta="x")  # type: ignore[arg-type]
        for state in ({}, None, {"generator": 1, "batches": 2, "stale": 3}):
            with pytest.raises(InputError, match="this is no state of a replay memory"):
                memory.restore(state)  # type: ignore[arg-type]
        with pytest.raises(InputError, match="a batch is what `sample` returns, not NoneType"):
            memory.update(None, [1])  # type: ignore[arg-type]
        assert memory.verify() == []


def test_beta_grows_from_when_it_was_set(blocking: Database, journals: Durability) -> None:
    declared(blocking, "one", width=2)
    with blocking.replay.memory("one", seed=1, durability=journals) as memory:
        memory.add(**experiences(2, width=2), priorities=[1.0, 4.0])
        for _ in range(20):
            memory.sample(8)
        memory.sampling = Sampling(alpha=1.0, beta=0.5, beta_draws=10, eps=0.0)
        least = [memory.sample(64).weights.min() for _ in range(12)]
        np.testing.assert_allclose(least, 0.25 ** np.minimum(0.5 + 0.05 * np.arange(12), 1.0))


def test_a_buffer_is_declared_once(blocking: Database) -> None:
    made = declared(blocking, "one", width=2)
    assert declared(blocking, "one", width=2) == made
    with pytest.raises(IntegrityRefused, match="'one' is there with another"):
        declared(blocking, "one", width=3)
    assert [one.name for one in blocking.replay.buffers()] == ["one"]
    wider = default_tiers(5000)
    assert blocking.replay.set_tiers("one", wider).tiers == wider


def test_modes_can_be_changed_while_it_is_open(blocking: Database, journals: Durability) -> None:
    declared(blocking, "one", width=2)
    with blocking.replay.memory("one", seed=1, durability=journals) as memory:
        memory.add(**experiences(100, width=2), priorities=np.linspace(1, 100, 100))
        for mode in Mode:
            memory.sampling = Sampling(mode=mode, half_life=10.0)
            batch = memory.sample(500)
            if mode is Mode.UNIFORM:
                np.testing.assert_allclose(batch.probabilities, 0.01)
            else:
                assert batch.memory_ids.mean() > memory.held().memory_ids.mean() + 3
        assert memory.verify() == []
