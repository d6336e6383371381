"""Trades without ids as CSV files, and what a database should hold of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from tests.capture import brute
from tests.faces import NOON

Trade: TypeAlias = tuple[int, str, str, str]
"""Microseconds past noon, price, size, side."""
_NOON_US = int(NOON.timestamp()) * 1_000_000


def trades(seed: int, count: int, *, every_us: int = 400_000) -> list[Trade]:
    """Trades in time order; many moments have several, and many of those look the same."""
    chance = random.Random(seed)
    found: list[Trade] = []
    at = 0
    while len(found) < count:
        at += chance.randrange(1, every_us)
        for _ in range(chance.choice([1, 1, 2, 5])):
            side = chance.choice(["BUY", "SELL"])
            found.append((at, chance.choice(["100", "100.5"]), chance.choice(["1", "2"]), side))
    return found[:count]


def text(rows: Iterable[Trade], head: str = "timestamp,price,size,side") -> str:
    """The rows as a CSV file; times in µs."""
    lines = (f"{_NOON_US + at},{price},{size},{side}" for at, price, size, side in rows)
    return "\n".join([head, *lines]) + "\n"


def file(path: Path, rows: Iterable[Trade]) -> Path:
    """A CSV file of these rows."""
    path.write_text(text(rows))
    return path


def union(*files: Sequence[Trade]) -> Counter[Trade]:
    """What several files of one stream hold together: of each row the most that one has."""
    found: Counter[Trade] = Counter()
    for rows in files:
        found |= Counter(rows)
    return found


def stored(dsn: str, symbol: str) -> Counter[Trade]:
    """The trades of a symbol that are stored."""
    found = brute.fetch(
        dsn,
        "SELECT timestamp, trim_scale(price)::text, trim_scale(volume)::text, side::text"
        " FROM market_data WHERE symbol = %s",
        symbol,
    )
    micro = timedelta(microseconds=1)
    return Counter(((at - NOON) // micro, *rest) for at, *rest in found)
