"""Validated events, ready for one transaction, and the records that were refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Final

import polars as pl

from cryptoscalp.capture.account import UNKNOWN, Stream
from cryptoscalp.capture.chunk import (
    CANDLE_COLUMNS,
    FUNDING_COLUMNS,
    MARK_COLUMNS,
    QUOTE_COLUMNS,
    TRADE_COLUMNS,
    Chunk,
    Columns,
    Reject,
)
from cryptoscalp.capture.periods import MOST_PERIODS, Period, days, months
from cryptoscalp.capture.state_validation import (
    validate_candles,
    validate_funding_rates,
    validate_mark_prices,
)
from cryptoscalp.capture.statekind import CANDLES, FUNDING_RATES, MARK_PRICES, STATES
from cryptoscalp.capture.validation import Validated, validate_quotes, validate_trades

#: Of a state: which of `Prepared.raws` answers for its line.
CHUNK: Final = "chunk"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Events of one transaction, validated; `refused` is for quarantine.

    The frames of candles, mark prices and funding rates have a column `chunk` beside `line`: the
    place in `raws` of what gives the raw record, should another one be stored in its place.
    `raws` is empty where there is no state.
    """

    trades: pl.DataFrame
    quotes: pl.DataFrame
    refused: tuple[Reject, ...]
    ignored: Mapping[Stream, int]
    rounded: int
    candles: pl.DataFrame
    mark_prices: pl.DataFrame
    funding_rates: pl.DataFrame
    raws: tuple[Callable[[int], bytes], ...]

    @property
    def frames(self) -> tuple[pl.DataFrame, ...]:
        """All events, a frame a kind."""
        return (self.trades, self.quotes, self.candles, self.mark_prices, self.funding_rates)

    @property
    def days(self) -> list[date]:
        """The UTC days whose daily partitions the events need, ascending."""
        daily = [self.trades, self.quotes]
        if self.raws:
            seconds = self.candles.filter(pl.col("interval") == "1s")
            daily += [seconds, self.mark_prices, self.funding_rates]
        stamps = pl.concat([frame["timestamp"] for frame in daily])
        return stamps.dt.date().unique().sort().to_list()

    @property
    def periods(self) -> frozenset[Period]:
        """Every period whose partitions the events need."""
        found = {*days("ticks", self.trades["timestamp"]), *days("ticks", self.quotes["timestamp"])}
        if self.raws:
            seconds = self.candles["interval"] == "1s"
            stamps = self.candles["timestamp"]
            found |= {*days("candles_1s", stamps.filter(seconds)), *months(stamps.filter(~seconds))}
            found |= {*days("mark_prices", self.mark_prices["timestamp"])}
            found |= {*days("funding_rates", self.funding_rates["timestamp"])}
        return frozenset(found)

    def without_events(self) -> Prepared:
        """The same with no event and nothing refused, ignored or rounded."""
        return replace(
            self,
            trades=self.trades.clear(),
            quotes=self.quotes.clear(),
            candles=self.candles.clear(),
            mark_prices=self.mark_prices.clear(),
            funding_rates=self.funding_rates.clear(),
            refused=(),
            ignored={},
            rounded=0,
            raws=(),
        )


def prepare(chunk: Chunk, *, now_us: int) -> Iterator[Prepared]:
    """Validate a chunk; more than one part comes out when it spans over 366 days of events."""
    refused = list(chunk.rejects)
    good = dict(_nothing())
    rounded = 0
    for kind in _KINDS:
        frame: pl.DataFrame = getattr(chunk, kind.name)
        if frame.is_empty():
            continue
        found = _validated(kind, frame, now_us, chunk.unit)
        good[kind.name] = found.good
        rounded += found.rounded
        refused += _refused(chunk, found.bad, kind.stream)
    states = any(not good[name].is_empty() for name in _STATES)
    yield from split(
        Prepared(
            refused=tuple(refused),
            ignored={Stream(*key): count for key, count in chunk.ignored.items()},
            rounded=rounded,
            # Ticks need no raw record any more: a chunk of them is not kept alive.
            raws=(chunk.raw,) if states else (),
            **good,
        )
    )


def split(whole: Prepared) -> Iterator[Prepared]:
    """Parts that need daily partitions for at most 366 days each."""
    every = whole.days
    if len(every) <= MOST_PERIODS:
        yield whole
        return
    for start in range(0, len(every), MOST_PERIODS):
        part = every[start : start + MOST_PERIODS]
        inside = pl.col("timestamp").dt.date().is_between(part[0], part[-1])
        # Long candles need a partition a month: all of them go with the first part.
        long = pl.col("interval") != "1s"
        cut = replace(
            whole,
            trades=whole.trades.filter(inside),
            quotes=whole.quotes.filter(inside),
            candles=whole.candles.filter(inside & ~long | (long & pl.lit(start == 0))),
            mark_prices=whole.mark_prices.filter(inside),
            funding_rates=whole.funding_rates.filter(inside),
        )
        yield cut if start == 0 else replace(cut, refused=(), ignored={}, rounded=0)


def joined(parts: Sequence[Prepared]) -> list[Prepared]:
    """Neighbouring parts as one, as long as one transaction's days hold them."""
    found: list[Prepared] = []
    for part in parts:
        if found:
            one = _join(found[-1], part)
            if len(one.days) <= MOST_PERIODS:
                found[-1] = one
                continue
        found.append(part)
    return found


def _join(a: Prepared, b: Prepared) -> Prepared:
    ignored = dict(a.ignored)
    for stream, count in b.ignored.items():
        ignored[stream] = ignored.get(stream, 0) + count
    shifted = pl.col(CHUNK) + len(a.raws)
    return Prepared(
        trades=pl.concat([a.trades, b.trades]),
        quotes=pl.concat([a.quotes, b.quotes]),
        refused=a.refused + b.refused,
        ignored=ignored,
        rounded=a.rounded + b.rounded,
        candles=pl.concat([a.candles, b.candles.with_columns(shifted)]),
        mark_prices=pl.concat([a.mark_prices, b.mark_prices.with_columns(shifted)]),
        funding_rates=pl.concat([a.funding_rates, b.funding_rates.with_columns(shifted)]),
        raws=a.raws + b.raws,
    )


def stream_of(reject: Reject) -> Stream:
    """The stream a refused record is counted under."""
    if reject.exchange and reject.symbol and reject.stream and len(reject.symbol) <= 64:
        names = (reject.exchange[:32], reject.symbol, reject.stream)
        return Stream(*(name.replace("\0", "?") for name in names))
    return UNKNOWN


@dataclass(frozen=True, slots=True)
class _Kind:
    """One frame of a chunk: how it is validated, and which stream its rows belong to."""

    name: str
    columns: Columns
    validate: Callable[..., Validated]
    stream: pl.Expr


_KINDS: Final = (
    _Kind("trades", TRADE_COLUMNS, validate_trades, pl.col("feed")),
    _Kind("quotes", QUOTE_COLUMNS, validate_quotes, pl.col("source")),
    _Kind("candles", CANDLE_COLUMNS, validate_candles, CANDLES.stream),
    _Kind("mark_prices", MARK_COLUMNS, validate_mark_prices, MARK_PRICES.stream),
    _Kind("funding_rates", FUNDING_COLUMNS, validate_funding_rates, FUNDING_RATES.stream),
)
_STATES: Final = {kind.table for kind in STATES}


def _validated(kind: _Kind, frame: pl.DataFrame, now_us: int, unit: str = "us") -> Validated:
    found = kind.validate(frame, now_us=now_us, unit=unit)
    if kind.name not in _STATES:
        return found
    return found._replace(good=found.good.with_columns(pl.lit(0, pl.Int32).alias(CHUNK)))


@cache
def _nothing() -> dict[str, pl.DataFrame]:
    """Frames without rows, as validation leaves them: a live feed does not make them each time."""
    return {
        kind.name: _validated(kind, pl.DataFrame(schema=kind.columns), 0).good for kind in _KINDS
    }


def _refused(chunk: Chunk, bad: pl.DataFrame, stream: pl.Expr) -> Iterator[Reject]:
    if bad.is_empty():
        return
    for row in bad.with_columns(stream.alias("_stream")).iter_rows(named=True):
        yield Reject(
            line=row["line"],
            reason=row["reason"],
            detail=row["detail"],
            raw=chunk.raw(row["line"]),
            exchange=row["exchange"],
            symbol=row["symbol"],
            stream=row["_stream"],
            timestamp_us=row["timestamp"],
        )
