"""Numbers, times and sides as venues write them, taken over exactly.

A value that cannot be what it should be is a ValueError that says so.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final, TypeAlias

import msgspec

#: A JSON number that a bigint holds: a trade id, an update id, a time.
Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

# A time from here to there is milliseconds, above it microseconds. Anything below is handed on
# as it is, so that validation can name the unit that would fit.
MILLISECONDS: Final = (10**11, 10**14 - 1)

_SECONDS: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{0,30}))?")
_ISO: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z"
)
_SIDES: Final = {"buy": "BUY", "sell": "SELL", "b": "BUY", "s": "SELL"}
_OTHER: Final = {"BUY": "SELL", "SELL": "BUY"}
_text: Final = msgspec.json.Decoder(str).decode


def number(raw: msgspec.Raw) -> str:
    """The digits of a number that may be written as JSON text or as a JSON number."""
    written = bytes(raw)
    if written[:1] == b'"':
        return _text(written)
    if written[:1] in b"-0123456789" and written:
        return written.decode()
    raise ValueError(f"{written[:40].decode(errors='replace')} is not a number")


def whole(value: int | str) -> int:
    """An id or a time that may be written as JSON text or as a JSON number."""
    if isinstance(value, str):
        # int() takes what no venue writes: signs, underscores, blanks.
        if not (value.isascii() and value.isdigit() and len(value) <= 19):
            raise ValueError(f"{value[:40]!r} is not a whole number")
        value = int(value)
    if not 0 <= value < 2**63:
        raise ValueError(f"{value} does not fit 63 bits")
    return value


def from_ms(time: int) -> int:
    """A venue's time, ms or (where it is that large) µs, as µs since the epoch."""
    return time * 1_000 if MILLISECONDS[0] <= time <= MILLISECONDS[1] else time


def from_seconds(text: str) -> int:
    """Seconds with a fraction as µs since the epoch; digits below the µs are dropped."""
    if (found := _SECONDS.fullmatch(text)) is None:
        raise ValueError(f"{text[:40]!r} is not a time in seconds")
    return int(found[1]) * 1_000_000 + _microseconds(found[2])


def from_iso(text: str) -> int:
    """A UTC time such as `2021-04-17T16:43:30.244075Z` as µs since the epoch."""
    if (found := _ISO.fullmatch(text)) is None:
        raise ValueError(f"{text[:40]!r} is not a UTC time")
    seconds = int(datetime.fromisoformat(f"{found[1]}+00:00").timestamp())
    return seconds * 1_000_000 + _microseconds(found[2])


def _microseconds(fraction: str | None) -> int:
    return int(fraction[:6].ljust(6, "0")) if fraction else 0


def aggressor(side: str) -> str:
    """The side of the taker, from the venue's word for it."""
    found = _SIDES.get(side.lower())
    if found is None:
        raise ValueError(f"{side[:40]!r} is not a side")
    return found


def opposite(side: str) -> str:
    """The side of the taker, from the venue's word for the maker's."""
    return _OTHER[aggressor(side)]


def present(text: str | msgspec.UnsetType | None) -> str | None:
    """A number that venues leave away, or write as empty text, where there is none."""
    return text or None
