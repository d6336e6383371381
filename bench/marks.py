"""Mark-to-market: a mark and a marking of everything, against bare UPDATEs of the same rows."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from bench import account
from bench.figures import Bar, Figure, Section, latency, percentiles
from bench.place import Place
from cryptoscalp import Database

NAME: Final = "marks"
_ONE: Final = Bar("ratio", "≥", 0.7)
_ALL: Final = Bar("ratio", "≥", 0.4)
_HOT: Final = Bar("figure", "≥", 99)
_WARM_UP: Final = 20
_BARE_ONE: Final = (
    "UPDATE bare_positions SET current_price = %s, unrealized_pnl = %s WHERE position_id = %s"
)
_BARE_ALL: Final = """
    UPDATE bare_positions AS p
    SET current_price = q.bid_price, unrealized_pnl = p.open_quantity * q.bid_price - p.cost_basis
    FROM bare_quotes AS q WHERE q.symbol = p.symbol AND q.exchange = p.exchange
"""
_UPDATED: Final = (
    "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'positions'"
)

#: Seconds of the product's mark and of the bare UPDATE, call by call.
Calls = tuple[list[float], list[float]]


def measure(place: Place, quick: bool) -> Section:
    """Mark positions one by one on both faces, then all in one statement."""
    instruments, strategies = (5, 2) if quick else (50, 20)
    one_by_one, all_at_once = (50, 5) if quick else (3_000, 200)
    held = instruments * strategies
    with place.connect() as db, place.bare(admin=True) as admin:
        account.market(db, instruments)
        db.trading.create_portfolio("main", account.CURRENCY)
        account.opened(db, "main", instruments, strategies)
        ids = [one.position_id for one in db.trading.positions("main")]
        account.copied(admin, "positions", "position_id")
        admin.execute("CREATE TABLE bare_quotes AS TABLE newest_quotes")
        admin.execute("ALTER TABLE bare_quotes ADD PRIMARY KEY (symbol, exchange)")
        admin.execute("GRANT SELECT ON bare_quotes TO cryptoscalp_app")
    place.settle()
    before = _updated(place)
    figures: list[Figure] = []
    for face, (ours, peer) in (
        ("sync", _sync(place, ids, one_by_one)),
        ("async", asyncio.run(_async(place, ids, one_by_one))),
    ):
        figures += _compared(f"{face}, one mark", ours, peer, 1, _ONE)
    place.settle()
    with place.connect() as db:
        ours, peer = _at_once(db, held, all_at_once)
    figures += _compared(f"{held:,} positions in one statement", ours, peer, held, _ALL)
    marks = 2 * (_WARM_UP + one_by_one) + held * (_WARM_UP + all_at_once)
    updated, hot = _counted(place, before, marks)
    figures.append(
        Figure(
            "updates that are HOT", 100 * hot / updated, "%", bars=(_HOT,),
            note=f"{hot:,} of {updated:,}, all marks of this run (pg_stat_user_tables)",
        )
    )  # fmt: skip
    return Section(
        NAME,
        f"mark_position(id, price) and mark(portfolio): psycopg 3, prepared, through the product's"
        f" pool; {held:,} open positions; each call is committed by itself",
        "UPDATE of price and P&L, reckoned by the client or in the statement, in a copy of the rows"
        " with the same fill factor and the primary key only; prepared, on the very connection of"
        " the pool, call by call in turn; rates are taken at p50",
        place.settings(),
        figures,
    )


def _compared(
    name: str, ours: Sequence[float], peer: Sequence[float], rows: int, bar: Bar
) -> list[Figure]:
    """The rate at p50 against its bar, and the percentiles."""
    mine, theirs = (rows / percentiles(side)["p50"] for side in (ours, peer))
    return [Figure(f"{name}, rate", mine, "updates/s", theirs, (bar,)),
            *latency(name, ours, peer, {})]  # fmt: skip


def _prices(ids: Sequence[int], calls: int) -> list[tuple[int, Decimal, Decimal]]:
    """Positions in random order, each with a price and its P&L at that price."""
    rng = random.Random(calls)
    found = []
    for _ in range(_WARM_UP + calls):
        price = Decimal(rng.randrange(1_000_000, 6_000_000)).scaleb(-2)
        found.append((rng.choice(ids), price, Decimal("0.75") * price - 23_437))
    return found


def _sync(place: Place, ids: Sequence[int], calls: int) -> Calls:
    ours: list[float] = []
    peer: list[float] = []
    with place.connect() as db:
        for position, price, pnl in _prices(ids, calls):
            with db.trading.driver.pool.connection() as bare:
                began = time.perf_counter()
                bare.execute(_BARE_ONE, (price, pnl, position))
                peer.append(time.perf_counter() - began)
            began = time.perf_counter()
            db.trading.mark_position(position, price)
            ours.append(time.perf_counter() - began)
    return ours[_WARM_UP:], peer[_WARM_UP:]


async def _async(place: Place, ids: Sequence[int], calls: int) -> Calls:
    ours: list[float] = []
    peer: list[float] = []
    async with place.connect_async() as db:
        for position, price, pnl in _prices(ids, calls):
            async with db.trading.driver.pool.connection() as bare:
                began = time.perf_counter()
                await bare.execute(_BARE_ONE, (price, pnl, position))
                peer.append(time.perf_counter() - began)
            began = time.perf_counter()
            await db.trading.mark_position(position, price)
            ours.append(time.perf_counter() - began)
    return ours[_WARM_UP:], peer[_WARM_UP:]


def _at_once(db: Database, held: int, calls: int) -> Calls:
    ours: list[float] = []
    peer: list[float] = []
    for _ in range(_WARM_UP + calls):
        with db.trading.driver.pool.connection() as bare:
            began = time.perf_counter()
            touched = bare.execute(_BARE_ALL).rowcount
            peer.append(time.perf_counter() - began)
        began = time.perf_counter()
        marked = db.trading.mark("main").marked
        ours.append(time.perf_counter() - began)
        if (marked, touched) != (held, held):
            raise AssertionError(f"{marked} and {touched} positions were marked, not {held}")
    return ours[_WARM_UP:], peer[_WARM_UP:]


def _updated(place: Place) -> tuple[int, int]:
    with place.bare(admin=True) as admin:
        found: Any = admin.execute(_UPDATED).fetchone()
    return found[0], found[1]


def _counted(place: Place, before: tuple[int, int], expected: int) -> tuple[int, int]:
    """Updates since `before`, and the HOT ones; the server counts them as its sessions end."""
    deadline = time.monotonic() + 10
    while True:
        all_now, hot_now = _updated(place)
        updated, hot = all_now - before[0], hot_now - before[1]
        if updated == expected:
            return updated, hot
        if time.monotonic() > deadline:
            raise AssertionError(f"{updated:,} updates were counted, not {expected:,}")
        time.sleep(0.05)
