"""A killed check, and plain SQL against detectors, drifts and events."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from typing import Any, LiteralString

import psycopg
import pytest

from cryptoscalp import AsyncDatabase
from cryptoscalp.adaptation.drift_parameters import complete
from tests.adaptation.predicted import EXCHANGE, SYMBOL, as_owner, declare, predicted
from tests.adaptation.series import in_memory, shifted
from tests.postgres import Place

OF = (SYMBOL, EXCHANGE)


def taken_in(dsn: str) -> int:
    """Observations that the detector has taken in."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT observations FROM drift_detectors").fetchone()
    assert row is not None
    count: int = row[0]
    return count


def kill_at_work(dsn: str, batch: int, pause_s: float) -> None:
    """Run checks in a process, and kill it (SIGKILL) so long after its first step."""
    before = taken_in(dsn)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.adaptation.drift_victim", dsn, str(batch)], env=os.environ
    )
    with process:
        while taken_in(dsn) == before:
            assert process.poll() is None
            time.sleep(0.002)
        time.sleep(pause_s)
        process.kill()


async def test_a_check_that_is_killed_loses_and_repeats_nothing(
    db: AsyncDatabase, database: Place
) -> None:
    values = shifted(9, 3_000, 1_000, by=0.4)
    values[2_000:] = shifted(10, 1_000, 0, by=0.8)
    (model_id,) = declare(database)
    await db.adaptation.watch_drift(model_id, *OF, "ERROR", "ADWIN")
    predicted(database, model_id, values)
    drawn = random.Random(11)
    for _ in range(4):
        await asyncio.to_thread(kill_at_work, database.dsn, 7, drawn.uniform(0, 0.1))
    assert 0 < taken_in(database.dsn) < 3_000
    await db.adaptation.check_drift()
    (one,) = await db.adaptation.detectors()
    assert one.observations == 3_000
    found = await db.adaptation.drift_events()
    whole = complete("ADWIN", {})
    expected = in_memory("ADWIN", whole, [abs((101 + value) - 101) for value in values])
    assert [drift.observation for drift in found] == expected
    assert len(expected) > 1
    events = await db.adaptation.adaptation_events(kinds=["DRIFT"])
    assert [event.drift_event_id for event in events] == [drift.drift_event_id for drift in found]


SAVE: LiteralString = (
    "SELECT save_detector(1, {}, {}, '\\x00', 'x', {}, {}, NULL, NULL, '[]', NULL)"
)
AHEAD: LiteralString = SAVE.format(100, 101, "now()", "'a'")


@pytest.mark.long
@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("INSERT INTO drift_events (detector_id, timestamp) VALUES (1, now())", "42501"),
        ("UPDATE drift_detectors SET observations = 0", "42501"),
        ("DELETE FROM adaptation_events", "42501"),
        ("INSERT INTO adaptation_subscribers VALUES ('x', 9)", "42501"),
        (SAVE.format(3, 4, "now()", "'a'"), "CS010"),  # another number of observations
        (SAVE.format(100, 99, "now()", "'a'"), "CS010"),
        (SAVE.format(100, 101, "'2024-01-01'", "'a'"), "CS010"),  # back
        (SAVE.format(100, 101, "NULL", "NULL"), "CS010"),
        (AHEAD.replace("'[]'", "'{}'"), "CS010"),
        (AHEAD.replace("'[]'", "'[{\"observation\": 5}]'"), "CS010"),
        (AHEAD.replace("save_detector(1", "save_detector(7"), "CS010"),
        ("SELECT stop_drift(7)", "CS011"),
    ],
)  # fmt: skip
async def test_the_login_cannot_break_a_detector(
    db: AsyncDatabase, database: Place, statement: LiteralString, state: str
) -> None:
    (model_id,) = declare(database)
    predicted(database, model_id, [0.1] * 100)
    await db.adaptation.watch_drift(model_id, *OF, "ERROR", "ADWIN")
    await db.adaptation.check_drift()
    (before,) = await db.adaptation.detectors()
    with psycopg.connect(database.dsn) as login, pytest.raises(psycopg.Error) as refused:
        login.execute(statement)
    assert refused.value.sqlstate == state
    assert await db.adaptation.detectors() == [before]


@pytest.mark.long
@pytest.mark.parametrize("role", ["administrator", "owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE drift_events SET observation = 1", "DELETE FROM drift_events",
        "TRUNCATE drift_events CASCADE", "UPDATE adaptation_events SET kind = 'MANUAL'",
        "DELETE FROM adaptation_events", "TRUNCATE adaptation_events CASCADE",
        "DELETE FROM drift_detectors", "TRUNCATE drift_detectors CASCADE",
        "UPDATE drift_detectors SET observations = observations - 1",
        "UPDATE drift_detectors SET position_at = position_at - interval '1 s'",
        "UPDATE drift_detectors SET algorithm = 'KSWIN'",
        "UPDATE drift_detectors SET parameters = '{}'",
        "UPDATE adaptation_subscribers SET event_id = event_id - 1",
        "UPDATE adaptation_subscribers SET name = 'other'",
        "DELETE FROM adaptation_subscribers", "TRUNCATE adaptation_subscribers",
    ],
)  # fmt: skip
async def test_nobody_changes_what_was_found(
    db: AsyncDatabase, database: Place, statement: LiteralString, role: str
) -> None:
    (model_id,) = declare(database)
    predicted(database, model_id, shifted(1, 600, 300, by=0.5))
    await db.adaptation.watch_drift(model_id, *OF, "ERROR", "ADWIN")
    await db.adaptation.check_drift()
    await db.adaptation.pending_events("trainer")
    with psycopg.connect(database.admin_dsn) as connection:
        if role == "owner":
            connection.execute("SET ROLE cryptoscalp_owner")
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(statement)
    assert refused.value.sqlstate == "CS001"


async def test_an_administrator_is_told_the_way(db: AsyncDatabase, database: Place) -> None:
    declare(database)
    statements: list[LiteralString] = [
        "INSERT INTO adaptation_events (timestamp, kind) VALUES (now(), 'MANUAL')",
        "INSERT INTO adaptation_subscribers (name, event_id) VALUES ('x', 1)",
    ]
    for statement in statements:
        with (
            psycopg.connect(database.admin_dsn) as connection,
            pytest.raises(psycopg.Error, match="only the registry's functions"),
        ):
            connection.execute(statement)
    with as_owner(database) as owner:
        found: Any = owner.execute("SELECT count(*) FROM adaptation_events").fetchone()
    assert found == (0,)
    assert await db.adaptation.adaptation_events() == []
