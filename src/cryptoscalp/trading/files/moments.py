"""Times as files write them: ISO 8601, or a count of s, ms, us or ns since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, Literal, TypeAlias, get_args

from cryptoscalp.trading.files.record import Record

#: `utc`: text without a zone is in UTC.
Unit: TypeAlias = Literal["s", "ms", "us", "ns", "iso", "utc"]
UNITS: Final = get_args(Unit)
_MICROSECONDS: Final = {"s": 6, "ms": 3, "us": 0, "ns": -3}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: What the books take: from the first block of Bitcoin on, to a little after now.
_EARLIEST: Final = datetime(2009, 1, 3, tzinfo=UTC)
_AHEAD: Final = timedelta(minutes=10)
_COUNT: Final = re.compile(r"[-+]?\d*\.?\d*", re.ASCII)
_SHORT_YEAR: Final = re.compile(r"\d{2}-\d{2}-\d{2} ", re.ASCII)
_OFFSET: Final = re.compile(r"\((?:UTC|GMT)(?:(?P<hours>[+-]\d{1,2})(?::(?P<minutes>\d{2}))?)?\)")


def moment(record: Record, field: str, unit: Unit) -> datetime:
    """The time in a field, in UTC. Raises InputError for what is none, or none of a fill."""
    if unit in _MICROSECONDS:
        return _checked(record, field, _counted(record, field, _MICROSECONDS[unit]))
    text = record.text(field)
    if _COUNT.fullmatch(text):
        record.refuse(field, "is a count; say its unit: timestamp=COLUMN:s, ms, us or ns")
    return _checked(record, field, _spelled(record, field, text, UTC if unit == "utc" else None))


def local_moment(record: Record, field: str) -> datetime:
    """The time in a column whose name says the zone, such as `Date(UTC)`, in UTC."""
    said = _OFFSET.search(field)
    hours = int(said["hours"] or 0) if said else 0
    minutes = int(said["minutes"] or 0) * (-1 if hours < 0 else 1) if said else 0
    text = record.text(field)
    if _SHORT_YEAR.match(text):
        text = f"20{text}"
    zone = timezone(timedelta(hours=hours, minutes=minutes))
    return _checked(record, field, _spelled(record, field, text, zone))


def zoned(column: str, *names: str) -> bool:
    """Whether a column is one of the names with a zone behind it, such as `Date(UTC)`."""
    found = _OFFSET.search(column)
    return found is not None and column[: found.start()].strip() in names


def _counted(record: Record, field: str, scale: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=int(record.number(field).scaleb(scale)))
    except OverflowError:
        record.refuse(field, "is no time in this unit")


def _spelled(record: Record, field: str, text: str, zone: timezone | None) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        record.refuse(field, "is no time; ISO 8601 is read, such as 2024-08-08T23:54:00Z")
    if found.tzinfo is None:
        if zone is None:
            record.refuse(field, "has no zone; if it is UTC, say so: timestamp=COLUMN:utc")
        found = found.replace(tzinfo=zone)
    try:
        return found.astimezone(UTC)
    except OverflowError:
        record.refuse(field, "is no time that is known")


def _checked(record: Record, field: str, found: datetime) -> datetime:
    if found < _EARLIEST:
        record.refuse(field, f"is {found.isoformat()}, before 2009-01-03; is its unit right?")
    if found > datetime.now(UTC) + _AHEAD:
        record.refuse(field, f"is {found.isoformat()}, in the future; is its unit right?")
    return found
