"""Flows: what was received, what is missing, and what was refused."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, pairwise

from cryptoscalp.infra.db.flow import Flow, rows
from cryptoscalp.market.names import spellings
from cryptoscalp.market.types import CoverageInterval, Quarantined


def coverage(
    symbol: str | None = None, exchange: str | None = None, stream: str | None = None
) -> Flow[list[CoverageInterval]]:
    """Intervals received without a hole, by exchange, symbol, stream and time."""
    found = yield from _ledger(symbol, exchange, stream)
    return [one for one in found if one.cause is None]


def gaps(
    symbol: str | None = None, exchange: str | None = None, stream: str | None = None
) -> Flow[list[CoverageInterval]]:
    """What is missing between received intervals, and gaps with a recorded cause, by time.

    A gap runs from the last event before it to the first one after it. Its cause is "sequence"
    where consecutive ids show a hole (then `missing` counts it), "unreceived" between two sessions,
    or the recorded one: "quarantined", "disconnected", "silent", "removed".
    """
    found = yield from _ledger(symbol, exchange, stream)
    recorded = [one for one in found if one.cause is not None]
    derived = between([one for one in found if one.cause is None])
    return sorted([*recorded, *derived], key=lambda g: (g.exchange, g.symbol, g.stream, g.start))


def between(received: Iterable[CoverageInterval]) -> list[CoverageInterval]:
    """The gaps between neighbouring received intervals of each stream."""
    found: list[CoverageInterval] = []
    ordered = sorted(received, key=lambda one: (one.exchange, one.symbol, one.stream, one.start))
    for key, stream in groupby(ordered, key=lambda one: (one.exchange, one.symbol, one.stream)):
        for before, after in pairwise(stream):
            known = before.last_sequence is not None and after.first_sequence is not None
            missing = None
            if before.last_sequence is not None and after.first_sequence is not None:
                missing = after.first_sequence - before.last_sequence - 1
            if missing is None and after.start <= before.end:
                continue
            found.append(
                CoverageInterval(
                    *key,
                    start=before.end,
                    end=max(before.end, after.start),
                    first_sequence=before.last_sequence,
                    last_sequence=after.first_sequence,
                    cause="sequence" if known else "unreceived",
                    missing=missing,
                )
            )
    return found


def quarantined(
    limit: int = 100,
    *,
    reason: str | None = None,
    source: str | None = None,
    resolved: bool = False,
) -> Flow[list[Quarantined]]:
    """Refused records, newest first, at most `limit`; those that a retry resolved if asked for."""
    found = yield from rows(
        "SELECT first_seen_at, times_seen, exchange, symbol, stream, timestamp, reason, detail,"
        " source, line, raw, batch_id, resolved_at, resolved_batch_id FROM quarantine"
        " WHERE reason = coalesce(%s, reason) AND source = coalesce(%s, source)"
        " AND (resolved_at IS NULL OR %s) ORDER BY first_seen_at DESC, line LIMIT %s",
        (reason, source, resolved, limit),
    )
    return [Quarantined(*row) for row in found]


def _ledger(
    symbol: str | None, exchange: str | None, stream: str | None
) -> Flow[list[CoverageInterval]]:
    found = yield from rows(
        "SELECT exchange, symbol, stream::text, start_time, end_time, first_sequence,"
        " last_sequence, cause::text FROM coverage"
        " WHERE symbol = ANY (coalesce(%s, ARRAY[symbol::text]))"
        " AND exchange = coalesce(%s, exchange)"
        " AND stream::text = coalesce(%s, stream::text)"
        " ORDER BY exchange, symbol, stream, start_time",
        (spellings(symbol) if symbol else None, exchange, stream),
    )
    return [CoverageInterval(*row) for row in found]
