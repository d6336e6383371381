"""Flows side by side: in order, so many at once, and none that outlives the others' failure."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, ConnectionLost
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.infra.db.flow import Flow, Operation, call, rows, together
from cryptoscalp.infra.db.side_by_side import in_threads


def plan(flows: list[Callable[[], Flow[Any]]], at_most: int, **more: bool) -> Operation:
    def flow() -> Flow[list[Any]]:
        return (yield from together(flows, at_most=at_most))

    return Operation(flow, transaction=more.get("transaction", False), retry=False)


@pytest.mark.parametrize("at_most", [1, 3, 20])
async def test_results_come_in_order_and_no_more_run_than_may(
    db: AsyncDatabase, at_most: int
) -> None:
    lock, running, most = threading.Lock(), 0, 0

    def work(n: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02 * (n % 3))
        with lock:
            running -= 1

    def one(n: int) -> Flow[int]:
        yield from call(partial(work, n))
        return (yield from rows("SELECT %s::int", (n * n,)))[0][0]  # type: ignore[no-any-return]

    found = await db.market.driver.run(plan([partial(one, n) for n in range(9)], at_most))
    assert found == [n * n for n in range(9)]
    assert most <= at_most
    assert at_most == 1 or most > 1


async def test_no_flow_at_all(db: AsyncDatabase) -> None:
    assert await db.market.driver.run(plan([], 2)) == []


@pytest.mark.parametrize("kind", [InputError, OSError, psycopg.DataError])
async def test_the_first_failure_ends_the_others(db: AsyncDatabase, kind: type[Exception]) -> None:
    ended: list[str] = []
    threads = threading.active_count()

    def fail() -> None:
        time.sleep(0.1)
        raise kind("no more")

    def bad() -> Flow[None]:
        yield from call(fail)

    def long(name: str) -> Flow[None]:
        try:
            for _ in range(1_000):
                yield from rows("SELECT pg_sleep(0.02)")
        finally:
            ended.append(name)

    def never() -> Flow[None]:
        ended.append("was begun")
        yield from rows("SELECT 1")

    began = time.monotonic()
    flows: list[Callable[[], Flow[None]]] = [bad, partial(long, "a"), partial(long, "b")]
    flows += [never] * 5
    with pytest.raises(Exception, match="no more"):
        await db.market.driver.run(plan(flows, 3))
    assert time.monotonic() - began < 5
    # One that waited for the place of the failed one may have begun; it did not go on.
    assert sorted(one for one in ended if one != "was begun") == ["a", "b"]
    assert ended.count("was begun") <= 1
    assert not [one for one in threading.enumerate() if one.name.startswith("cryptoscalp-flow")]
    assert threading.active_count() <= threads + 8  # those that asyncio keeps for blocking calls
    assert (await db.market.driver.run(plan([lambda: rows("SELECT 5")], 2))) == [[(5,)]]


async def test_a_flow_may_answer_the_failure_of_its_own_step(db: AsyncDatabase) -> None:
    """So one file of several that cannot be read does not end the others."""

    def fail() -> None:
        raise InputError("unreadable")

    def careful(n: int) -> Flow[str]:
        try:
            if n == 1:
                yield from call(fail)
            if n == 2:
                yield from rows("SELECT 1 / 0")
            yield from rows("SELECT 1")
        except (InputError, psycopg.errors.DivisionByZero) as error:
            yield from rows("SELECT 2")
            return type(error).__name__
        return "done"

    found = await db.market.driver.run(plan([partial(careful, n) for n in range(4)], 2))
    assert found == ["done", "InputError", "DivisionByZero", "done"]


async def test_a_transaction_that_a_flow_answered_for_is_kept(db: AsyncDatabase) -> None:
    def fail() -> None:
        raise KeyError("missing")

    def flow() -> Flow[int]:
        try:
            yield from call(fail)
        except KeyError:
            return (yield from rows("SELECT 4"))[0][0]  # type: ignore[no-any-return]
        return 0

    for transaction in (True, False):
        assert await db.market.driver.run(Operation(flow, transaction, retry=False)) == 4


async def test_not_inside_a_transaction(db: AsyncDatabase) -> None:
    with pytest.raises(AssertionError, match="outside of a transaction"):
        await db.market.driver.run(plan([lambda: rows("SELECT 1")], 2, transaction=True))


async def test_a_connection_that_is_lost_beside_another_flow(db: AsyncDatabase) -> None:
    def lost() -> Flow[Any]:
        yield from rows("SELECT pg_sleep(0.1)")
        return (yield from rows("SELECT pg_terminate_backend(pg_backend_pid())"))

    def long() -> Flow[None]:
        for _ in range(1_000):
            yield from rows("SELECT pg_sleep(0.02)")

    with pytest.raises(ConnectionLost):
        await db.market.driver.run(plan([lost, long], 2))
    assert (await db.market.driver.run(plan([lambda: rows("SELECT 5")], 2))) == [[(5,)]]


async def test_cancelling_ends_all_of_them(db: AsyncDatabase, mode: str) -> None:
    if mode == "sync":
        pytest.skip("a blocking call cannot be cancelled; an interrupt is tested below")
    ended = []

    def long(n: int) -> Flow[None]:
        try:
            yield from rows("SELECT pg_sleep(30)")
        finally:
            ended.append(n)

    task = asyncio.ensure_future(
        db.market.driver.run(plan([partial(long, n) for n in range(4)], 2))
    )
    await asyncio.sleep(0.3)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 5
    assert sorted(ended) == [0, 1]


def test_an_interrupt_leaves_no_thread_behind() -> None:
    """What Ctrl-C raises in the waiting thread stops the others at their next step."""
    steps = 0

    def drive(flow: int, gate: Callable[[Callable[[Any], Any]], Callable[[Any], Any]]) -> None:
        nonlocal steps
        perform = gate(lambda step: time.sleep(0.01))
        for _ in range(10_000):
            steps += 1
            perform(None)

    this = threading.get_ident()
    timer = threading.Timer(0.2, lambda: signal.pthread_kill(this, signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        in_threads([1, 2, 3, 4], 2, drive)
    timer.join()
    assert time.monotonic() - began < 2
    assert steps < 1_000
    assert not [one for one in threading.enumerate() if one.name.startswith("cryptoscalp-flow")]
