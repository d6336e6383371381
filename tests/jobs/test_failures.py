"""A job that fails is tried again with growing pauses, then raises an alert; success clears it."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from itertools import pairwise

import psycopg
import pytest

from tests.jobs.shop import face, job, until, worker
from tests.postgres import Place


def test_pauses_grow_then_an_alert_then_success(database: Place) -> None:
    broken = True

    def work() -> int:
        if broken:
            raise OSError("the disk is away")
        return 7

    one = job("shaky", work, retries=2, schedule="* * * * * */2")  # every other second
    with (
        psycopg.connect(database.dsn, autocommit=True) as listener,
        face(database.dsn, one) as jobs,
    ):
        listener.execute("LISTEN cryptoscalp_alerts")
        with worker(database.dsn, one):
            alert = until(jobs.alerts)[0]
            tries = list(reversed(jobs.history("shaky")))[:3]
            broken = False
            until(lambda: not jobs.alerts())
        assert [run.attempt for run in tries] == [1, 2, 3]
        assert {run.state for run in tries} == {"FAILED"}
        assert {run.error for run in tries} == {"OSError: the disk is away"}
        first, second = (
            after.started_at - before.finished_at
            for before, after in pairwise(tries)
            if before.finished_at
        )
        assert timedelta(seconds=0.05) <= first < second
        assert second >= timedelta(seconds=0.3)
        assert (alert.source, alert.name) == ("job", "shaky")
        assert alert.message == "shaky failed 3 times in a row: OSError: the disk is away"
        assert jobs.history("shaky")[0].rows == 7
        assert jobs.list()[0].alert is None
        (over,) = jobs.alerts(cleared=True)
        assert over.alert_id == alert.alert_id
        assert over.cleared_at is not None
        told = [json.loads(one.payload) for one in listener.notifies(timeout=0.2)]
        assert [one["state"] for one in told][:1] == ["raised"]
        assert told[-1] == {"source": "job", "name": "shaky", "state": "cleared", "message": ""}


def test_a_standing_alert_is_counted_and_red(
    database: Place, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OSError("gone")

    one = job("broken", fail, retries=0, schedule="* * * * * *")
    with caplog.at_level(logging.WARNING), face(database.dsn, one) as jobs:
        with worker(database.dsn, one):
            until(lambda: [alert for alert in jobs.alerts() if alert.times >= 2])
        (alert,) = jobs.alerts()
        found = jobs.overview()
        assert found.wrong == [f"alert of job broken: {alert.message}"]
        assert found.jobs[0].alert == alert.message
        assert found.jobs[0].late is False
    assert "broken failed 1 times in a row: OSError: gone" in caplog.text


def test_a_job_is_late_after_its_window(database: Place) -> None:
    one = job("nap", lambda: None, window=timedelta(seconds=0.5))
    with face(database.dsn, one) as jobs:
        jobs.run("nap")
        assert jobs.overview().wrong == []
        found = until(lambda: jobs.overview().wrong, seconds=3)
        assert found[0].startswith("nap has not succeeded since 20")
        jobs.run("nap")
        assert jobs.list()[0].late is False


def test_a_job_that_never_ran_is_late_a_window_after_the_first_upgrade(database: Place) -> None:
    patient, late = job("patient", lambda: None), job("late", lambda: None, window=timedelta(0))
    with face(database.dsn, patient, late) as jobs:
        found = jobs.overview()
        assert (found.seen, found.workers) == (False, 0)
        assert found.wrong == ["late has never succeeded"]
