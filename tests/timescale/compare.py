"""The same public call on both layouts, counted where the answers are equal."""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from cryptoscalp import AsyncDatabase
from cryptoscalp.cli.main import main
from cryptoscalp.infra.db.errors import CryptoscalpError

#: Operation -> how often both layouts answered it alike.
COMPARED: Counter[str] = Counter()
INTERVALS: Final = (
    "1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d",
)  # fmt: skip
#: Clocks of the machine, which differ between two runs of the same call.
_CLOCKS: Final = {"started_at", "finished_at", "first_seen_at", "last_seen_at", "resolved_at",
                  "placed_at", "released_at"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """One database on each layout; whatever is done is done to both."""

    native: AsyncDatabase
    timescale: AsyncDatabase

    async def both(self, name: str, call: Callable[[AsyncDatabase], Awaitable[Any]]) -> Any:
        """Make a call on both, compare the answers or the errors; returns the answer."""
        answers = [await _answer(call, database) for database in (self.native, self.timescale)]
        assert _plain(answers[0]) == _plain(answers[1]), name
        COMPARED[name] += 1
        return answers[0]

    async def market(self, name: str, *args: Any, **options: Any) -> Any:
        """A call of `db.market` on both."""
        return await self.both(
            f"market.{name}", lambda db: getattr(db.market, name)(*args, **options)
        )

    async def capture(self, name: str, *args: Any, **options: Any) -> Any:
        """A call of `db.capture` on both."""
        return await self.both(
            f"capture.{name}", lambda db: getattr(db.capture, name)(*args, **options)
        )

    def command(self, *words: str) -> Any:
        """A command line with --json on both."""
        answers = [
            _run(["--url", one.dsn, "--json", *words]) for one in (self.native, self.timescale)
        ]
        assert answers[0] == answers[1], words
        COMPARED[f"cryptoscalp {words[0]}"] += 1
        return answers[0]


async def _answer(call: Callable[[AsyncDatabase], Awaitable[Any]], database: AsyncDatabase) -> Any:
    try:
        return await call(database)
    except CryptoscalpError as error:
        return error


def _run(words: list[str]) -> tuple[int, Any]:
    taken = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(taken), contextlib.redirect_stderr(io.StringIO()):
        code = main(words)
    taken.flush()
    assert isinstance(taken.buffer, io.BytesIO)
    text = taken.buffer.getvalue().decode()
    return code, _without_clocks(json.loads(text)) if text else None


def _without_clocks(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_clocks(one) for key, one in value.items() if key not in _CLOCKS}
    if isinstance(value, list):
        return [_without_clocks(one) for one in value]
    return value


def _plain(value: Any) -> Any:
    """An answer as values that compare: tables with their types and what their metadata says."""
    if isinstance(value, pa.Table):
        return value.schema.types, value.schema.metadata, value.to_pydict()
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, {
            one.name: _plain(getattr(value, one.name))
            for one in fields(value)
            if one.name not in _CLOCKS and not one.name.endswith("seconds")
        }
    if isinstance(value, BaseException):
        return type(value).__name__, str(value)
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value


async def read_everything(
    pair: Pair,
    symbols: set[str],
    start: datetime,
    end: datetime,
    intervals: Sequence[str] = INTERVALS,
) -> None:
    """Every read of the product, for each instrument with one of the symbols."""
    for symbol in sorted(symbols):
        found = await pair.market("instruments", symbol)
        if len(found) != 1:
            # Nothing is stored, or several exchanges have it: both layouts say so alike.
            await pair.market("latest", symbol)
            await pair.market("trades", symbol, start, end)
        for exchange in sorted({one.exchange for one in found}):
            await _read_one(pair, symbol, exchange, start, end, intervals)
    await pair.market("newest_quotes")
    await pair.market("batches", 200)
    await pair.market("quarantined")
    await pair.both("market.overview", _overview)
    await pair.both("market.partitions", _partitions)


async def _overview(db: AsyncDatabase) -> Any:
    found = await db.market.overview()
    # The rest are sizes and estimates, and the server's version.
    return found.instruments, found.open_batches, found.quarantined


async def _partitions(db: AsyncDatabase) -> Any:
    """Those of candles, which both layouts cut alike; chunks are named otherwise."""
    found = await db.market.partitions()
    return sorted((one.table, one.bounds) for one in found if one.table.startswith("candles"))


async def _read_one(
    pair: Pair,
    symbol: str,
    exchange: str,
    start: datetime,
    end: datetime,
    intervals: Sequence[str],
) -> None:
    middle = start + (end - start) / 2
    for name in ("latest", "last_trade"):
        await pair.market(name, symbol, exchange)
    for name in ("trades", "quotes", "mark_prices", "funding_rates"):
        await pair.market(name, symbol, start, end, exchange, exact=True)
        await pair.market(name, symbol, start, middle, exchange)
        await pair.market(name, symbol, middle, end, exchange)
    await pair.market("trades", symbol, start, end, exchange, feed="agg_trade")
    for name in ("events", "trades_with_quotes"):
        await pair.market(name, symbol, start, end, exchange, exact=True)
        await pair.market(name, symbol, start, end, exchange, clock="received")
    for interval in intervals:
        await pair.market("candles", symbol, interval, exchange=exchange)
        await pair.market("candles", symbol, interval, middle, end, exchange=exchange, exact=True)
    await pair.market("candles", symbol, "1m", start, end, exchange=exchange, fill="previous")
    for name in ("coverage", "gaps"):
        await pair.market(name, symbol, exchange)
