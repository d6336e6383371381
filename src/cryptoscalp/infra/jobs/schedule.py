"""Cron lines, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def next_moment(schedule: str, after: datetime) -> datetime:
    """The next moment of a cron line after another one, both in UTC.

    Raises ValueError for a line that is none.
    """
    from croniter import croniter

    found: float = croniter(schedule, after.timestamp()).get_next(float)
    return datetime.fromtimestamp(found, UTC)
