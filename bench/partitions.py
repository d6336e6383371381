"""Every read of one instrument's newest day, as daily partitions grow from 1 to 1,000."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from bench import made
from bench.figures import Bar, Figure, Section, latency, percentiles
from bench.place import Place
from cryptoscalp import Database, connect
from cryptoscalp.infra.db.flow import Flow, Operation
from cryptoscalp.market.candles import candles
from cryptoscalp.market.newest import last_trade, latest
from cryptoscalp.market.ranges import quotes, trades
from cryptoscalp.monitoring.checks.explain import Plan, explained

NAME: Final = "partitions"
_FLAT: Final = Bar("figure", "≤", 20)
_WARM_UP: Final = 20
_DAYS_A_CALL: Final = 100
_TABLES: Final = ("market_data", "order_book_l1", "candles_1s", "candles_long")

#: The reads, each of one instrument and, where it has a range, of one day.
_READS: Final[Mapping[str, Callable[[str], Flow[Any]]]] = {
    "newest quote": lambda name: latest(name, made.EXCHANGE),
    "last trade": lambda name: last_trade(name, made.EXCHANGE),
    "trades of a day": lambda name: trades(name, made.DAY, made.NEXT_DAY, made.EXCHANGE),
    "quotes of a day": lambda name: quotes(name, made.DAY, made.NEXT_DAY, made.EXCHANGE),
    "1m candles of a day": lambda name: candles(name, "1m", made.DAY, made.NEXT_DAY, made.EXCHANGE),
    "1s candles of a day": lambda name: candles(name, "1s", made.DAY, made.NEXT_DAY, made.EXCHANGE),
}
# As the owner with triggers off: what is measured is reads, and half a million rows a table come
# in seconds. A trade, a quote and two candles of every instrument lie in every day.
_FILL: Final = (
    """
    INSERT INTO market_data (timestamp, symbol, exchange, price, volume, feed, sequence)
    SELECT day + interval '12 hours', symbol, exchange, 100, 1, 'trade', day::date - '2000-01-01'
    FROM instruments, generate_series(%(first)s::timestamptz, %(last)s, '1 day') AS day
    """,
    """
    INSERT INTO order_book_l1 (timestamp, symbol, exchange, bid_price, bid_volume, ask_price,
                               ask_volume, source, sequence)
    SELECT day + interval '12 hours', symbol, exchange, 100, 1, 101, 1, 'ticker',
           day::date - '2000-01-01'
    FROM instruments, generate_series(%(first)s::timestamptz, %(last)s, '1 day') AS day
    """,
    """
    INSERT INTO candles (timestamp, symbol, exchange, interval, source, open, high, low, close,
                         volume, trade_count, open_at, open_sequence, close_at, close_sequence)
    SELECT day + interval '12 hours', symbol, exchange, length::candle_interval, 'computed', 100,
           100, 100, 100, 1, 1, day + interval '12 hours', 1, day + interval '12 hours', 1
    FROM instruments, generate_series(%(first)s::timestamptz, %(last)s, '1 day') AS day,
         unnest(ARRAY['1s', '1m']) AS length
    """,
)


def measure(place: Place, quick: bool) -> Section:
    """Read the newest day of databases with more and more days, call by call in turn."""
    counts = (1, 5) if quick else (1, 30, 365, 1_000)
    calls, instruments = (10, 20) if quick else (500, 500)
    with place.connect() as db:
        db.capture.write_quotes(made.quotes(instruments, made.DAY, 1))
        db.capture.write_trades(made.trades(instruments * 10, instruments, seconds=60))
    figures: list[Figure] = []
    grown: list[Figure] = []
    with ExitStack() as stack:
        databases = []
        for done, count in pairwise((0, *counts)):
            _grow(place, done, count)
            dsn = _copied(place, f"days_{count}")
            databases.append(stack.enter_context(connect(dsn)))
        for name, read in _READS.items():
            taken = _in_turn(databases, read, calls, instruments)
            planned = _planning_us(databases, read, min(calls, 100), instruments)
            for count, (ours, peer) in zip(counts, taken, strict=True):
                days = f"{count:,} day{'s' if count > 1 else ''}"
                figures += [
                    one
                    for one in latency(f"{name}, {days}", ours, peer, {})
                    if not one.name.endswith("p99.9")
                ]
            medians = [percentiles(ours)["p50"] * 1e6 for ours, _ in taken]
            grown += [
                _growth(f"{name}, p50", counts[-1], medians),
                _growth(f"{name}, plan time", counts[-1], planned),
            ]
    return Section(
        NAME,
        "the public API, psycopg 3 (C) and ADBC, through the product's pool;"
        f" {instruments} instruments in turn, {calls:,} calls a line, the databases in turn call by"
        " call; every day holds a trade, a quote, a 1s and a 1m candle of each instrument, filled"
        " by INSERT ... SELECT with triggers off; plan time by EXPLAIN (SUMMARY) of the read's own"
        " statements",
        "SELECT 1 on the pool of the same database, call by call in turn",
        place.settings(),
        [*grown, *figures],
    )


def _growth(what: str, most: int, medians: list[float]) -> Figure:
    """How much more than with one day it takes with the worst number of days."""
    return Figure(
        f"{what} from 1 to {most:,} days, growth",
        max(max(one / medians[0] - 1 for one in medians) * 100, 0.01),
        "%",
        bars=(_FLAT,),
        note=f"it was {', '.join(f'{one:,.0f}' for one in medians)} µs",
    )


def _copied(place: Place, name: str) -> str:
    """Connection string of a copy of the database as it is now."""
    place.settle()
    with psycopg.connect(make_conninfo(place.admin_dsn, dbname="postgres"), autocommit=True) as it:
        it.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(str(conninfo_to_dict(place.dsn)["dbname"]))
            )
        )
    return make_conninfo(place.dsn, dbname=name)


def _grow(place: Place, done: int, count: int) -> None:
    """Make and fill the partitions of the days that are `done` to `count` - 1 before the newest."""
    for nearest in range(done, count, _DAYS_A_CALL):
        furthest = min(nearest + _DAYS_A_CALL, count) - 1
        first = made.DAY - timedelta(days=furthest)
        last = made.DAY - timedelta(days=nearest)
        with place.connect() as db:
            db.market.ensure_partitions(first, last, _TABLES)
        with place.bare(admin=True) as admin:
            admin.execute("SET session_replication_role = replica")
            for statement in _FILL:
                if nearest or furthest:
                    before = min(last, made.DAY - timedelta(days=1))
                    admin.execute(statement.encode(), {"first": first, "last": before})


def _in_turn(
    databases: Sequence[Database], read: Callable[[str], Flow[Any]], calls: int, instruments: int
) -> list[tuple[list[float], list[float]]]:
    """Seconds of the read and of SELECT 1 on each database, call by call."""
    names = made.symbols(instruments)
    operation = Operation(read, transaction=False, retry=True)
    taken: list[tuple[list[float], list[float]]] = [([], []) for _ in databases]
    for n in range(_WARM_UP + calls):
        for db, (ours, peer) in zip(databases, taken, strict=True):
            with db.market.driver.pool.connection() as bare:
                began = time.perf_counter()
                bare.execute("SELECT 1", binary=True).fetchone()
                peer.append(time.perf_counter() - began)
            began = time.perf_counter()
            db.market.driver.run(operation, names[n % instruments])
            ours.append(time.perf_counter() - began)
    return [(ours[_WARM_UP:], peer[_WARM_UP:]) for ours, peer in taken]


def _planning_us(
    databases: Sequence[Database], read: Callable[[str], Flow[Any]], calls: int, instruments: int
) -> list[float]:
    """Median microseconds that PostgreSQL plans the statements of one read, by database."""
    operation = Operation(lambda name: explained(read(name)), transaction=True, retry=True)
    found: list[list[float]] = [[] for _ in databases]
    for name in made.symbols(instruments)[:calls]:
        for db, taken in zip(databases, found, strict=True):
            plans: list[Plan] = db.market.driver.run(operation, name)
            taken.append(sum(plan.planning_ms for plan in plans) * 1_000)
    return [statistics.median(taken) for taken in found]
