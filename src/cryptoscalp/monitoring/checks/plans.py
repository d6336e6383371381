"""Hot queries go by their index: a flow's own statements are explained, for a real instrument."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, LiteralString

from cryptoscalp.infra.cold.ledger import cold_days
from cryptoscalp.infra.db.flow import Flow, rows, run
from cryptoscalp.market.candles import candles
from cryptoscalp.market.newest import last_trade, latest
from cryptoscalp.market.ranges import quotes, trades
from cryptoscalp.monitoring.checks.explain import Scan, explained
from cryptoscalp.monitoring.types import Check, Problem, Verdict, judged, listed, skipped

#: Below so many pages reading all of a table is as quick as its index, and the planner may.
_SMALL: Final = 64
_ANALYSE: Final = "ANALYZE {table}; when its index is gone: cryptoscalp db check"


@dataclass(frozen=True, slots=True)
class Instrument:
    """A stored instrument, and the time of one of its events."""

    symbol: str
    exchange: str
    at: datetime

    @property
    def until(self) -> datetime:
        """A second after it: the plan of a day's read, at the price of one."""
        return self.at + timedelta(seconds=1)


#: Where an instrument to ask for comes from, by table.
_SOURCES: Final[Mapping[str, LiteralString]] = {
    "newest_quotes": "SELECT symbol, exchange, timestamp FROM newest_quotes"
    " ORDER BY timestamp DESC LIMIT 1",
    "newest_trades": "SELECT symbol, exchange, timestamp FROM newest_trades"
    " ORDER BY timestamp DESC LIMIT 1",
    "cold_parts": "SELECT symbol, exchange, first_timestamp FROM cold_parts"
    " WHERE table_name = 'market_data' LIMIT 1",
}


def _examined(
    source: str,
    table: str,
    ask: Callable[[Instrument], Flow[Any]],
) -> Flow[Verdict]:
    """Whether the statement on `table` of the flow that `ask` makes goes by the table's key."""
    known = yield from rows(_SOURCES[source])
    if not known:
        return skipped(f"{source} is empty: there is nothing to look for")
    instrument = Instrument(*known[0])
    scans = yield from _of(table, ask(instrument))
    if not scans:
        return skipped(f"the newest day of {table} is not read in PostgreSQL, but in the lake")
    if any(scan.index is None and scan.custom is None and scan.pages < _SMALL for scan in scans):
        # Few rows: what counts is that the planner would find the index among more.
        yield from run("SET LOCAL enable_seqscan = off")
        scans = yield from _of(table, ask(instrument))
    keys = yield from _keys(scans)
    return judged(
        f"{table} of {instrument.symbol} on {instrument.exchange} goes by"
        f" {listed(scan.index or scan.custom or scan.relation for scan in scans)}",
        [
            *_unkeyed(table, scans, keys),
            *_unpruned(table, scans),
        ],
    )


def _of(table: str, flow: Flow[Any]) -> Flow[list[Scan]]:
    """The scans of a table, its partitions or its chunks."""
    plans = yield from explained(flow)
    family = yield from rows(
        "WITH RECURSIVE family AS (SELECT to_regclass(%s)::oid AS oid UNION ALL"
        " SELECT i.inhrelid FROM pg_inherits AS i JOIN family AS f ON f.oid = i.inhparent)"
        " SELECT c.relname::text FROM family JOIN pg_class AS c USING (oid)",
        (f"public.{table}",),
    )
    names = {row[0] for row in family}
    return [scan for plan in plans for scan in plan.scans if scan.relation in names]


def _keys(scans: list[Scan]) -> Flow[set[str]]:
    found = yield from rows(
        "SELECT i.indexrelid::regclass::text FROM pg_index AS i"
        " JOIN pg_class AS c ON c.oid = i.indrelid"
        " WHERE i.indisprimary AND i.indisvalid AND c.relname = ANY (%s)",
        ([scan.relation for scan in scans],),
    )
    return {row[0].rpartition(".")[2].strip('"') for row in found}


def _unkeyed(table: str, scans: list[Scan], keys: set[str]) -> list[Problem]:
    wrong = [scan for scan in scans if scan.custom is None and scan.index not in keys]
    hint = _ANALYSE.format(table=table)
    return [
        Problem(
            "FAIL",
            f"{scan.relation} is read {f'by {scan.index}' if scan.index else 'from end to end'},"
            " not by its key",
            hint,
        )
        for scan in wrong
    ]


def _unpruned(table: str, scans: list[Scan]) -> list[Problem]:
    relations = sorted({scan.relation for scan in scans})
    # A range of a second touches two days at most, in each of two partitioned tables.
    if len(relations) <= 4:
        return []
    found = f"a read of one second plans {len(relations):,} partitions of {table}"
    return [Problem("FAIL", found, "set enable_partition_pruning = on")]


def _ledger() -> Flow[Verdict]:
    found = yield from rows(
        "SELECT relpages, greatest(reltuples, 0)::bigint FROM pg_class"
        " WHERE oid = 'cold_parts'::regclass"
    )
    pages, parts = found[0]
    if pages < _SMALL:
        return skipped(f"{parts:,} parts lie in {pages} pages: no plan is a wrong one")
    return (
        yield from _examined(
            "cold_parts",
            "cold_parts",
            lambda one: cold_days("market_data", one.exchange, one.symbol, one.at, one.until),
        )
    )


CHECKS: Final = (
    Check(
        "plan-newest-quote", "the newest quote is found by its key",
        partial(_examined, "newest_quotes", "newest_quotes",
                lambda one: latest(one.symbol, one.exchange)),
    ),
    Check(
        "plan-last-trade", "the last trade is found by its key",
        partial(_examined, "newest_trades", "newest_trades",
                lambda one: last_trade(one.symbol, one.exchange)),
    ),
    Check(
        "plan-trades", "a range of trades reads its days by the key",
        partial(_examined, "newest_trades", "market_data",
                lambda one: trades(one.symbol, one.at, one.until, one.exchange)),
    ),
    Check(
        "plan-quotes", "a range of quotes reads its days by the key",
        partial(_examined, "newest_quotes", "order_book_l1",
                lambda one: quotes(one.symbol, one.at, one.until, one.exchange)),
    ),
    Check(
        "plan-candles", "candles read their months by the key",
        partial(_examined, "newest_trades", "candles",
                lambda one: candles(one.symbol, "1m", one.at - timedelta(hours=1), one.at,
                                    one.exchange)),
    ),
    Check(
        "plan-ledger", "the ledger of the cold tier is read by its key",
        _ledger,
    ),
)  # fmt: skip
