"""The declared list of jobs holds together."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cryptoscalp.infra.jobs.pace import Pace
from cryptoscalp.infra.jobs.schedule import next_moment
from cryptoscalp.infra.jobs.types import Job
from cryptoscalp.jobs import JOBS


def test_names_are_unique() -> None:
    names = [one.name for one in JOBS]
    assert len(set(names)) == len(names) > 0


@pytest.mark.docs
def test_the_guide_names_every_job() -> None:
    text = (Path(__file__).parents[2] / "docs" / "jobs.md").read_text("utf-8")
    told = re.findall(
        r"^\| `(\w+)` \| (?:every (?:minute|\d+ minutes)|hourly|daily|weekly) ", text, re.MULTILINE
    )
    assert sorted(told) == sorted(one.name for one in JOBS)


@pytest.mark.parametrize("one", JOBS, ids=lambda one: one.name)
def test_each_is_whole(one: Job) -> None:
    assert one.description
    assert one.lock
    assert one.timeout > timedelta(0)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(100):
        following = next_moment(one.schedule, moment)
        # One run may fail with all its tries, or wait out a long one, before anybody is alarmed.
        assert following - moment < one.window
        moment = following


def test_cron_lines_are_in_utc() -> None:
    found = next_moment("20 1 * * *", datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
    assert found == datetime(2026, 3, 29, 1, 20, tzinfo=UTC)
    with pytest.raises(ValueError, match="columns"):
        next_moment("tomorrow", found)


def test_pauses_grow_to_the_longest() -> None:
    pauses = [Pace().pause(failures) for failures in range(6)]
    assert pauses == [0, 10, 60, 360, 900, 900]
