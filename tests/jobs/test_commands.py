"""`cryptoscalp jobs`, `worker`, and what `status` and `up` do about jobs."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator

import psycopg
import pytest

from cryptoscalp.infra.server import EmbeddedServer
from tests.cli.conftest import Place, new_place
from tests.jobs.shop import until


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A data directory whose database no worker has seen."""
    with new_place() as made:
        yield made


@pytest.fixture
def fresh(place: Place) -> Place:
    """The same without runs and alerts."""
    place.cli("jobs", "list")
    _sql(place, "TRUNCATE job_runs, alerts, procrastinate.procrastinate_periodic_defers")
    return place


def _sql(place: Place, statement: str) -> None:
    server = EmbeddedServer(place.data_dir)
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
        connection.execute(statement.encode())


def _status(place: Place, code: int) -> dict[str, object]:
    found: dict[str, object] = json.loads(place.cli("status", "--json", code=code).stdout)["jobs"]
    return found


def test_status_without_a_worker_is_red_only_after_the_window(fresh: Place) -> None:
    shown = fresh.cli("status").stdout
    assert "no worker has run yet" in shown
    assert "none is late" in shown
    assert _status(fresh, 0)["seen"] is False
    server = EmbeddedServer(fresh.data_dir)
    with psycopg.connect(server.admin_dsn, autocommit=True) as connection:
        question = "SELECT obj_description('procrastinate'::regnamespace, 'pg_namespace')"
        row = connection.execute(question).fetchone()
        assert row is not None
        before = str(row[0])
        since = before.rpartition(" ")[0] + " 2020-01-01T00:00:00+00:00"
        try:
            connection.execute(f"COMMENT ON SCHEMA procrastinate IS '{since}'".encode())
            red = fresh.cli("status", code=1)
        finally:
            connection.execute(f"COMMENT ON SCHEMA procrastinate IS '{before}'".encode())
    assert "late: make_partitions" in red.stdout
    assert "no worker has run yet" in red.stdout
    assert red.stderr.startswith("cryptoscalp: red: make_partitions has never succeeded")
    assert "jobs list" in red.stderr


def test_a_late_job_makes_status_red_until_it_succeeds(fresh: Place) -> None:
    fresh.cli("jobs", "run", "make_partitions")
    assert _status(fresh, 0)["wrong"] == []
    _sql(
        fresh,
        "UPDATE job_runs SET started_at = now() - interval '1 day',"
        " finished_at = now() - interval '1 day'",
    )
    red = _status(fresh, 1)
    assert [one["name"] for one in red["jobs"] if one["late"]] == ["make_partitions"]  # type: ignore[attr-defined]
    assert "late" in fresh.cli("jobs", "list").stdout
    fresh.cli("jobs", "run", "make_partitions")
    assert _status(fresh, 0)["wrong"] == []


def test_an_open_alert_makes_status_red(fresh: Place) -> None:
    assert fresh.cli("jobs", "alerts").stdout == "no alert is open\n"
    _sql(
        fresh,
        "INSERT INTO alerts (source, name, message) VALUES ('job', 'make_partitions', 'no disk')",
    )
    told = fresh.cli("status", code=1)
    assert "make_partitions: no disk" in told.stdout
    assert "red: alert of job make_partitions: no disk" in told.stderr
    assert "no disk" in fresh.cli("jobs", "alerts").stdout
    fresh.cli("jobs", "run", "make_partitions")
    fresh.cli("status")
    assert json.loads(fresh.cli("jobs", "alerts", "--json").stdout) == []
    (over,) = json.loads(fresh.cli("jobs", "alerts", "--all", "--json").stdout)
    assert over["cleared_at"] is not None


def test_a_job_is_run_and_shown(fresh: Place) -> None:
    assert fresh.cli("jobs", "history").stdout == "no such run is on record\n"
    shown = fresh.cli("jobs", "run", "check_instruments").stdout
    assert "check_instruments  SUCCEEDED" in shown
    run = json.loads(fresh.cli("jobs", "run", "check_instruments", "--json").stdout)
    (newest,) = json.loads(fresh.cli("jobs", "history", "--limit", "1", "--json").stdout)
    assert newest == run
    assert fresh.cli("jobs", "history", "check_instruments").stdout.count("\n") == 2
    assert json.loads(fresh.cli("jobs", "history", "--failed", "--json").stdout) == []
    listed = {one["name"]: one for one in json.loads(fresh.cli("jobs", "list", "--json").stdout)}
    assert listed["check_instruments"]["last_run"] == run
    assert "make the partitions" in fresh.cli("jobs", "list").stdout


def test_misuse_names_what_there_is(fresh: Place) -> None:
    told = fresh.cli("jobs", "run", "nap", code=1).stderr
    assert "there is no job 'nap'; choose one of: backtest_risk, check_books" in told
    assert "no job 'nap'" in fresh.cli("jobs", "history", "nap", code=1).stderr
    assert "no job 'nap'" in fresh.cli("worker", "--jobs", "nap", code=1).stderr
    assert "names no job" in fresh.cli("worker", "--jobs", " , ", code=2).stderr
    fresh.cli("jobs", "history", "--limit", "0", code=2)
    fresh.cli("worker", "--concurrency", "0", code=2)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_says_what_it_ran_and_ends_cleanly(fresh: Place, number: int) -> None:
    running = fresh.start("worker", "--json", "--jobs", "make_partitions")
    assert running.stdout is not None
    run = json.loads(running.stdout.readline())
    assert (run["job"], run["state"]) == ("make_partitions", "SUCCEEDED")
    assert _status(fresh, 0)["workers"] == 1
    running.send_signal(number)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (0, "", "")
    assert _status(fresh, 0)["workers"] == 0
    assert "none at work" in fresh.cli("status").stdout


@pytest.mark.long
def test_a_worker_whose_reader_leaves_ends(fresh: Place) -> None:
    running = fresh.start("worker")
    assert running.stdout is not None
    assert running.stdout.readline().startswith("at work on make_partitions, ")
    running.stdout.close()
    assert running.wait(timeout=30) == 141
    assert running.stderr is not None
    assert running.stderr.read() == ""
    running.stderr.close()


def test_interrupting_a_run_that_waits_leaves_nothing_behind(fresh: Place) -> None:
    server = EmbeddedServer(fresh.data_dir)
    with psycopg.connect(server.dsn, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(hashtextextended('cryptoscalp job partitions', 7))")
        running = fresh.start("jobs", "run", "make_partitions")
        asked = "SELECT FROM procrastinate.procrastinate_jobs WHERE args @> '{\"asked\": true}'"
        until(lambda: holder.execute(asked).fetchall())
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=30)
        assert (running.returncode, err) == (143, "cryptoscalp: terminated\n")
        assert holder.execute(asked).fetchall() == []
    assert json.loads(fresh.cli("jobs", "history", "--json").stdout) == []


@pytest.mark.parametrize("pause", [0.3, 1.0])
def test_interrupting_at_any_moment_ends(fresh: Place, pause: float) -> None:
    """Also while the libraries are loaded or the queue is entered."""
    server = EmbeddedServer(fresh.data_dir)
    with psycopg.connect(server.dsn, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(hashtextextended('cryptoscalp job partitions', 7))")
        running = fresh.start("jobs", "run", "make_partitions")
        time.sleep(pause)
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate(timeout=30)
    assert running.returncode in (143, -signal.SIGTERM), err


def test_up_makes_partitions_ahead(fresh: Place) -> None:
    fresh.cli("up", "--for", "2s", "--symbols", "BTCUSDT", "--json")
    held = fresh.cli("jobs", "history", "--limit", "1000", "--json").stdout
    jobs = {run["job"] for run in json.loads(held)}
    assert jobs >= {"make_partitions", "check_instruments"}
    partitions = json.loads(fresh.cli("partitions", "list", "--json").stdout)
    assert sum(one["table"] == "market_data" for one in partitions) >= 8
