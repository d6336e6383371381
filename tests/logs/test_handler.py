"""The log handler: what it stores, and that whoever logs never waits or fails for it."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from cryptoscalp.logs.entries import MESSAGE_LIMIT
from tests.logs.conftest import Opened, stored
from tests.postgres import Place

#: Nothing listens there.
NOWHERE = "host=127.0.0.1 port=1 dbname=x user=x"


def test_what_is_stored(database: Place, opened: Opened) -> None:
    logger, handler = opened()
    logger.setLevel(1)
    before = datetime.now(UTC)
    logger.info("order %s of %d", "o-1", 3, extra={"symbol": "BTCUSDT", "price": Decimal("1.10")})
    try:
        raise ValueError("no such price")
    except ValueError:
        logger.exception("it failed", stack_info=True)
    logger.log(25, "between two levels")
    logger.log(5, "below all")
    handler.flush()
    first, second, third, fourth = stored(database.dsn)
    assert first[:3] == ("INFO", logger.name, "order o-1 of 3")
    assert first[3]["extra"] == {"symbol": "BTCUSDT", "price": "1.10"}
    assert first[3]["thread"] == threading.current_thread().name
    assert first[3]["function"] == "test_what_is_stored"
    assert first[3]["process"] > 0
    assert first[3]["host"]
    assert second[:3] == ("ERROR", logger.name, "it failed")
    assert second[3]["traceback"].rstrip().endswith("ValueError: no such price")
    assert "test_what_is_stored" in second[3]["stack"]
    assert third[0] == "INFO"
    assert third[3]["levelno"] == 25
    assert fourth[0] == "DEBUG"
    assert fourth[3]["levelno"] == 5
    ((oldest,),) = stored(database.dsn, "SELECT min(timestamp) FROM system_logs")
    assert before - timedelta(milliseconds=1) <= oldest <= datetime.now(UTC)
    assert handler.stats.dropped == 0
    assert handler.stats.waiting == 0


class Broken:
    """Cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("never")

    __repr__ = __str__


def test_no_argument_makes_the_caller_fail(database: Place, opened: Opened) -> None:
    logger, handler = opened()
    logger.info("one %s", Broken())
    logger.info("two %d", "x")
    logger.info("three %s %s", "only one")
    logger.info(Broken())
    loop: dict[str, object] = {}
    loop["loop"] = loop
    logger.info("five", extra={"broken": Broken(), "loop": loop, "nan": float("nan"),
                               "big": 2**80, "many": list(range(1_000)), "set": {1}, "none": None,
                               "bytes": b"\xff", "key": {3: "x"}})  # fmt: skip
    logger.info("nul \0 and surrogate \ud800 end", extra={"text": "a\0\udfff"})
    logger.info("%s", "x" * 1_000_000)
    try:
        raise ValueError(Broken())
    except ValueError:
        logger.exception("eight")
    handler.flush()
    rows = stored(database.dsn)
    assert len(rows) == 8
    assert rows[0][2] == "one %s [arguments cannot be shown: RuntimeError]"
    assert rows[1][2].startswith("two %d [arguments cannot be shown: TypeError")
    assert rows[2][2].startswith("three %s %s [arguments")
    assert "cannot be shown" in rows[3][2]
    extra = rows[4][3]["extra"]
    assert extra["nan"] == "nan"
    assert extra["big"] == str(2**80)
    assert len(extra["many"]) == 101
    assert extra["none"] is None
    assert "cannot be shown" in extra["broken"]
    assert rows[5][2] == "nul ␀ and surrogate \\ud800 end"
    assert rows[5][3]["extra"]["text"] == "a␀\\udfff"
    assert rows[6][2].startswith("xxxx")
    assert rows[6][2].endswith("… [cut: 1,000,000 characters]")
    assert len(rows[6][2]) < MESSAGE_LIMIT + 100
    assert rows[6][3]["cut_from"] == 1_000_000
    assert "ValueError" in rows[7][3]["traceback"]


def test_a_record_that_is_none_holds_nothing_up(database: Place, opened: Opened) -> None:
    logger, handler = opened()
    for odd in ({"created": "never"}, {"created": float("nan")}, {"levelno": None}, {"name": 5}):
        handler.emit(logging.makeLogRecord({"msg": "odd", "levelno": 30} | odd))
    logger.info("behind them")
    handler.flush()
    found = stored(database.dsn)
    assert len(found) == 5
    assert found[-1][2] == "behind them"
    assert handler.stats.waiting == 0


def test_secrets_are_not_stored(database: Place, opened: Opened) -> None:
    logger, handler = opened()
    logger.error("cannot reach postgresql://bot:hunter2@db/x", extra={
        "api_key": "k-123456", "headers": {"X-MBX-APIKEY": "k-123456", "n": 1},
        "url": "https://venue/order?symbol=BTCUSDT&signature=abcdef"})  # fmt: skip
    try:
        raise ValueError("password=hunter2 is wrong")
    except ValueError:
        logger.exception("Authorization: Bearer abcdefgh12345678")
    handler.flush()
    with psycopg.connect(database.dsn) as connection:
        whole = connection.execute("SELECT string_agg(s::text, ' ') FROM system_logs AS s")
        ((text,),) = whole.fetchall()
    for secret in ("hunter2", "k-123456", "abcdef", "abcdefgh"):
        assert secret not in text
    assert "postgresql://bot:***@db/x" in text
    assert "BTCUSDT" in text


def test_ten_threads_at_once(database: Place, opened: Opened) -> None:
    logger, handler = opened(batch_rows=200)

    def log(number: int) -> None:
        for n in range(500):
            logger.info("%d-%d", number, n)

    threads = [threading.Thread(target=log, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    handler.flush()
    found = [row[2] for row in stored(database.dsn)]
    assert sorted(found) == sorted(f"{a}-{b}" for a in range(10) for b in range(500))
    for number in range(10):
        own = [int(text.split("-")[1]) for text in found if text.startswith(f"{number}-")]
        assert own == sorted(own)  # each thread's own in its order


async def test_an_event_loop_is_not_held_up(database: Place, opened: Opened) -> None:
    logger, handler = opened(NOWHERE)
    longest = 0.0
    for n in range(200):
        began = time.perf_counter()
        logger.info("number %d", n)
        longest = max(longest, time.perf_counter() - began)
        await asyncio.sleep(0)
    assert longest < 0.05
    assert handler.stats.waiting == 200


def test_records_beyond_the_capacity_are_counted_and_errors_last_longer(opened: Opened) -> None:
    logger, handler = opened(NOWHERE, capacity=100, exit_timeout_s=0.2)
    time.sleep(0.3)
    began = time.perf_counter()
    for n in range(1_000):
        logger.info("number %d", n)
    for n in range(30):
        logger.error("error %d", n)
    assert time.perf_counter() - began < 1.0
    stats = handler.stats
    # One batch may have been taken out of the queue, and is tried again and again.
    assert stats.stored == 0
    assert stats.waiting + stats.dropped == 1_030
    assert 110 <= stats.waiting <= 110 + 500
    assert stats.dropped >= 1_030 - 610


def test_what_could_not_be_stored_is_told_at_the_end(
    opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    logger, handler = opened("host=127.0.0.1 port=1 user=x password=hunter2", exit_timeout_s=0.3)
    logger.info("lost")
    began = time.monotonic()
    logger.removeHandler(handler)
    handler.close()
    assert time.monotonic() - began < 3
    told = capsys.readouterr().err
    assert "cryptoscalp: 1 log records were not stored" in told
    assert "hunter2" not in told
    handler.emit(logging.makeLogRecord({"msg": "too late"}))  # and raises nothing
    assert handler.stats.dropped == 1


def test_its_own_work_is_not_logged(database: Place, opened: Opened) -> None:
    logger, handler = opened(NOWHERE, exit_timeout_s=0.2)
    driver = logging.getLogger("psycopg")
    before = driver.level
    driver.setLevel(logging.DEBUG)
    driver.addHandler(handler)
    try:
        logger.info("one")
        time.sleep(0.8)
        assert handler.stats.waiting == 1
        driver.warning("of the program's own")
        assert handler.stats.waiting == 2
    finally:
        driver.removeHandler(handler)
        driver.setLevel(before)


def test_frames_are_not_held(opened: Opened) -> None:
    """What a traceback refers to is let go when the call returns."""
    logger, _ = opened(NOWHERE, exit_timeout_s=0.1)
    kept = Broken()
    before = sys.getrefcount(kept)
    logger.info("x %s", kept, extra={"thing": kept})
    assert sys.getrefcount(kept) == before
