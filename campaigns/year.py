"""Campaign: a year of one instrument goes to the cold tier while it is read; nothing changes."""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Any, Final

import pyarrow as pa

from bench.place import Place, fresh_place
from campaigns.evidence import Campaign, Result, heading, table
from campaigns.year_made import EXCHANGE, FIRST, SYMBOL, quotes, trades
from cryptoscalp import Continuity, Database

#: Reads of each place, in turn, when the cost of a cold day is compared.
_READS: Final = 30
#: How much dearer a cold day may be in a lake of a year than in one of a day.
_FLAT: Final = 1.2
_READERS: Final = 2


@dataclass
class Readers:
    """What the readers that ran beside the move saw."""

    reads: int = 0
    spanning: int = 0
    different: list[str] = field(default_factory=list)

    def __add__(self, other: Readers) -> Readers:
        return Readers(
            self.reads + other.reads,
            self.spanning + other.spanning,
            self.different + other.different,
        )


@dataclass(frozen=True)
class Truth:
    """Everything that was read before the move."""

    trades: pa.Table
    quotes: pa.Table
    minutes: pa.Table


def _parts(options: Namespace) -> Mapping[str, Callable[[], Result]]:
    sizes = (options.days, options.trades, options.quotes)
    return {"year": partial(_year, *sizes), "scan": partial(_scan, options.days, options.trades)}


def _year(days: int, per_day: int, quotes_per_day: int) -> Result:
    with fresh_place() as place, place.connect() as db:
        _fill(db, days, per_day, quotes_per_day)
        end = FIRST + timedelta(days=days)
        truth = Truth(
            db.market.trades(SYMBOL, FIRST, end, EXCHANGE, exact=True),
            db.market.quotes(SYMBOL, FIRST, end, EXCHANGE, exact=True),
            db.market.candles(SYMBOL, "1m", FIRST, end, EXCHANGE, exact=True),
        )
        began = time.perf_counter()
        seen = _move_and_read(place, db, truth, days)
        seconds = time.perf_counter() - began
        verified = db.retention.verify()
        back = Truth(
            db.market.trades(SYMBOL, FIRST, end, EXCHANGE, exact=True),
            db.market.quotes(SYMBOL, FIRST, end, EXCHANGE, exact=True),
            db.market.candles(SYMBOL, "1m", FIRST, end, EXCHANGE, exact=True),
        )
        with place.bare(admin=True) as connection:
            left = _one(connection, "SELECT count(*) FROM market_data")
            left += _one(connection, "SELECT count(*) FROM order_book_l1")
            gone = _one(connection, "SELECT count(*) FROM departures WHERE reason = 'cold'")
            parts = _one(connection, "SELECT count(*) FROM cold_parts WHERE state = 'COLD'")
    equal = {
        "trades": back.trades.equals(truth.trades),
        "quotes": back.quotes.equals(truth.quotes),
        "1m candles": back.minutes.equals(truth.minutes),
    }
    return {
        "passed": all(equal.values())
        and not seen.different
        and seen.spanning > 0
        and left == 0
        and gone == parts == 2 * days
        and verified.parts == parts
        and not verified.damaged,
        "days": days,
        "trades": truth.trades.num_rows,
        "quotes": truth.quotes.num_rows,
        "equal": equal,
        "seconds": round(seconds, 1),
        "rows_left_in_postgresql": left,
        "days_dropped": gone,
        "parts_verified": verified.parts,
        "reads_meanwhile": seen.reads,
        "reads_that_spanned_both_tiers": seen.spanning,
        "different": seen.different[:20],
    }


def _fill(db: Database, days: int, per_day: int, quotes_per_day: int) -> None:
    for first in range(0, days, 20):
        count = min(20, days - first)
        db.capture.write_trades(
            trades(first, count, per_day), continuity=Continuity.CONSECUTIVE_IDS
        )
        if quotes_per_day:
            db.capture.write_quotes(quotes(first, count, quotes_per_day))
        print(f"  written: {first + count} days", file=sys.stderr, flush=True)


def _move_and_read(place: Place, db: Database, truth: Truth, days: int) -> Readers:
    done = Event()
    with ThreadPoolExecutor(_READERS) as threads:
        readers = [
            threads.submit(_read, place, truth, days, done, seed) for seed in range(_READERS)
        ]
        try:
            db.retention.run(hot_days=0)
        finally:
            done.set()
        seen = Readers()
        for reader in readers:
            seen += reader.result()
    return seen


def _read(place: Place, truth: Truth, days: int, done: Event, seed: int) -> Readers:
    """Read ranges again and again until the move is done; each has to be as it was before."""
    rng = random.Random(seed)
    seen = Readers()
    with place.connect() as db:
        while not done.is_set():
            first = FIRST + timedelta(minutes=rng.randrange(days * 1440))
            last = first + timedelta(minutes=rng.randrange(1, 15 * 1440))
            kind, known, read = rng.choice(
                (
                    ("trades", truth.trades, db.market.trades),
                    ("quotes", truth.quotes, db.market.quotes),
                )
            )
            found = read(SYMBOL, first, last, EXCHANGE, exact=True)
            seen.reads += 1
            tiers = json.loads(found.schema.metadata[b"cryptoscalp.ranges"])
            seen.spanning += len({one["tier"] for one in tiers}) == 2
            if not found.equals(_between(known, first, last)):
                seen.different.append(f"{kind} {first.isoformat()} to {last.isoformat()}")
    return seen


def _between(known: pa.Table, first: Any, last: Any) -> pa.Table:
    stamps = known["timestamp"].combine_chunks().cast(pa.int64()).to_numpy()
    low, high = (
        int(stamps.searchsorted(pa.scalar(at, pa.timestamp("us", "UTC")).value))
        for at in (first, last)
    )
    return known.slice(low, high - low)


def _scan(days: int, per_day: int) -> Result:
    """The same cold day, read in turn from a lake that holds it alone and from one of a year."""
    with (
        fresh_place() as small,
        fresh_place() as large,
        small.connect() as alone,
        large.connect() as among,
    ):
        _fill(alone, 1, per_day, 0)
        _fill(among, days, per_day, 0)
        for db in (alone, among):
            db.retention.run(hot_days=0)
        spent: dict[str, list[float]] = {"one day": [], f"{days} days": []}
        for _ in range(_READS + 1):
            for db, taken in zip((alone, among), spent.values(), strict=True):
                began = time.perf_counter()
                found = db.market.trades(
                    SYMBOL, FIRST, FIRST + timedelta(days=1), EXCHANGE, exact=True
                )
                taken.append((time.perf_counter() - began) * 1000)
                assert found.num_rows == per_day
    medians = {name: statistics.median(taken[1:]) for name, taken in spent.items()}
    one, many = medians.values()
    return {
        "passed": many <= _FLAT * one,
        "rows": per_day,
        "reads": _READS,
        "median_ms": {name: round(value, 2) for name, value in medians.items()},
        "ratio": round(many / one, 3),
        "bar": _FLAT,
    }


def _one(connection: Any, query: str) -> int:
    value: int = connection.execute(query).fetchone()[0]
    return value


def _page(found: Mapping[str, Any]) -> str:
    lines = ["# A year of one instrument in the cold tier", "", *heading(found), ""]
    for name, part in found["parts"].items():
        rows = [(key, json.dumps(value)) for key, value in part.items()]
        lines += [f"## {name}", "", *table(("what", "found"), rows), ""]
    return "\n".join(lines)


def _options(parser: ArgumentParser) -> None:
    parser.add_argument("--days", type=int, default=365, help="days of data (365)")
    parser.add_argument("--trades", type=int, default=10_000, help="trades a day (10,000)")
    parser.add_argument("--quotes", type=int, default=5_000, help="quotes a day (5,000)")


CAMPAIGN: Final = Campaign(
    name="year",
    about="a year of one instrument through export, drop and read back, read all the while",
    vouches_for=(
        "src/cryptoscalp/infra/cold/**/*.py",
        "src/cryptoscalp/infra/cold/sql/*.sql",
        "src/cryptoscalp/retention/**/*.py",
        "src/cryptoscalp/market/ranges.py",
        "campaigns/year*.py",
    ),
    parts=_parts,
    page=_page,
    options=_options,
)
