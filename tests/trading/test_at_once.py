"""Several clients at once, killed clients, lost commits: the books equal a serial replay."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, Fill, connect
from cryptoscalp.infra.server import EmbeddedServer
from tests.faces import open_face
from tests.postgres import settle
from tests.trading.books import INVERSE, LINEAR, SPOT, Traded, fill, prepare
from tests.trading.oracle import Ledger

ROOT = Path(__file__).resolve().parents[2]
_BY_NAME = {(one.symbol, one.exchange): one for one in (SPOT, LINEAR, INVERSE)}


def made(count: int, seed: int) -> list[Fill]:
    """Fills of three instruments in turn, that open, close and flip, with fees of three kinds."""
    draw = random.Random(seed)
    fees = (("0.001", "BTC"), ("0.05", "USDT"), ("0.0001", "BNB"))
    found = []
    for number in range(count):
        of: Traded = draw.choice((SPOT, LINEAR, INVERSE))
        fee, currency = draw.choice(fees)
        if currency == "USDT" and of.settle == "BTC":
            currency = "BTC"
        side = draw.choice(("BUY", "SELL"))
        size = str(draw.randrange(1, 9))
        price = str(draw.randrange(30_000, 60_000))
        found.append(
            fill(f"{seed}-{number}", side, size, price, of=of, fee=fee, fee_currency=currency)
        )
    return found


def book(dsn: str, fills: list[Fill]) -> None:
    """A process of its own that books some fills, one by one."""
    with connect(dsn) as db:
        for one in fills:
            db.trading.record_fill("main", one)


async def replayed(db: AsyncDatabase) -> None:
    """The books are those of the oracle that books the trades in their order."""
    trades = await db.trading.trades("main")
    ledger = Ledger()
    for trade in trades:
        of = _BY_NAME[trade.symbol, trade.exchange]
        assert trade.exchange_trade_id
        ledger.apply(
            of,
            fill(
                trade.exchange_trade_id, trade.side, trade.quantity, trade.price, of=of,
                fee=trade.commission, fee_currency=trade.commission_currency,
            ),
        )  # fmt: skip
    held = await db.trading.positions("main")
    assert {
        (one.symbol, one.exchange): [
            one.side,
            Fraction(one.open_quantity),
            Fraction(one.cost_basis),
        ]
        for one in held
    } == {key[:2]: [one.side, one.quantity, one.cost] for key, one in ledger.open.items()}
    balances = await db.trading.balances("main")
    assert {code: Fraction(amount) for code, amount in balances.items() if amount} == {
        code: amount for code, amount in ledger.cash.items() if amount
    }
    assert await db.trading.check_books() == []


@pytest.mark.parametrize("same", [True, False], ids=["the same fills", "fills of their own"])
async def test_processes_that_book_fills_of_one_position_at_once(
    db: AsyncDatabase, same: bool
) -> None:
    await prepare(db)
    await db.trading.create_portfolio("main", "USDT")
    work = [made(60, 1 if same else seed) for seed in range(4)]
    spawning = multiprocessing.get_context("spawn")
    processes = [spawning.Process(target=book, args=(db.dsn, fills)) for fills in work]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert len(await db.trading.trades("main")) == (60 if same else 240)
    await replayed(db)


async def test_batches_that_would_deadlock_are_repeated(db: AsyncDatabase, mode: str) -> None:
    await prepare(db)
    await db.trading.create_portfolio("main", "USDT")
    forth = [fill(f"f{n}", "BUY", "1", "100", of=of) for n in range(30) for of in (SPOT, LINEAR)]
    back = [fill(f"b{n}", "SELL", "1", "100", of=of) for n in range(30) for of in (LINEAR, SPOT)]
    spawning = multiprocessing.get_context("spawn")
    other = spawning.Process(target=book_batches, args=(db.dsn, back))
    other.start()
    for start in range(0, len(forth), 20):
        await db.trading.record_fills("main", forth[start : start + 20])
    other.join(60)
    assert other.exitcode == 0
    assert len(await db.trading.trades("main")) == 120
    await replayed(db)


def book_batches(dsn: str, fills: list[Fill]) -> None:
    """A process of its own that books fills in batches."""
    with connect(dsn) as db:
        for start in range(0, len(fills), 20):
            db.trading.record_fills("main", fills[start : start + 20])


_VICTIM = """
import sys
from cryptoscalp import connect
from tests.trading.test_at_once import made
with connect(sys.argv[1]) as db:
    for n in range(10_000):
        print(n, flush=True)
        db.trading.record_fills("main", made(200, 7)[n % 190 : n % 190 + 10])
        db.trading.record_fill("main", made(200, 7)[n % 200])
"""


@pytest.mark.parametrize("victim", ["client", "session"])
async def test_a_client_killed_at_any_moment_leaves_whole_fills(
    db: AsyncDatabase, victim: str
) -> None:
    await prepare(db)
    await db.trading.create_portfolio("main", "USDT")
    draw = random.Random(3)
    for _ in range(3):
        await asyncio.to_thread(_killed, db.dsn, draw.uniform(0.0, 0.3), victim == "session")
        await replayed(db)
    before = len(await db.trading.trades("main"))
    assert before > 0
    done = await db.trading.record_fills("main", made(200, 7))
    assert sum(not one.duplicate for one in done) == 200 - before
    await replayed(db)


def _killed(dsn: str, after_s: float, session_first: bool) -> None:
    """Let the victim book fills for some time, and end it: its session first, or all at once."""
    process = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, dsn], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(after_s)
    if session_first:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                " current_database() AND pid <> pg_backend_pid() AND query LIKE '%record_fill%'"
            )
        time.sleep(0.1)
    process.kill()
    process.communicate()
    settle(dsn)


async def test_a_server_killed_while_fills_come_in_keeps_what_was_answered(
    own_server: EmbeddedServer, mode: str
) -> None:
    async with await open_face(mode, own_server.dsn) as db:
        await prepare(db)
        await db.trading.create_portfolio(f"killed {mode}", "USDT")
        fills = made(120, 11)
        answered = []
        for number, one in enumerate(fills):
            if number in (40, 80):
                pid = own_server.status().pid
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
                own_server.ensure_running()
            answered.append(await db.trading.record_fill(f"killed {mode}", one))
        found = await db.trading.trades(f"killed {mode}")
        assert [one.trade.trade_id for one in answered] == [one.trade_id for one in found]
        assert await db.trading.check_books() == []
