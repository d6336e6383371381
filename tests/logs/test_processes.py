"""The log handler across the life of processes and servers: exits, forks, kills, restarts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from cryptoscalp.infra.server import EmbeddedServer
from tests.logs.conftest import Opened, stored
from tests.postgres import Place

_HEAD = """
import logging, os, sys, time
from cryptoscalp.logs import LogHandler, log_to_database
handler = log_to_database(sys.argv[1])
log = logging.getLogger("child")
"""


def run(dsn: str, text: str, code: int = 0) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", _HEAD + text, dsn],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == code, ended.stderr
    return ended.stderr


@pytest.mark.parametrize(
    ("end", "code"),
    [("", 0), ("sys.exit(3)", 3), ("raise ValueError('end')", 1)],
    ids=["end", "exit", "error"],
)
def test_nothing_is_lost_on_a_normal_exit(database: Place, end: str, code: int) -> None:
    run(database.dsn, f"for n in range(3_000): log.info('number %d', n)\n{end}\n", code)
    assert [row[2] for row in stored(database.dsn)] == [f"number {n}" for n in range(3_000)]


def test_what_is_logged_while_the_interpreter_ends(database: Place) -> None:
    run(database.dsn, "import atexit\natexit.register(lambda: log.info('the last word'))\n")
    assert [row[2] for row in stored(database.dsn)] == ["the last word"]


def test_kill_9_loses_what_was_not_sent(database: Place) -> None:
    text = """
for n in range(100): log.info('number %d', n)
handler.flush()
print('flushed', flush=True)
for n in range(50): log.info('later %d', n)
os.kill(os.getpid(), 9)
"""
    run(database.dsn, text, -signal.SIGKILL)
    found = [row[2] for row in stored(database.dsn)]
    assert found[:100] == [f"number {n}" for n in range(100)]
    # Batches are whole: of what was not flushed there is a beginning, or nothing.
    assert found[100:] == [f"later {n}" for n in range(len(found) - 100)]


def test_a_forked_child_logs_for_itself(database: Place) -> None:
    text = """
log.info('parent before')
child = os.fork()
log.info('child' if not child else 'parent after')
if child:
    _, status = os.waitpid(child, 0)
    assert status == 0
"""
    run(database.dsn, text)
    rows = stored(database.dsn)
    assert sorted(row[2] for row in rows) == ["child", "parent after", "parent before"]
    pids = {row[2]: row[3]["process"] for row in rows}
    assert pids["child"] != pids["parent before"] == pids["parent after"]


def test_children_of_multiprocessing_end_without_atexit(database: Place) -> None:
    text = """
import multiprocessing
def work(n):
    for k in range(200): logging.getLogger('child').info('%d-%d', n, k)
if __name__ == '__main__':
    context = multiprocessing.get_context('fork')
    children = [context.Process(target=work, args=(n,)) for n in range(3)]
    for one in children: one.start()
    for one in children: one.join()
    assert [one.exitcode for one in children] == [0, 0, 0]
"""
    run(database.dsn, text)
    expected = sorted(f"{n}-{k}" for n in range(3) for k in range(200))
    assert sorted(row[2] for row in stored(database.dsn)) == expected


@pytest.mark.long
def test_a_server_that_is_away_and_comes_back(
    own_server: EmbeddedServer, opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(own_server.admin_dsn, autocommit=True) as connection:
        connection.execute("TRUNCATE system_logs")
    logger, handler = opened(own_server.dsn, capacity=200, batch_rows=50)
    for n in range(100):
        logger.info("before %d", n)
    handler.flush()
    own_server.stop()
    try:
        for n in range(1_000):
            logger.info("away %d", n)
        stats = handler.stats
        assert stats.dropped > 0
        assert stats.stored + stats.waiting + stats.dropped == 1_100
    finally:
        own_server.ensure_running()
    end = time.monotonic() + 30
    while handler.stats.waiting and time.monotonic() < end:
        time.sleep(0.05)
    for n in range(100):
        logger.info("after %d", n)
    handler.flush()
    assert handler.stats.waiting == 0
    assert handler.stats.last_error is None
    dropped = handler.stats.dropped
    own = [row for row in stored(own_server.dsn) if row[1] == logger.name]
    messages = [row[2] for row in own]
    assert len(messages) == len(set(messages)) == 1_200 - dropped
    assert messages[:100] == [f"before {n}" for n in range(100)]
    assert messages[-100:] == [f"after {n}" for n in range(100)]
    away = [int(text.removeprefix("away ")) for text in messages[100:-100]]
    assert away == sorted(away)  # with holes where records were dropped
    assert away[:200] == list(range(200))
    told = [row for row in stored(own_server.dsn) if row[1] == "cryptoscalp.logs"]
    assert sum(row[3]["dropped"] for row in told) == dropped
    assert told[0][0] == "WARNING"
    assert told[0][3]["levels"] == {"INFO": told[0][3]["dropped"]}
    logger.removeHandler(handler)
    handler.close()
    assert capsys.readouterr().err == ""


def test_sessions_that_are_cut_off_store_nothing_twice(
    database: Place, opened: Opened, tmp_path: Path
) -> None:
    logger, handler = opened(batch_rows=20, interval_s=0.005)
    with psycopg.connect(database.admin_dsn, autocommit=True) as connection:
        for n in range(2_000):
            logger.info("number %d", n)
            if n % 100 == 50:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'cryptoscalp logs' AND datname = current_database()"
                )
                time.sleep(0.01)
    end = time.monotonic() + 30
    while handler.stats.waiting and time.monotonic() < end:
        handler.flush()
    assert [row[2] for row in stored(database.dsn)] == [f"number {n}" for n in range(2_000)]
