"""Payloads through a venue's reader, as a session or live capture gives them."""

from __future__ import annotations

from cryptoscalp.capture.chunk import Chunk
from cryptoscalp.capture.venues.directory import VENUES
from cryptoscalp.capture.venues.sink import Refused, Sink

RECEIVED = 1_700_000_000_123_456


def take(exchange: str, *payloads: bytes, only: str | None = None) -> Chunk:
    """Read payloads of one connection; `line` counts them from 1."""
    read, sink = VENUES[exchange].open(), Sink(exchange, only)
    for line, payload in enumerate(payloads, 1):
        sink.begin(line, RECEIVED, payload)
        try:
            read(payload, sink)
        except Refused as error:
            sink.refuse(str(error), error.symbol, error.stream)
    chunk = sink.chunk(lambda line: payloads[line - 1])
    assert chunk.received == accounted(chunk)
    return chunk


def accounted(chunk: Chunk) -> int:
    """Everything that a chunk tells of."""
    frames = (chunk.trades, chunk.quotes, chunk.mark_prices, chunk.funding_rates)
    events = sum(frame.height for frame in frames)
    return events + len(chunk.rejects) + sum(chunk.ignored.values())
