"""Logging: what a call costs its caller beside the handlers of the library, and rows a second."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener
from typing import Final

from bench.figures import Bar, Figure, Section, percentiles
from bench.place import Place
from cryptoscalp.logs import LogHandler

NAME: Final = "logs"
#: The peer hands each record to a thread over the library's own queue, as this handler does.
_CALL: Final = Bar("ratio", "≤", 2.0)
_BURST: Final = 1_000
_PAUSE_S: Final = 0.001


class _Discarding(logging.Handler):
    """Where the peer's records end."""

    def emit(self, record: logging.LogRecord) -> None:
        record.getMessage()


def measure(place: Place, quick: bool) -> Section:
    """Calls at a steady pace and in a burst, then how fast the rows arrive."""
    paced, bursts, rows = (200, 2, 5_000) if quick else (20_000, 20, 200_000)
    with place.connect() as db:
        db.logs.record("INFO", "bench", "the day's partition is made")
    figures: list[Figure] = []
    with _logger(logging.NullHandler()) as bare:
        null_paced, null_burst = _calls(bare, paced), _bursts(bare, bursts)
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(-1)
    listener = QueueListener(waiting, _Discarding())
    listener.start()
    with _logger(QueueHandler(waiting)) as peer:
        queue_paced, queue_burst = _calls(peer, paced), _bursts(peer, bursts)
    listener.stop()
    handler = LogHandler(place.dsn, capacity=1_000_000)
    with _logger(handler) as ours:
        own_paced, own_burst = _calls(ours, paced), _bursts(ours, bursts)
    handler.flush()
    for name, own, other, null in (
        ("a call, one a millisecond", own_paced, queue_paced, null_paced),
        ("a call of a burst", own_burst, queue_burst, null_burst),
    ):
        figures += _compared(name, own, other, null)
    began = time.perf_counter()
    with _logger(handler) as ours:
        for n in range(rows):
            ours.info("number %d of %s", n, "a message of common length, with a few words")
        while handler.stats.waiting:
            handler.flush()
    figures.append(
        Figure(
            "rows stored while one thread logs",
            rows / (time.perf_counter() - began),
            "rows/s",
            bars=(Bar("figure", "≥", 1_000),),
        )
    )
    stats = handler.stats
    handler.close()
    figures.append(
        Figure(
            "share of records that were stored",
            rows / (rows + stats.dropped),
            "of 1",
            bars=(Bar("figure", "≥", 1.0),),
        )
    )
    return Section(
        NAME,
        "LogHandler",
        "logging.handlers.QueueHandler with a listener that discards",
        place.settings(),
        figures,
    )


@contextmanager
def _logger(handler: logging.Handler) -> Iterator[logging.Logger]:
    logger = logging.getLogger("bench.logs")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        logger.removeHandler(handler)


def _calls(logger: logging.Logger, count: int) -> list[float]:
    found = []
    for n in range(count):
        began = time.perf_counter()
        logger.info("order %s of %d", "o-1", n)
        found.append(time.perf_counter() - began)
        time.sleep(_PAUSE_S)
    return found


def _bursts(logger: logging.Logger, count: int) -> list[float]:
    found = []
    for _ in range(count):
        for n in range(_BURST):
            began = time.perf_counter()
            logger.info("order %s of %d", "o-1", n)
            found.append(time.perf_counter() - began)
        time.sleep(0.2)
    return found


def _compared(
    name: str, own: Sequence[float], peer: Sequence[float], null: Sequence[float]
) -> list[Figure]:
    theirs, least = percentiles(peer), percentiles(null)
    return [
        Figure(
            f"{name}, {which}",
            value * 1e6,
            "µs",
            theirs[which] * 1e6,
            (_CALL,) if which in ("p50", "p99") else (),
            note=f"NullHandler {least[which] * 1e6:.1f} µs",
        )
        for which, value in percentiles(own).items()
    ]
