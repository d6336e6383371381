"""Who may do what to experiences: the login calls functions, and nobody changes what happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

import psycopg
import pytest

from tests.postgres import Place
from tests.replay.plain import Session, buffer, experiences, record

TABLES = (
    "replay_buffers", "replay_writers", "experience_replay", "replay_priorities", "replay_changes",
)  # fmt: skip
_INSERTS: list[LiteralString] = [
    "INSERT INTO experience_replay OVERRIDING SYSTEM VALUE SELECT * FROM experience_replay",
    "INSERT INTO replay_priorities SELECT * FROM replay_priorities",
    "INSERT INTO replay_buffers OVERRIDING SYSTEM VALUE SELECT * FROM replay_buffers",
    "INSERT INTO replay_writers (buffer_id) SELECT buffer_id FROM replay_buffers",
    "INSERT INTO replay_changes (buffer_id, memory_ids, tiers, reason) VALUES (1, '{}', '{}', 'x')",
]
_CHANGES: list[LiteralString] = [
    "UPDATE replay_priorities SET memory_id = memory_id + 5",
    "UPDATE replay_priorities SET buffer_id = 2",
    "UPDATE replay_buffers SET feature_set_id = 1",
    "UPDATE replay_buffers SET action_kind = 'CONTINUOUS'",
    "UPDATE replay_buffers SET action_width = 1",
    "UPDATE replay_changes SET tiers = '{0}'",
    "TRUNCATE experience_replay, replay_priorities",
    "TRUNCATE experience_replay CASCADE",
    "TRUNCATE replay_priorities",
    "TRUNCATE replay_writers",
    "TRUNCATE replay_changes",
    "TRUNCATE replay_buffers CASCADE",
    "TRUNCATE feature_sets CASCADE",
]


@pytest.fixture
def sql(database: Place) -> Iterator[Session]:
    """The login's session; three experiences are there, and one has been moved."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        record(connection, buffer(connection), experiences([1, 2, 3]))
        connection.execute("SELECT open_replay_writer(1)")
        connection.execute("SELECT change_replay(1, 1, '{1}', '{5}', 'x')")
        yield connection


@pytest.fixture
def admin(database: Place, sql: Session) -> Iterator[Session]:
    """The superuser's session."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        yield connection


def test_the_login_writes_no_row(sql: Session) -> None:
    statements: list[str] = [*_INSERTS, *_CHANGES]
    for table in TABLES:
        statements += [
            f"DELETE FROM {table}",  # noqa: S608 - ours
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        ]
    statements += [
        "UPDATE replay_priorities SET priority = 1",
        "UPDATE experience_replay SET tier = 1, priority = 1",
        "UPDATE replay_writers SET position = 0",
        "UPDATE replay_buffers SET tiers = '[]'",
        "SELECT nextval('experience_replay_memory_id_seq')",
        "SELECT refuse_replay_change()",
    ]
    for statement in statements:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            sql.execute(statement.encode())


def test_the_login_calls_what_writes(sql: Session) -> None:
    calls: list[tuple[LiteralString, object]] = [
        ("set_replay_priorities(1, '{1,9}', '{2,2}', '{NULL,1}', '{3,4}')", 1),
        ("checkpoint_replay(1)", 1),
        ("(change_replay(1, NULL, '{2,3}', '{0,6}', 'mine')).evicted", 1),
        ("(SELECT count(*) FROM replay_faults(1))", 0),
        ("(SELECT count(*) FROM sample_experiences('{1,1,1,1,1,1}', 4))", 4),
        ("(set_replay_tiers(1, '[{},{},{},{},{},{}]')).buffer_id", 1),
        ("(SELECT count(*) FROM experience_replay)", 2),
    ]
    for call, answer in calls:
        found = sql.execute(b"SELECT " + call.encode()).fetchone()
        assert found == (answer,), call


@pytest.mark.parametrize("role", ["postgres", "cryptoscalp_owner"])
def test_nobody_changes_what_was_experienced(admin: Session, role: LiteralString) -> None:
    admin.execute(b"SET ROLE " + role.encode())
    columns = admin.execute(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 'experience_replay'::regclass"
        " AND attnum > 0 AND attname NOT IN ('tier', 'priority')"
    ).fetchall()
    assert len(columns) == 21
    changes = [f"UPDATE experience_replay SET {name} = {name}" for (name,) in columns]  # noqa: S608
    for statement in [*changes, *_CHANGES]:
        with pytest.raises(psycopg.Error) as refused:
            admin.execute(statement.encode())
        assert refused.value.sqlstate == "CS001", statement


def test_rows_come_by_the_functions_alone(admin: Session) -> None:
    for statement in _INSERTS:
        with pytest.raises(psycopg.Error, match="only the replay's functions write it") as refused:
            admin.execute(statement)
        assert refused.value.sqlstate == "CS001", statement
    assert record(admin, 1, experiences([11])) == (1, 1, 0)


def test_experiences_leave_as_a_whole(admin: Session) -> None:
    admin.execute("DELETE FROM experience_replay WHERE memory_id = 2")
    found = admin.execute("SELECT array_agg(memory_id ORDER BY memory_id) FROM replay_priorities")
    assert found.fetchone() == ([1, 3],)
