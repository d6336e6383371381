"""Working priorities, moves, checkpoints and writers' positions, by plain SQL and by their flow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psycopg
import pytest

from cryptoscalp import IntegrityRefused, connect
from cryptoscalp.infra.db.flow import Operation
from cryptoscalp.replay.outbox import nothing
from cryptoscalp.replay.storing import Working, finish
from tests.postgres import Place
from tests.replay.plain import Session, buffer, experiences, record

FINISH = Operation(finish, transaction=True, retry=True)


@pytest.fixture
def session(database: Place) -> Iterator[Session]:
    """The login's session."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        yield connection


def fetch(session: Session, query: str, *given: Any) -> list[tuple[Any, ...]]:
    return session.execute(query.encode(), given).fetchall()


def test_values_are_set_added_or_kept(session: Session) -> None:
    record(session, buffer(session), experiences([1, 2, 3]))
    record(session, buffer(session, "two"), experiences([9]))
    update = "SELECT set_replay_priorities(1, %s, %s::float8[], %s::float8[], %s::bigint[])"
    # 8 is gone, 9 of another buffer.
    given = ([1, 2, 8, 9], [5.0, None, 5.0, 5.0], [0.5, None, 1.0, 1.0], [2, None, 1, 1])
    assert fetch(session, update, *given) == [(2,)]
    assert fetch(session, update, [1], [None], [None], [3]) == [(1,)]
    assert fetch(session, update, [], [], [], []) == [(0,)]
    rows = "SELECT memory_id, priority, td_error, draws FROM replay_priorities ORDER BY 1"
    assert fetch(session, rows) == [
        (1, 5, 0.5, 5), (2, 2, None, 0), (3, 3, None, 0), (9, 1, None, 0),
    ]  # fmt: skip


def test_moves_are_told_and_what_is_gone_is_left_out(session: Session) -> None:
    record(session, buffer(session), experiences([1, 2, 3]))
    record(session, buffer(session, "two"), experiences([9]))
    change = "SELECT moved, evicted FROM change_replay(1, NULL, %s, %s::bigint[], 'asked')"
    assert fetch(session, change, [1, 2, 8, 9], [4, 0, 2, 0]) == [(1, 1)]
    # The same again has nothing to do, and tells nothing.
    assert fetch(session, change, [1, 2, 8, 9], [4, 0, 2, 0]) == [(0, 0)]
    assert fetch(session, "SELECT memory_ids, tiers, reason FROM replay_changes") == [
        ([1, 2, 8, 9], [4, 0, 2, 0], "asked")
    ]
    rows = "SELECT memory_id, tier FROM replay_priorities ORDER BY 1"
    assert fetch(session, rows) == [(1, 4), (3, 3), (9, 1)]


def test_a_checkpoint_follows_what_differs(session: Session) -> None:
    record(session, buffer(session), experiences(range(1, 7)))
    assert fetch(session, "SELECT checkpoint_replay(1)") == [(0,)]
    session.execute("SELECT set_replay_priorities(1, '{2}', '{9}', '{1}', '{1}')")
    session.execute("SELECT change_replay(1, NULL, '{3}', '{6}', 'x')")
    assert fetch(session, "SELECT checkpoint_replay(1)") == [(2,)]
    assert fetch(session, "SELECT checkpoint_replay(1)") == [(0,)]
    rows = "SELECT memory_id, tier, priority FROM experience_replay WHERE memory_id IN (2, 3)"
    assert sorted(fetch(session, rows)) == [(2, 2, 9), (3, 6, 3)]
    assert fetch(session, "SELECT checkpointed_at <= now() FROM replay_buffers") == [(True,)]


def test_a_writers_position_moves_once(session: Session) -> None:
    buffer(session)
    assert fetch(session, "SELECT open_replay_writer(1), open_replay_writer(1)") == [(1, 2)]
    session.execute("SELECT advance_replay_writer(1, 0, 5, 2)")
    for wrong in ("1, 0, 5, 0", "1, 5, 4, 0", "3, 0, 1, 0", "NULL, 0, 1, 0"):
        with pytest.raises(psycopg.Error, match="is not at record") as refused:
            session.execute(f"SELECT advance_replay_writer({wrong})".encode())
        assert refused.value.sqlstate == "CS010"
    session.execute("SELECT advance_replay_writer(1, 5, 5, 1)")
    rows = "SELECT writer_id, position, stale_updates, written_at IS NULL FROM replay_writers"
    assert sorted(fetch(session, rows)) == [(1, 5, 3, False), (2, 0, 0, True)]


def test_faults_are_named(session: Session, database: Place) -> None:
    given = experiences([1, 2, 3, 4]) | {"trade_ids": [None, None, 5, None]}
    record(session, buffer(session), given)
    with psycopg.connect(database.admin_dsn) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE experience_replay SET state = '{\"a\": 1}' WHERE memory_id = 1")
        admin.execute("DELETE FROM replay_priorities WHERE memory_id = 2")
        admin.execute("UPDATE experience_replay SET next_state_vector[1] = 5 WHERE memory_id = 4")
    assert sorted(fetch(session, "SELECT * FROM replay_faults(1)")) == [
        (1, "state is not state_vector"),
        (2, "it has no working priority"),
        (3, "trade 5 is not there"),
        (4, "next_state is not next_state_vector"),
    ]


def test_two_who_learn_the_same_lose_nothing(session: Session, database: Place) -> None:
    held = 4_000
    record(session, buffer(session), experiences(range(held)))
    session.execute("SELECT open_replay_writer(1), open_replay_writer(1)")

    def learn(writer: int) -> int:
        rng = np.random.default_rng(writer)
        with connect(database.dsn) as db:
            for turn in range(12):
                ids = rng.choice(2 * held, held, replace=False)
                working = Working(
                    ids, rng.random(held) + 1, rng.random(held).astype(np.float32),
                    np.ones(held, np.int32), np.ones(held, np.bool_),
                )  # fmt: skip
                stale = db._driver.run(FINISH, 1, writer, turn, turn + 1, working)
                assert stale == (ids >= held).sum()
                # Its answer was lost: performed again it changes nothing.
                assert db._driver.run(FINISH, 1, writer, turn, turn + 1, working) == 0
        return held * 12

    with ThreadPoolExecutor(2) as pool:
        given = sum(pool.map(learn, (1, 2)))
    ((draws,),) = fetch(session, "SELECT sum(draws) FROM replay_priorities")
    ((stale,),) = fetch(session, "SELECT sum(stale_updates) FROM replay_writers")
    assert draws + stale == given
    assert fetch(session, "SELECT array_agg(position) FROM replay_writers") == [([12, 12],)]
    none = nothing()
    with connect(database.dsn) as db, pytest.raises(IntegrityRefused, match="is not at record 3"):
        db._driver.run(FINISH, 1, 1, 3, 4, none)


def test_updates_of_a_few_per_cent_stay_on_their_pages(session: Session, database: Place) -> None:
    count = 10_000
    record(session, buffer(session), experiences(range(count)))
    rng = np.random.default_rng(3)
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("VACUUM replay_priorities")
        for _ in range(20):
            ids = sorted(rng.choice(count, 300, replace=False).tolist())
            admin.execute(
                "SELECT set_replay_priorities(1, %s, %s, %s::float8[], %s)",
                (ids, rng.random(300).tolist(), [None] * 300, [1] * 300),
            )
            admin.execute("VACUUM replay_priorities")
        end = time.monotonic() + 20
        updated, hot = 0, 0
        while updated < 6_000 and time.monotonic() < end:
            admin.execute("SELECT pg_stat_force_next_flush()")
            ((updated, hot),) = fetch(
                admin,
                "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables"
                " WHERE relname = 'replay_priorities'",
            )
    assert updated == 6_000
    assert hot >= 0.9 * updated


def _plan(session: Session, query: str, *given: Any) -> str:
    cursor = psycopg.ClientCursor(session)
    cursor.execute(b"EXPLAIN " + query.encode(), given)
    return "\n".join(line for (line,) in cursor)


def test_plans_use_the_indexes(session: Session, database: Place) -> None:
    record(session, buffer(session), experiences(range(10_000)))
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("ANALYZE")
        greedy = _plan(
            session,
            "SELECT memory_id FROM experience_replay WHERE tier = 3 ORDER BY priority DESC LIMIT 9",
        )
        assert "Index Scan Backward using tier_priority_timestamp_idx" in greedy
        assert "Sort" not in greedy
        update = (
            "UPDATE replay_priorities AS r SET priority = v.priority FROM"
            " unnest(%s::bigint[], %s::float8[]) AS v (id, priority)"
            " WHERE r.memory_id = v.id AND r.buffer_id = 1"
        )
        few, many = ([*range(n)] for n in (20, 5_000))
        assert "using replay_priorities_pkey" in _plan(admin, update, few, [1.0] * 20)
        plan = _plan(admin, update, many, [1.0] * 5_000)
        assert "Hash Join" in plan or "using replay_priorities_pkey" in plan
