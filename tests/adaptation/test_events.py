"""Events for trainers: at least once, in order, from where the subscriber was."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncGenerator
from typing import Any

import psycopg
import pytest

from cryptoscalp import AsyncDatabase, connect
from cryptoscalp.infra.db.errors import InputError, IntegrityRefused, NotFound
from cryptoscalp.infra.server import EmbeddedServer
from tests.adaptation.predicted import EXCHANGE, SYMBOL, declare
from tests.faces import open_face
from tests.postgres import Place


async def take(events: AsyncGenerator[Any, None], count: int) -> list[int]:
    """Numbers in the payloads of the next events; the last one is not acknowledged."""
    found = []
    async for event in events:
        found.append(event.payload["n"])
        if len(found) == count:
            break
    await events.aclose()
    return found


async def test_a_subscriber_goes_on_where_it_was(db: AsyncDatabase) -> None:
    for n in range(5):
        await db.adaptation.announce(payload={"n": n})
    events = db.adaptation.events
    assert await take(events("a", from_start=True), 3) == [0, 1, 2]
    # The third was being handled when the consumer ended: it comes again.
    assert await take(events("a"), 3) == [2, 3, 4]
    assert await take(events("a"), 1) == [4]
    assert await take(events("b", from_start=True), 1) == [0]


async def test_a_new_subscriber_begins_with_what_comes(db: AsyncDatabase) -> None:
    await db.adaptation.announce(payload={"n": 1})
    waiting = asyncio.create_task(take(db.adaptation.events("late", poll_s=0.02), 1))
    await asyncio.to_thread(_subscribed, db.dsn, "late")
    await db.adaptation.announce(payload={"n": 2})
    assert await asyncio.wait_for(waiting, 20) == [2]


def _subscribed(dsn: str, name: str) -> None:
    """Wait until a subscriber is there."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        while not connection.execute(
            "SELECT FROM adaptation_subscribers WHERE name = %s", (name,)
        ).fetchall():
            time.sleep(0.02)


async def test_help_tells_what_events_are(database: Place, mode: str) -> None:
    async with await open_face(mode, database.dsn) as opened:
        events = opened.adaptation.events
        for told in (events.__doc__, events.__call__.__doc__):
            assert "acknowledged when the next one is asked" in (told or "")
    with connect(database.dsn) as db:
        assert "acknowledged when the next one is asked" in (db.adaptation.events.__doc__ or "")


async def test_own_loops(db: AsyncDatabase, database: Place) -> None:
    (model_id,) = declare(database)
    first = await db.adaptation.announce("PERFORMANCE", model_id, SYMBOL, payload={"n": 1})
    second = await db.adaptation.announce("MANUAL", payload={"n": 2})
    assert (first.model_id, first.symbol, first.exchange) == (model_id, SYMBOL, EXCHANGE)
    pending = db.adaptation.pending_events
    assert await pending("own", from_start=True, limit=1) == [first]
    assert await pending("own", kinds=["MANUAL"]) == [second]
    assert await db.adaptation.acknowledge("own", second.event_id) == second.event_id
    # Another consumer of that name is slower: the position does not go back.
    assert await db.adaptation.acknowledge("own", first.event_id) == second.event_id
    assert await pending("own") == []
    events = db.adaptation.adaptation_events
    assert await events(after=first.event_id) == [second]
    assert await events(limit=1) == [first]
    assert await events(limit=1, newest=True) == [second]
    assert await events(limit=2, newest=True) == [first, second]


async def test_what_is_refused(db: AsyncDatabase) -> None:
    with pytest.raises(IntegrityRefused, match="announced by what finds it"):
        await db.adaptation.announce("DRIFT")
    with pytest.raises(InputError, match="no kind of event"):
        await db.adaptation.announce("OTHER")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="with a symbol"):
        await db.adaptation.announce(exchange="binance")
    with pytest.raises(IntegrityRefused, match="needs a name"):
        await db.adaptation.pending_events("")
    with pytest.raises(InputError, match="above zero"):
        await db.adaptation.pending_events("a", 0)
    with pytest.raises(InputError, match="several"):
        await db.adaptation.pending_events("a", kinds="DRIFT")  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="no event 77"):
        await db.adaptation.acknowledge("a", 77)
    event = await db.adaptation.announce()
    with pytest.raises(NotFound, match="no subscriber"):
        await db.adaptation.acknowledge("nobody", event.event_id)


def _write(dsn: str, writer: int, count: int) -> None:
    drawn = random.Random(writer)
    with psycopg.connect(dsn) as connection:
        for n in range(count):
            # Some announce and wait before they commit, some give up.
            connection.execute(
                "SELECT announce('MANUAL', NULL, NULL, NULL, jsonb_build_object('n', %s::int))",
                (writer * 1_000 + n,),
            )
            time.sleep(drawn.uniform(0, 0.02))
            if drawn.random() < 0.2:
                connection.rollback()
                connection.execute(
                    "SELECT announce('MANUAL', NULL, NULL, NULL, jsonb_build_object('n', %s::int))",
                    (writer * 1_000 + n,),
                )
            connection.commit()


async def test_no_event_is_lost_among_concurrent_writers(db: AsyncDatabase) -> None:
    """A consumer that acknowledges at once while five writers commit in odd orders."""
    writers, count = 5, 20
    found: list[int] = []
    numbers: list[int] = []
    everything = asyncio.Event()

    async def consume() -> None:
        async for event in db.adaptation.events("eager", from_start=True, poll_s=0.005):
            found.append(event.payload["n"])
            numbers.append(event.event_id)
            if len(found) == writers * count:
                everything.set()

    consumer = asyncio.create_task(consume())
    await asyncio.gather(
        *(asyncio.to_thread(_write, db.dsn, writer, count) for writer in range(writers))
    )
    await asyncio.wait_for(everything.wait(), 30)
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert numbers == sorted(set(numbers))
    assert sorted(found) == [w * 1_000 + n for w in range(writers) for n in range(count)]
    for writer in range(writers):
        assert [n for n in found if n // 1_000 == writer] == [
            writer * 1_000 + n for n in range(count)
        ]


async def test_a_long_transaction_keeps_the_order(db: AsyncDatabase) -> None:
    """Who announces later waits for the one before: no number appears below one that was seen."""
    with psycopg.connect(db.dsn) as slow:
        slow.execute("SELECT announce('MANUAL', NULL, NULL, NULL, '{\"n\": 1}')")
        quick = asyncio.create_task(db.adaptation.announce(payload={"n": 2}))
        await asyncio.sleep(0.3)
        assert await db.adaptation.pending_events("a", from_start=True) == []
        assert not quick.done()
        slow.commit()
    await quick
    assert [one.payload["n"] for one in await db.adaptation.pending_events("a")] == [1, 2]


async def test_no_connection_is_held_while_it_waits(database: Place, mode: str) -> None:
    async with await open_face(mode, database.dsn, max_connections=1) as db:
        events = db.adaptation.events("idle", poll_s=0.01)
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(0.2)
        await db.adaptation.announce(payload={"n": 1})
        event = await asyncio.wait_for(waiting, 20)
        assert event.payload == {"n": 1}
        # Neither while the consumer works at an event.
        assert len(await db.adaptation.adaptation_events()) == 1
        await events.aclose()


async def test_it_goes_on_after_the_server_was_away(own_server: EmbeddedServer, mode: str) -> None:
    async with await open_face(mode, own_server.dsn) as db:
        events = db.adaptation.events(f"patient-{mode}", poll_s=0.02)
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(own_server.stop)
        await asyncio.sleep(1)
        assert not waiting.done()
        await asyncio.to_thread(own_server.ensure_running)
        # Not through the pool: an announcement is not repeated when its connection is dead.
        with psycopg.connect(own_server.dsn) as fresh:
            fresh.execute(
                "SELECT announce('MANUAL', NULL, NULL, NULL,"
                " jsonb_build_object('after', %s::text))",
                (mode,),
            )
        event = await asyncio.wait_for(waiting, 60)
        assert event.payload == {"after": mode}
        await events.aclose()


async def test_it_ends_when_the_database_is_closed(database: Place, mode: str) -> None:
    db = await open_face(mode, database.dsn)
    waiting = asyncio.create_task(anext(db.adaptation.events("closed", poll_s=0.02)))
    await asyncio.sleep(0.2)
    await db.close()
    with pytest.raises(Exception, match="clos"):
        await asyncio.wait_for(waiting, 60)


def test_the_blocking_face(database: Place) -> None:
    with connect(database.dsn) as db:
        for n in range(3):
            db.adaptation.announce(payload={"n": n})
        events = db.adaptation.events("sync", from_start=True, poll_s=0.02)
        assert [next(events).payload["n"] for _ in range(2)] == [0, 1]
        events.close()
        again = db.adaptation.events("sync", poll_s=0.02)
        assert [next(again).payload["n"] for _ in range(2)] == [1, 2]
        later = threading.Timer(0.2, lambda: db.adaptation.announce(payload={"n": 3}))
        later.start()
        assert next(again).payload == {"n": 3}
        later.join()
        again.close()
