"""Several workers, workers that are killed, stopped or cut off, and servers that restart."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg

from cryptoscalp.infra.server import EmbeddedServer
from tests.jobs.shop import QUICK, face, job, until, worker
from tests.postgres import Place


@contextmanager
def process(dsn: str, seconds: float = 60.0) -> Iterator[subprocess.Popen[str]]:
    """A worker in a process of its own, in the middle of its job."""
    running = subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.standin", dsn, str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        yield running
    finally:
        running.kill()
        running.communicate()


def test_runs_with_one_lock_never_overlap(database: Place) -> None:
    at_work: list[str] = []
    together: list[tuple[str, ...]] = []

    def work(name: str) -> None:
        at_work.append(name)
        together.append(tuple(at_work))
        time.sleep(0.05)
        at_work.remove(name)

    every_second = "* * * * * *"
    jobs = [
        job(name, partial(work, name), lock="shared", schedule=every_second)
        for name in ("a", "b", "c")
    ]
    with (
        worker(database.dsn, *jobs),
        worker(database.dsn, *jobs),
        face(database.dsn, *jobs) as seen,
    ):
        until(lambda: len(seen.history(limit=50)) >= 9)
    assert {len(names) for names in together} == {1}
    assert {names[0] for names in together} == {"a", "b", "c"}


def test_a_killed_worker_leaves_nothing_stuck(database: Place) -> None:
    mine = job("long", lambda: 2)
    with face(database.dsn, mine) as jobs, process(database.dsn) as killed:
        lost = until(jobs.history)[0]
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        with worker(database.dsn, mine):
            done = until(lambda: [run for run in jobs.history() if run.state == "SUCCEEDED"])[0]
        assert (done.rows, done.attempt) == (2, 2)
        found = jobs.history()[-1]
        assert (found.run_id, found.state) == (lost.run_id, "LOST")
        assert found.error == "its worker went away before the end"
    with psycopg.connect(database.dsn) as connection:
        left = "SELECT (SELECT count(*) FROM procrastinate.procrastinate_jobs)"
        assert connection.execute(left).fetchone() == (0,)


def test_a_busy_worker_finds_the_jobs_of_a_killed_one(database: Place) -> None:
    """The search needs no free slot, and what it finds is done as soon as there is one."""
    go = threading.Event()
    mine = job("long", lambda: 2)
    busy = job("busy", lambda: go.wait(20))
    with (
        face(database.dsn, mine, busy) as jobs,
        process(database.dsn) as killed,
        worker(database.dsn, busy, mine, concurrency=1),
    ):
        until(lambda: jobs.history("busy"))
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        until(lambda: jobs.history("long")[0].state == "LOST")
        go.set()
        until(lambda: jobs.history("long")[0].state == "SUCCEEDED")


def test_a_job_that_takes_its_worker_along_gets_pauses_and_an_alert(database: Place) -> None:
    mine, other = job("long", lambda: 2, retries=1), job("other", lambda: None)
    with face(database.dsn, mine) as jobs:
        for _ in range(2):
            with process(database.dsn) as killed:
                killed.send_signal(signal.SIGKILL)
                killed.wait()
            with worker(database.dsn, mine, other, names=["other"]):
                until(lambda: jobs.history("long")[0].state == "LOST")
        alert = until(jobs.alerts)[0]
        assert alert.message == "long failed 2 times in a row: its worker vanished"
        with worker(database.dsn, mine):
            until(lambda: jobs.history("long")[0].state == "SUCCEEDED")
        assert [run.attempt for run in jobs.history("long")] == [3, 2, 1]
        assert jobs.alerts() == []


def test_a_worker_that_only_slept_keeps_its_lock(database: Place) -> None:
    """A laptop's sleep: the heartbeat is too old, but the run goes on when it wakes."""
    mine = job("long", lambda: 2)
    with face(database.dsn, mine) as jobs, process(database.dsn, seconds=1.0) as slept:
        slept.send_signal(signal.SIGSTOP)
        with worker(database.dsn, mine):
            until(lambda: jobs.history()[0].state == "LOST")
            time.sleep(0.5)
            assert len(jobs.history()) == 1, "nobody else runs it while its session lives"
            slept.send_signal(signal.SIGCONT)
            until(lambda: jobs.history()[-1].state == "SUCCEEDED")
            until(lambda: len(jobs.history()) == 2 and jobs.history()[0].state == "SUCCEEDED")


def test_a_stopped_worker_lets_go_of_what_takes_too_long(database: Place) -> None:
    go = threading.Event()
    one = job("long", lambda: go.wait(20))
    with face(database.dsn, one) as jobs:
        with worker(database.dsn, one, pace=replace(QUICK, grace_s=0.1)) as stopped:
            until(jobs.history)
            stopped.stop()
            threading.Timer(0.5, go.set).start()
        released = jobs.history()[0]
        assert (released.state, released.error) == ("LOST", "its worker was stopped")
        with worker(database.dsn, one):
            until(lambda: jobs.history()[0].state == "SUCCEEDED")


def test_a_stopped_worker_ends_what_can_end_in_time(database: Place) -> None:
    one = job("short", lambda: time.sleep(0.5))
    with face(database.dsn, one) as jobs:
        with worker(database.dsn, one) as stopped:
            until(jobs.history)
            stopped.stop()
        assert jobs.history()[0].state == "SUCCEEDED"


def test_lost_connections_do_not_end_a_worker(database: Place) -> None:
    one = job("often", lambda: None, schedule="* * * * * *")
    with face(database.dsn, one) as jobs, worker(database.dsn, one) as running:
        until(jobs.history)
        with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            before = admin.execute("SELECT coalesce(max(run_id), 0) FROM job_runs").fetchone()
        assert before is not None
        until(lambda: jobs.history()[0].run_id > before[0] + 1)
        assert running.running


def test_a_server_restart_does_not_end_a_worker(own_server: EmbeddedServer) -> None:
    go = threading.Event()
    one = job("long", lambda: go.wait(20))
    often = job("often", lambda: None, schedule="* * * * * *")
    with face(own_server.dsn, one, often) as jobs, worker(own_server.dsn, one, often) as running:
        until(lambda: jobs.history("long") and jobs.history("often"))
        own_server.stop()
        time.sleep(0.5)
        own_server.ensure_running()
        before = jobs.history("often", limit=1)[0].run_id
        go.set()
        until(lambda: jobs.history("often", limit=1)[0].run_id > before)
        until(lambda: jobs.history("long", limit=1)[0].state == "SUCCEEDED")
        assert running.running
