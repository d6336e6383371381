"""Experiences by plain SQL: what cannot be is refused with its row, and the batch with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.faces import NOON
from tests.postgres import Place
from tests.replay.plain import ODD, TIERS, Session, buffer, experiences, record

#: What is changed in the second of three experiences, and what is said.
BAD: list[tuple[str, Any, str]] = [
    *(("states", value, f"experience 2: state b is {value or 'NULL'}")
      for value in ("NaN", "Infinity", "-Infinity", None)),
    *(("next_states", value, f"experience 2: next_state b is {value or 'NULL'}")
      for value in ("NaN", "Infinity", None)),
    *(("actions", value, "experience 2: action is ")
      for value in ("NaN", "Infinity", None, 0.5, 2.0**54)),
    *(("rewards", value, "experience 2: reward is ") for value in ("NaN", "-Infinity", None)),
    *(("priorities", value, "experience 2: priority .*is not from 1e-60 to 1e60")
      for value in (0.0, -0.0, -1.0, "Infinity", "NaN", None)),
    *(("tiers", value, "experience 2: tier .*is none of 1 to 6") for value in (0, 7, -1, None)),
    ("timestamps", None, "experience 2: timestamp"),
    ("timestamps", "2008-01-01", "before 2009-01-03"),
    ("timestamps", "-infinity", "before 2009-01-03"),
    ("timestamps", "infinity", "is not later than"),
    ("next_timestamps", NOON, "experience 2: next_timestamp .*is not later than"),
    ("next_timestamps", None, "experience 2: timestamp"),
    ("next_timestamps", "infinity", "experience 2: .* is no moment"),
    *(("steps", value, "experience 2: step is") for value in (-1, 2**31, None)),
]  # fmt: skip


@pytest.fixture
def session(database: Place) -> Iterator[Session]:
    """The login's session."""
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        yield connection


def one(session: Session, query: str) -> Any:
    found = session.execute(query.encode()).fetchone()
    assert found is not None
    return found[0]


def test_the_row_is_named_and_nothing_stored(session: Session) -> None:
    number = buffer(session)
    for name, value, said in BAD:
        given = experiences([1, 2, 3])
        given[name][3 if name.endswith("states") else 1] = value
        with pytest.raises(psycopg.Error, match=said) as refused:
            record(session, number, given)
        assert refused.value.sqlstate == "CS010", (name, value)
    assert one(session, "SELECT count(*) FROM experience_replay") == 0
    assert record(session, number, experiences([1, 2, 3])) == (3, 3, 0)


def test_continuous_actions_are_float32(session: Session) -> None:
    number = buffer(session, kind="CONTINUOUS", width=2)
    for value in (1e39, -1e39, "NaN"):
        given = experiences([1, 2, 3], action_width=2)
        given["actions"][3] = value
        with pytest.raises(psycopg.Error, match="experience 2: action is"):
            record(session, number, given)
    given = experiences([1, 2, 3], action_width=2)
    given["actions"] = [0.1, 0.5, 3.4028234663852886e38, -1e-45, 0, -0.0]
    for new in (3, 0):
        assert record(session, number, given) == (3, new, 3 - new)
    assert one(session, "SELECT action FROM experience_replay WHERE memory_id = 1") == [0.1, 0.5]


@pytest.mark.parametrize("name", [*experiences([1])])
def test_lengths_that_do_not_fit(session: Session, name: str) -> None:
    number = buffer(session)
    given = experiences([1, 2, 3])
    for wrong in ([], given[name][:-1], [*given[name], given[name][-1]], None):
        if wrong is None and name == "memory_ids":
            continue  # Without them numbers are given out.
        with pytest.raises(psycopg.Error, match="do not make experiences") as refused:
            record(session, number, given | {name: wrong})
        assert refused.value.sqlstate == "CS010"


@pytest.mark.parametrize("wrong", ["[0:1]={1,2}", "[2:3]={1,2}", "{{1,2}}", "{{1},{2}}"])
@pytest.mark.parametrize("name", ["states", "next_states", "actions"])
def test_arrays_that_do_not_count_from_one(session: Session, name: str, wrong: str) -> None:
    number = buffer(session, kind="CONTINUOUS", width=2)
    with pytest.raises(psycopg.Error, match="do not make experiences"):
        record(session, number, experiences([1], action_width=2) | {name: wrong})


def test_nothing_is_nothing(session: Session) -> None:
    number = buffer(session)
    assert record(session, number, experiences([])) == (0, 0, 0)


def test_numbers_are_given_out_where_there_are_none(session: Session) -> None:
    number = buffer(session)
    given = experiences([1, 2, 3]) | {"memory_ids": None}
    assert record(session, number, given) == record(session, number, given) == (3, 3, 0)
    assert one(session, "SELECT string_agg(memory_id::text, '') FROM experience_replay") == "123456"


def test_a_number_that_somebody_has_chosen_is_not_given_out(session: Session) -> None:
    number = buffer(session)
    record(session, number, experiences([2]))
    given = experiences([0, 0]) | {"memory_ids": None}
    with pytest.raises(psycopg.Error, match="a number that was to be given out is taken"):
        record(session, number, given)
    assert one(session, "SELECT count(*) FROM experience_replay") == 1
    assert record(session, number, given) == (2, 2, 0)


def test_a_number_twice_in_a_batch(session: Session) -> None:
    number = buffer(session)
    given = experiences([1, 2])
    doubled = {name: [*values, *values] for name, values in given.items()}
    assert record(session, number, doubled) == (4, 2, 2)
    with pytest.raises(psycopg.Error, match="experience 5 is there with another content"):
        record(session, number, experiences([4, 5, 5]))
    assert one(session, "SELECT count(*) FROM experience_replay") == 2
    # Also as another buffer's.
    with pytest.raises(psycopg.Error, match="experience 1 is there with another content"):
        record(session, buffer(session, "two"), given)


@pytest.mark.parametrize(
    ("query", "state", "said"),
    [
        ("known_replay_buffer(NULL)", "CS011", "no replay buffer NULL"),
        ("open_replay_writer(9)", "CS011", "no replay buffer 9"),
        ("checkpoint_replay(9)", "CS011", "no replay buffer 9"),
        ("replay_faults(9)", "CS011", "no replay buffer 9"),
        ("change_replay(9, NULL, '{}', '{}', 'x')", "CS011", "no replay buffer 9"),
        ("change_replay(1, NULL, '{1}', '{7}', 'x')", "CS010", "a tier is one of"),
        ("change_replay(1, NULL, '{1}', '{NULL}', 'x')", "CS010", "a tier is one of"),
        ("change_replay(1, NULL, '{1,2}', '{2}', 'x')", "CS010", "tiers for"),
        ("set_replay_priorities(1, '{1,2}', '{1}', '{1}', '{1}')", "CS010", "one each"),
        ("set_replay_priorities(1, '{1}', '{0}', '{1}', '{1}')", "23514", "chk_working_prio"),
        ("set_replay_priorities(1, '{1}', '{NaN}', '{1}', '{1}')", "23514", "chk_working_pri"),
        ("set_replay_priorities(1, '{1}', '{1}', '{1}', '{-1}')", "23514", "chk_draws"),
        ("set_replay_tiers(1, '[{}]')", "23514", "chk_buffer"),
        ("set_replay_tiers(1, '{}')", "23514", "chk_buffer"),
        ("set_replay_tiers(9, '[{}]')", "CS011", "no replay buffer 9"),
        ("create_replay_buffer(' x', 1, 'DISCRETE', 1, '[{},{},{},{},{},{}]')", "23514", "named"),
        ("create_replay_buffer('x', 1, 'DISCRETE', 2, '[{},{},{},{},{},{}]')", "23514", "chk_bu"),
        ("create_replay_buffer('x', 1, 'DISCRETE', 1, '[]')", "23514", "chk_buffer"),
        ("create_replay_buffer('x', NULL, 'DISCRETE', 1, '[]')", "CS011", "feature set NULL"),
    ],
)
def test_arguments_that_mean_nothing(session: Session, query: str, state: str, said: str) -> None:
    record(session, buffer(session), experiences([1, 2]))
    with pytest.raises(psycopg.Error, match=said) as refused:
        one(session, f"SELECT {query}")
    assert refused.value.sqlstate == state


def test_numbers_are_exact_whatever_the_session_has_set(session: Session) -> None:
    number = buffer(session, features=ODD, kind="CONTINUOUS", width=1)
    given = experiences([1], width=5)
    given |= {"states": [0.1, 1 / 3, 1e-45, 3.4028235e38, 16777217], "actions": [1 / 3]}
    session.execute("SET extra_float_digits = -5")
    record(session, number, given)
    assert session.execute("SELECT * FROM replay_faults(%s)", [number]).fetchall() == []
    session.execute("SET extra_float_digits = 1")
    assert session.execute("SELECT * FROM replay_faults(%s)", [number]).fetchall() == []
    assert one(session, "SELECT action = to_jsonb(action_vector) FROM experience_replay") is True


def test_two_who_declare_one_buffer_get_one(session: Session, database: Place) -> None:
    number = buffer(session)
    with psycopg.connect(database.dsn) as other:
        assert buffer(other) == number
    assert one(session, "SELECT array_agg(tiers::text) FROM replay_buffers") == [TIERS]
