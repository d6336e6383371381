"""Several migrators at once: one works, the others wait without standing in its way."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.synchronize import Barrier
from threading import Thread

import psycopg
import pytest

from cryptoscalp.infra import migrations
from cryptoscalp.infra.db.errors import Contention
from cryptoscalp.infra.migrations.runner import LOCK_KEY
from tests.postgres import LOGIN, Place


def upgrade_together(admin_dsn: str, start: Barrier) -> None:
    start.wait(60)
    migrations.upgrade(admin_dsn, login=LOGIN)


def test_two_processes_upgrade_at_once(empty: Place) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    workers = [
        context.Process(target=upgrade_together, args=(empty.admin_dsn, start)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(90)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert migrations.check(empty.admin_dsn) == []


def test_threads_upgrade_different_databases_at_once(
    empty_database: Place, database: Place
) -> None:
    migrations.downgrade(database.admin_dsn, "base")
    places = [empty_database, database]
    threads = [
        Thread(target=migrations.upgrade, args=(place.admin_dsn,), kwargs={"login": LOGIN})
        for place in places
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [migrations.current(place.dsn) for place in places] == [migrations.head()] * 2


def test_who_waits_too_long_is_told(empty_database: Place) -> None:
    with psycopg.connect(empty_database.admin_dsn, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        with pytest.raises(Contention, match="another migration"):
            migrations.upgrade(empty_database.admin_dsn, login=LOGIN, wait_s=0.3)
    assert migrations.current(empty_database.dsn) is None


def test_who_waits_holds_no_snapshot(empty_database: Place) -> None:
    with psycopg.connect(empty_database.admin_dsn, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        waiting = Thread(
            target=migrations.upgrade, args=(empty_database.admin_dsn,), kwargs={"login": LOGIN}
        )
        waiting.start()
        seen: list[str] = []
        end = time.monotonic() + 30
        while len(seen) < 10 and time.monotonic() < end:
            time.sleep(0.05)
            rows = holder.execute(
                "SELECT state FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND application_name = 'cryptoscalp migrations'"
            )
            seen += [str(row[0]) for row in rows]
        holder.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
        waiting.join(60)
    # Between two looks at the lock the session is idle, in no transaction.
    assert "idle" in seen
    assert "idle in transaction" not in seen
    assert migrations.current(empty_database.dsn) == migrations.head()
