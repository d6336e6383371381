"""Lengths of candles, by the names that files and venues give them."""

from __future__ import annotations

from typing import Final

from cryptoscalp.market.buckets import STORED_SECONDS

#: The database's names (`candle_interval`) and their lengths in µs.
LENGTHS_US: Final = {name: seconds * 1_000_000 for name, seconds in STORED_SECONDS.items()}
_BY_LENGTH: Final = {length: name for name, length in LENGTHS_US.items()}
_UNITS: Final = {
    "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3_600, "hour": 3_600,
    "d": 86_400, "day": 86_400, "daily": 86_400, "w": 604_800, "week": 604_800,
}  # fmt: skip


def interval_of(word: str) -> str | None:
    """The database's name of an interval (`1h` for 60m, 60min, 1H, hour); None when it has none.

    `1M` and `1mo`, Binance's month, are none: months have no one length.
    """
    digits = word[: len(word) - len(word.lstrip("0123456789"))]
    unit = word[len(digits) :].strip()
    count = int(digits[:9] or 1)
    # Only a minute is written m: M is a month.
    seconds = 60 if unit == "m" else _UNITS.get(unit.lower() if unit != "M" else "")
    return None if seconds is None else _BY_LENGTH.get(count * seconds * 1_000_000)
