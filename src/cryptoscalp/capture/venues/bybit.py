"""Bybit's public messages: v5, and the realtime API that it retired (inverse and linear of 2021).

A trade's id is a UUID, so trades have no sequence. Sides are the taker's. v2 wrote prices and
sizes now as text, now as JSON numbers; either way the digits are taken as they are.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from cryptoscalp.capture.venues.book import Level, scaled
from cryptoscalp.capture.venues.sink import BAD, Kind, Refused, Sink
from cryptoscalp.capture.venues.values import Whole, aggressor, from_ms, number, present, whole


class _Envelope(Struct):
    topic: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    ts: Whole | UnsetType = UNSET
    cts: Whole | UnsetType = UNSET
    data: Raw = Raw(b"")
    success: Any = UNSET
    op: Any = UNSET
    ret_msg: Any = UNSET


class _OldTrade(Struct):
    symbol: str
    side: str
    size: Raw
    price: Raw
    time: int | str = field(name="trade_time_ms")


class _Trade(Struct, gc=False):
    s: str
    T: Whole
    S: str
    v: str
    p: str


class _Ticker(Struct):
    """Deltas hold only what changed."""

    symbol: str
    bid: str | UnsetType = field(name="bid1Price", default=UNSET)
    bid_size: str | UnsetType = field(name="bid1Size", default=UNSET)
    ask: str | UnsetType = field(name="ask1Price", default=UNSET)
    ask_size: str | UnsetType = field(name="ask1Size", default=UNSET)
    mark: str | UnsetType = field(name="markPrice", default=UNSET)
    index: str | UnsetType = field(name="indexPrice", default=UNSET)
    funding: str | UnsetType = field(name="fundingRate", default=UNSET)
    due: str | UnsetType = field(name="nextFundingTime", default=UNSET)


class _Levels(Struct):
    s: str
    b: list[Level]
    a: list[Level]
    u: Whole


class _Best:
    """The best levels of one instrument as of update id `last`, by price in 1e-18."""

    __slots__ = ("asks", "bids", "last")

    def __init__(self) -> None:
        self.last = -1
        self.bids: dict[int, Level] = {}
        self.asks: dict[int, Level] = {}

    def apply(self, message: _Levels) -> bool:
        """Apply a change; whether the book still has one level a side, as it must have."""
        self.last = message.u
        for ladder, levels in ((self.bids, message.b), (self.asks, message.a)):
            for level in levels:
                ladder.pop(scaled(level[0]), None)
                if scaled(level[1]):
                    ladder[scaled(level[0])] = level
        return len(self.bids) <= 1 and len(self.asks) <= 1


def _old_trade(message: _OldTrade, _: str, sink: Sink) -> None:
    time, side = from_ms(whole(message.time)), aggressor(message.side)
    sink.trade(message.symbol, time, number(message.price), number(message.size), side)


def _trade(message: _Trade, _: str, sink: Sink) -> None:
    sink.trade(message.s, from_ms(message.T), message.p, message.v, aggressor(message.S))


_OLD_TRADES: Final = Kind("trade", _OldTrade, _old_trade)
_TRADES: Final = Kind("trade", _Trade, _trade)
_envelope: Final = msgspec.json.Decoder(_Envelope).decode


class Session:
    """One connection: it keeps the best levels that changes of `orderbook.1` build upon."""

    def __init__(self) -> None:
        self._best: dict[str, _Best] = {}
        self._time: int | None = None
        self._tickers = Kind("ticker", _Ticker, self._ticker)
        self._levels = Kind("depth", _Levels, self._change)
        self._anew = Kind("depth", _Levels, self._snapshot)

    def read(self, payload: bytes, sink: Sink) -> None:
        """Take a message; Refused when it is none.

        Stores trades, best levels (of `orderbook.1`, and of tickers that hold both sides whole),
        mark prices and funding rates; other topics are ignored under their names, one a message.
        Answers to requests are nothing.
        """
        refused = len(sink.rejects)
        try:
            self._read(payload, sink)
        except BAD as error:
            self._best.clear()
            raise Refused(str(error)) from error
        # What was lost may have been a change: no level can be trusted until it is sent anew.
        if len(sink.rejects) > refused:
            self._best.clear()

    def _read(self, payload: bytes, sink: Sink) -> None:
        told = _envelope(payload)
        if told.topic is UNSET:
            if told.success is UNSET and told.op is UNSET and told.ret_msg is UNSET:
                raise ValueError("the message tells no topic")
            return
        label, dot, symbol = told.topic.rpartition(".")
        if not dot:
            label, symbol = symbol, ""
        time = told.ts if told.cts is UNSET else told.cts
        self._time = None if time is UNSET else from_ms(time)
        match label:
            case "publicTrade":
                _TRADES.many(told.data, symbol, sink)
            case "trade" if symbol:
                _OLD_TRADES.many(told.data, symbol, sink)
            case "tickers":
                self._tickers.one(told.data, symbol, sink)
            case "orderbook.1":
                kind = self._anew if told.type == "snapshot" else self._levels
                kind.one(told.data, symbol, sink)
            case _:
                sink.ignore(symbol, label)

    def _ticker(self, message: _Ticker, _: str, sink: Sink) -> None:
        symbol = message.symbol
        time = sink.received_us if self._time is None else self._time
        sides = (message.bid, message.bid_size, message.ask, message.ask_size)
        mark, rate = present(message.mark), present(message.funding)
        due = present(message.due)
        due_us = from_ms(whole(due)) if due else None
        if mark:
            sink.mark_price(symbol, time, mark, present(message.index))
        if rate:
            sink.funding_rate(symbol, time, rate, due_us)
        if UNSET not in sides:
            bid, bid_size, ask, ask_size = (present(side) for side in sides)
            sink.quote(symbol, self._time, (bid, bid_size), (ask, ask_size))
        elif not (mark or rate):
            sink.ignore(symbol, "tickers")

    def _snapshot(self, message: _Levels, symbol: str, sink: Sink) -> None:
        held = self._best.get(message.s)
        # A quiet book is sent again every three seconds.
        if held is not None and held.last == message.u:
            sink.ignore(symbol, "orderbook.1")
            return
        self._best[message.s] = _Best()
        self._change(message, symbol, sink)

    def _change(self, message: _Levels, symbol: str, sink: Sink) -> None:
        best = self._best.get(message.s)
        if best is None or message.u <= best.last:
            sink.ignore(symbol, "orderbook.1")
        elif best.apply(message):
            nothing = (None, None)
            bid = next(iter(best.bids.values()), nothing)
            ask = next(iter(best.asks.values()), nothing)
            sink.quote(message.s, self._time, bid, ask, message.u, "depth")
        else:
            del self._best[message.s]
            sink.ignore(symbol, "orderbook.1")
