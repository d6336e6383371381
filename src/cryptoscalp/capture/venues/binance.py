"""Binance stream messages as the wire has them, and which market each of them tells of.

Prices and sizes are text and stay text. Binance writes times in milliseconds, and in
microseconds to whom asks for that on spot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Generic, TypeVar

import polars as pl
from msgspec import UNSET, Meta, Struct, UnsetType, field

from cryptoscalp.capture.venues.book import DepthUpdate, Level

SPOT: Final = "binance"
USD_M: Final = "binanceusdm"
COIN_M: Final = "binancecoinm"
EXCHANGES: Final = (SPOT, USD_M, COIN_M)

_COIN_M_SYMBOL: Final = re.compile(r"[A-Z0-9]+USD_(PERP|[0-9]{6})")
_FUTURES_EVENTS: Final = frozenset({"markPriceUpdate", "forceOrder"})
# A time from here to there is milliseconds, above it microseconds. Anything below is handed on
# as it is, so that validation can name the unit that would fit.
_MILLISECONDS: Final = (10**11, 10**14 - 1)

_Int = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_T = TypeVar("_T")


class Line(Struct, Generic[_T], gc=False):
    """A combined-stream message; its stream name is read before it is decoded."""

    data: _T


class Trade(Struct, gc=False):
    """`trade`: `t` the trade id, `m` the buyer was the maker."""

    s: str
    t: _Int
    p: str
    q: str
    T: _Int
    m: bool
    X: str | UnsetType = UNSET
    M: bool | UnsetType = UNSET


class AggTrade(Struct, gc=False):
    """`aggTrade`: as `trade`, with an id space of its own."""

    s: str
    p: str
    q: str
    T: _Int
    m: bool
    t: _Int = field(name="a")
    M: bool | UnsetType = UNSET


class Ticker(Struct, gc=False):
    """`bookTicker`: the best levels at update id `u`."""

    s: str
    u: _Int
    b: str
    B: str
    a: str
    A: str
    T: _Int | UnsetType = UNSET


class Depth(Struct):
    """`depthUpdate`: the levels changed by update ids `U` to `u`."""

    s: str
    E: _Int
    U: _Int
    u: _Int
    b: list[Level]
    a: list[Level]
    T: _Int | UnsetType = UNSET
    pu: _Int | UnsetType = UNSET

    def update(self) -> DepthUpdate:
        """Return the message as the local book takes it."""
        previous = None if self.pu is UNSET else self.pu
        return DepthUpdate(self.U, self.u, previous, self.b, self.a)

    def timestamp(self) -> int:
        """When the venue says it happened, µs since the epoch; spot says only when it was sent."""
        time = self.E if self.T is UNSET else self.T
        return time * 1_000 if _MILLISECONDS[0] <= time <= _MILLISECONDS[1] else time


class Snapshot(Struct):
    """The answer to a REST depth request; only COIN-M answers name the symbol."""

    last: _Int = field(name="lastUpdateId")
    bids: list[Level]
    asks: list[Level]
    symbol: str | UnsetType = UNSET
    E: _Int | UnsetType = UNSET


def microseconds(times: pl.Series) -> pl.Series:
    """A venue's times (Int64, ms or µs) as µs since the epoch."""
    return (times * 1_000).zip_with(times.is_between(*_MILLISECONDS), times)


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
