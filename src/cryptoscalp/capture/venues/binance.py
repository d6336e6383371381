"""Binance stream messages as the wire has them, and which market each of them tells of.

Prices and sizes are text and stay text. Binance writes times in milliseconds, and in
microseconds to whom asks for that on spot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec
import polars as pl
from msgspec import UNSET, Struct, UnsetType, field

from cryptoscalp.capture.venues.book import DepthUpdate, Level
from cryptoscalp.capture.venues.sink import SYMBOL, Kind, Sink, refusing
from cryptoscalp.capture.venues.values import MILLISECONDS, Whole, from_ms, present

SPOT: Final = "binance"
USD_M: Final = "binanceusdm"
COIN_M: Final = "binancecoinm"
US: Final = "binanceus"  # spot's messages, another market
EXCHANGES: Final = (SPOT, USD_M, COIN_M)

_COIN_M_SYMBOL: Final = re.compile(r"[A-Z0-9]+USD_(PERP|[0-9]{6})")
_FUTURES_EVENTS: Final = frozenset({"markPriceUpdate", "forceOrder"})
_LABELS: Final = {"depthUpdate": "depth", "markPriceUpdate": "markPrice"}

_T = TypeVar("_T")


class Line(Struct, Generic[_T], gc=False):
    """A combined-stream message; its stream name is read before it is decoded."""

    data: _T


class Trade(Struct, gc=False):
    """`trade`: `t` the trade id, `m` the buyer was the maker."""

    s: str
    t: Whole
    p: str
    q: str
    T: Whole
    m: bool
    X: str | UnsetType = UNSET
    M: bool | UnsetType = UNSET


class AggTrade(Struct, gc=False):
    """`aggTrade`: as `trade`, with an id space of its own."""

    s: str
    p: str
    q: str
    T: Whole
    m: bool
    t: Whole = field(name="a")
    M: bool | UnsetType = UNSET


class Ticker(Struct, gc=False):
    """`bookTicker`: the best levels at update id `u`."""

    s: str
    u: Whole
    b: str
    B: str
    a: str
    A: str
    T: Whole | UnsetType = UNSET


class Depth(Struct):
    """`depthUpdate`: the levels changed by update ids `U` to `u`."""

    s: str
    E: Whole
    U: Whole
    u: Whole
    b: list[Level]
    a: list[Level]
    T: Whole | UnsetType = UNSET
    pu: Whole | UnsetType = UNSET

    def update(self) -> DepthUpdate:
        """Return the message as the local book takes it."""
        previous = None if self.pu is UNSET else self.pu
        return DepthUpdate(self.U, self.u, previous, self.b, self.a)

    def timestamp(self) -> int:
        """When the venue says it happened, µs since the epoch; spot says only when it was sent."""
        return from_ms(self.E if self.T is UNSET else self.T)


class MarkPrice(Struct, gc=False):
    """`markPriceUpdate`: `i` the index price, `r` the funding rate due at `T`.

    A dated contract has no funding: `r` is empty and `T` is 0.
    """

    s: str
    E: Whole
    p: str
    i: str | UnsetType = UNSET
    r: str | UnsetType = UNSET
    T: Whole | UnsetType = UNSET

    def due(self) -> int | None:
        """When the funding rate is due, µs since the epoch."""
        return from_ms(self.T) if self.T else None


class Snapshot(Struct):
    """The answer to a REST depth request; only COIN-M answers name the symbol."""

    last: Whole = field(name="lastUpdateId")
    bids: list[Level]
    asks: list[Level]
    symbol: str | UnsetType = UNSET
    E: Whole | UnsetType = UNSET


def microseconds(times: pl.Series) -> pl.Series:
    """A venue's times (Int64, ms or µs) as µs since the epoch."""
    return (times * 1_000).zip_with(times.is_between(*MILLISECONDS), times)


def market(futures: bool, symbol: str) -> str:
    """Return the exchange id of a symbol on Binance's spot or futures."""
    if not futures:
        return SPOT
    return COIN_M if _COIN_M_SYMBOL.fullmatch(symbol) else USD_M


def told_market(message: Mapping[str, Any]) -> str | None:
    """Return the exchange id that a message's own fields tell; None when they do not."""
    symbol = str(message.get("s", message.get("symbol", "")))
    match message.get("e"):
        case "trade" if "X" in message or "M" in message:
            return market("X" in message, symbol)
        case "aggTrade":
            return market("M" not in message, symbol)
        case "depthUpdate":
            return market("T" in message or "pu" in message, symbol)
        case "bookTicker":
            return market("T" in message, symbol)
        case event if event in _FUTURES_EVENTS:
            nested = message.get("o")
            inner = nested.get("s", symbol) if isinstance(nested, Mapping) else symbol
            return market(True, str(inner))
        case None if {"u", "b", "B", "a", "A"} <= message.keys():
            return market("T" in message, symbol)
        case None if "lastUpdateId" in message:
            return market("E" in message, symbol)
        case _:
            return None


class _Envelope(Struct):
    """What tells the kind of a message: combined streams wrap it, raw streams do not."""

    stream: str | UnsetType = UNSET
    data: msgspec.Raw = msgspec.Raw(b"")
    e: str | UnsetType = UNSET
    s: str | UnsetType = UNSET
    u: int | UnsetType = UNSET
    last: int | UnsetType = field(name="lastUpdateId", default=UNSET)
    id: Any = UNSET
    result: Any = UNSET
    error: Any = UNSET


def named_stream(name: str) -> tuple[str, str]:
    """The symbol ('' for the streams of all) and the label of a stream's name."""
    before, _, rest = name.partition("@")
    if before.startswith("!"):
        return "", before[1:]
    return before.upper(), rest.partition("@")[0] or before


def _trade(message: Trade | AggTrade, symbol: str, sink: Sink) -> None:
    _check(message.s, symbol)
    feed = "trade" if isinstance(message, Trade) else "agg_trade"
    # m: the buyer was the maker, so the seller was the aggressor
    side = "SELL" if message.m else "BUY"
    sink.trade(message.s, from_ms(message.T), message.p, message.q, side, message.t, feed)


def _ticker(message: Ticker, symbol: str, sink: Sink) -> None:
    _check(message.s, symbol)
    time = None if message.T is UNSET else from_ms(message.T)
    sink.quote(message.s, time, (message.b, message.B), (message.a, message.A), message.u)


def _mark_price(message: MarkPrice, symbol: str, sink: Sink) -> None:
    _check(message.s, symbol)
    sink.mark_price(message.s, from_ms(message.E), message.p, present(message.i))
    if rate := present(message.r):
        sink.funding_rate(message.s, from_ms(message.E), rate, message.due())


def _check(found: str, symbol: str) -> None:
    if symbol and found != symbol:
        raise ValueError(f"the stream is of {symbol}, its data of {found!r}")


_KINDS: Final[dict[str, Kind[Any]]] = {
    "trade": Kind("trade", Trade, _trade),
    "aggTrade": Kind("agg_trade", AggTrade, _trade),
    "bookTicker": Kind("ticker", Ticker, _ticker),
    "markPrice": Kind("mark_price", MarkPrice, _mark_price),
}
_envelope: Final = msgspec.json.Decoder(_Envelope).decode


@refusing(rf'.*"stream":"{SYMBOL}@(?P<label>[A-Za-z]+)', _KINDS)
def read(payload: bytes, sink: Sink) -> None:
    """Take a message of spot, USD-M, COIN-M or Binance.US, in a combined stream or a raw one.

    Stores trades, aggregated trades, best levels, mark prices and funding rates; other streams
    are ignored under their names, one a message. Answers to requests are nothing.
    """
    told = _envelope(payload)
    if told.stream is not UNSET:
        symbol, label = named_stream(told.stream)
        data: bytes | msgspec.Raw = told.data
    elif told.e is not UNSET:
        symbol, label, data = told.s or "", _LABELS.get(told.e, told.e), payload
    elif told.u is not UNSET:
        symbol, label, data = told.s or "", "bookTicker", payload
    elif told.last is not UNSET:
        symbol, label, data = "", "snapshot", payload
    elif told.error is not UNSET or (told.id is not UNSET and told.result is not UNSET):
        return
    else:
        raise ValueError("the message tells neither a stream nor an event")
    if (kind := _KINDS.get(label)) is None:
        sink.ignore(symbol, label)
    elif bytes(data).startswith(b"["):
        kind.many(data, symbol, sink)
    else:
        kind.one(data, symbol, sink)
