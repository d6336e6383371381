"""Times as the command line takes and gives them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final

import typer

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def parsed_time(text: str | datetime) -> datetime:
    """An aware datetime from ISO 8601; a date is its first moment in UTC."""
    if isinstance(text, datetime):
        return text
    try:
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no time; write ISO 8601, for example 2024-08-08T23:54:00Z or 2024-08-08"
        ) from None
    if found.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no time zone; write {text}Z for UTC, or +02:00")
    return found.astimezone(UTC)


def parsed_duration(text: str | float) -> float:
    """Seconds from `500ms`, `30s`, `5m`, `1h`, `1d` or plain seconds."""
    if not isinstance(text, str):
        return text
    found = _DURATION.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no length of time; write 30s, 5m or 1h")
    seconds = float(found[1]) * _UNITS[found[2] or "s"]
    if not seconds:
        raise typer.BadParameter(f"{text!r} is no time at all; write 30s, 5m or 1h")
    return seconds


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the microsecond."""
    if moment is None:
        return None
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def readable(moment: datetime | None) -> str:
    """UTC to the millisecond, for tables."""
    if moment is None:
        return "–"
    plain = moment.astimezone(UTC).replace(tzinfo=None)
    return plain.isoformat(sep=" ", timespec="milliseconds")


def age(seconds: float) -> str:
    """A length of time in the unit that suits it."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds >= 172_800:
        return f"{seconds / 86_400:,.0f} days"
    return str(timedelta(seconds=int(seconds)))


Start = Annotated[
    datetime,
    typer.Option("--start", parser=parsed_time, metavar="TIME", help="First moment, included."),
]
End = Annotated[
    datetime,
    typer.Option(
        "--end", parser=parsed_time, metavar="TIME", help="Up to this moment, not included."
    ),
]
MaybeStart = Annotated[
    datetime | None,
    typer.Option("--start", parser=parsed_time, metavar="TIME", help="First moment, included."),
]
MaybeEnd = Annotated[
    datetime | None,
    typer.Option(
        "--end", parser=parsed_time, metavar="TIME", help="Up to this moment, not included."
    ),
]
