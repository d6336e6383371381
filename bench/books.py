"""The books: fills one by one, in batches and from four threads; reading what is open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from itertools import islice
from typing import Any, Final

from psycopg import sql

from bench import account, held
from bench.figures import Figure, Section, latency
from bench.place import Place
from cryptoscalp import Database, Fill
from cryptoscalp.trading.types import Booked, Trade

NAME: Final = "books"
_WARM_UP: Final = 20
_THREADS: Final = 4
_OPEN: Final = 10
_COLUMNS: Final = [one.name for one in fields(Trade) if one.name != "trade_id"]
_BARE: Final = sql.SQL("INSERT INTO bare_trades ({}) VALUES ({})").format(
    sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)),
    sql.SQL(", ").join(map(sql.Placeholder, _COLUMNS)),
)

#: Seconds of the product's call and of its peer, call by call.
Calls = tuple[list[float], list[float]]


def measure(place: Place, quick: bool) -> Section:
    """Book fills on both faces, in batches and at once; read ten open positions among many."""
    instruments, closed = (5, 20) if quick else (50, 10_000)
    calls, batches, rounds, reads = (40, 1, 1, 50) if quick else (2_000, 10, 4, 5_000)
    with place.connect() as db, place.bare(admin=True) as admin:
        account.market(db, instruments)
        for name in ("sync", "async", "batch", "many", *_portfolios()):
            db.trading.create_portfolio(name, account.CURRENCY)
        account.copied(admin, "trades", "trade_id")
        account.book(db, "many", islice(account.fills(instruments, "many"), 4 * closed))
        account.opened(db, "many", _OPEN // 2, 2)
    place.settle()
    figures: list[Figure] = []
    for face, (ours, peer) in (
        ("sync", _sync(place, instruments, calls)),
        ("async", asyncio.run(_async(place, instruments, calls))),
    ):
        figures += latency(f"{face}, one fill", ours, peer, {})
    with place.connect() as db:
        figures.append(_batches(db, instruments, batches))
        figures.append(_at_once(db, instruments, calls // 4, rounds))
    place.settle()
    name = f"{_OPEN} open positions beside {closed:,} closed"
    figures += held.reading(place, "many", _OPEN, name, reads)
    return Section(
        NAME,
        f"record_fill, record_fills, positions(portfolio): psycopg 3, prepared, through the"
        f" product's pool; {instruments} spot instruments, fills that open, increase, reduce and"
        " close a position in turn, a fee in the quote currency; every call is committed",
        "fills: INSERT of the same row into a copy of `trades` with the primary key only, prepared;"
        " batches: executemany in a transaction; reading: SELECT 1; each on the pool's own"
        " connection, call by call in turn",
        place.settings(),
        figures,
    )


def _portfolios() -> list[str]:
    return [f"thread {n}" for n in range(_THREADS)]


def _sync(place: Place, instruments: int, calls: int) -> Calls:
    ours: list[float] = []
    peer: list[float] = []
    with place.connect() as db:
        for fill in islice(account.fills(instruments, "sync"), _WARM_UP + calls):
            began = time.perf_counter()
            booked = db.trading.record_fill("sync", fill)
            ours.append(time.perf_counter() - began)
            row = asdict(booked.trade)
            with db.trading.driver.pool.connection() as bare:
                began = time.perf_counter()
                bare.execute(_BARE, row)
                peer.append(time.perf_counter() - began)
    return ours[_WARM_UP:], peer[_WARM_UP:]


async def _async(place: Place, instruments: int, calls: int) -> Calls:
    ours: list[float] = []
    peer: list[float] = []
    async with place.connect_async() as db:
        for fill in islice(account.fills(instruments, "async"), _WARM_UP + calls):
            began = time.perf_counter()
            booked = await db.trading.record_fill("async", fill)
            ours.append(time.perf_counter() - began)
            row = asdict(booked.trade)
            async with db.trading.driver.pool.connection() as bare:
                began = time.perf_counter()
                await bare.execute(_BARE, row)
                peer.append(time.perf_counter() - began)
    return ours[_WARM_UP:], peer[_WARM_UP:]


def _batches(db: Database, instruments: int, batches: int) -> Figure:
    size = account.FILLS_A_BATCH
    given = account.fills(instruments, "batch")
    mine = theirs = 0.0
    for n in range(batches + 1):
        batch = list(islice(given, size))
        began = time.perf_counter()
        booked = db.trading.record_fills("batch", batch)
        ours = time.perf_counter() - began
        rows = [asdict(one.trade) for one in booked]
        with db.trading.driver.pool.connection() as bare:
            began = time.perf_counter()
            with bare.transaction(), bare.cursor() as cursor:
                cursor.executemany(_BARE, rows)
            peer = time.perf_counter() - began
        if n:  # plans are made in the first one
            mine += ours
            theirs += peer
    total = batches * size
    return Figure(f"batches of {size}", total / mine, "fills/s", total / theirs)


def _at_once(db: Database, instruments: int, calls: int, rounds: int) -> Figure:
    """Threads that book one by one, each in a portfolio of its own, in turn with bare INSERTs."""
    names = _portfolios()
    given = [account.fills(instruments, name) for name in names]
    mine = theirs = 0.0
    with ThreadPoolExecutor(_THREADS) as threads:
        for n in range(rounds + 1):
            parts = [list(islice(one, calls)) for one in given]
            began = time.perf_counter()
            booked = list(threads.map(_book, [db] * _THREADS, names, parts))
            ours = time.perf_counter() - began
            rows = [[asdict(one.trade) for one in part] for part in booked]
            began = time.perf_counter()
            list(threads.map(_insert, [db] * _THREADS, rows))
            if n:  # the threads' connections are made in the first one
                mine += ours
                theirs += time.perf_counter() - began
    total = rounds * calls * _THREADS
    return Figure(f"{_THREADS} threads, one fill a call", total / mine, "fills/s", total / theirs)


def _book(db: Database, portfolio: str, given: Sequence[Fill]) -> list[Booked]:
    return [db.trading.record_fill(portfolio, fill) for fill in given]


def _insert(db: Database, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        with db.trading.driver.pool.connection() as bare:
            bare.execute(_BARE, row)
