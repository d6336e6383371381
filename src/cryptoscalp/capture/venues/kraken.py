"""Kraken's public spot messages, v1 (arrays) and v2 (objects).

v1 gives no ids, v2 writes prices and sizes as JSON numbers, whose digits are taken as they are.
Sides are the taker's. Pairs are as written: v1 says `XBT/USD` where v2 says `BTC/USD`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from cryptoscalp.capture.venues.sink import SYMBOL, Kind, Sink, refusing
from cryptoscalp.capture.venues.values import Whole, aggressor, from_iso, from_seconds, number

_CONTROL: Final = frozenset({"heartbeat", "status", "pong"})


class _Trade(Struct, array_like=True, gc=False):
    price: str
    volume: str
    time: str
    side: str


class _Spread(Struct, array_like=True, gc=False):
    bid: str
    ask: str
    time: str
    bid_volume: str
    ask_volume: str


class _Side(Struct, array_like=True, gc=False):
    price: str
    whole_lots: Raw
    volume: str


class _Ticker(Struct):
    a: _Side
    b: _Side


class _Envelope(Struct):
    """Of v2; v1 sends objects only for what is no market data, with an `event`."""

    channel: str | UnsetType = UNSET
    data: Raw = Raw(b"")
    event: Any = UNSET
    method: Any = UNSET
    error: Any = UNSET


class _Named(Struct):
    symbol: str = ""


class _NewTrade(Struct):
    symbol: str
    side: str
    price: Raw
    qty: Raw
    trade_id: Whole
    timestamp: str


class _NewTicker(Struct):
    symbol: str
    bid: Raw
    bid_qty: Raw
    ask: Raw
    ask_qty: Raw
    timestamp: str | UnsetType = UNSET


def _trade(message: _Trade, pair: str, sink: Sink) -> None:
    time, side = from_seconds(message.time), aggressor(message.side)
    sink.trade(pair, time, message.price, message.volume, side)


def _ticker(message: _Ticker, pair: str, sink: Sink) -> None:
    bid, ask = message.b, message.a
    sink.quote(pair, None, (bid.price, bid.volume), (ask.price, ask.volume))


def _spread(message: _Spread, pair: str, sink: Sink) -> None:
    bid, ask = (message.bid, message.bid_volume), (message.ask, message.ask_volume)
    sink.quote(pair, from_seconds(message.time), bid, ask, None, "depth")


def _new_trade(message: _NewTrade, _: str, sink: Sink) -> None:
    time, side = from_iso(message.timestamp), aggressor(message.side)
    price, volume = number(message.price), number(message.qty)
    sink.trade(message.symbol, time, price, volume, side, message.trade_id)


def _new_ticker(message: _NewTicker, _: str, sink: Sink) -> None:
    time = None if message.timestamp is UNSET else from_iso(message.timestamp)
    bid = number(message.bid), number(message.bid_qty)
    ask = number(message.ask), number(message.ask_qty)
    sink.quote(message.symbol, time, bid, ask)


_OLD: Final[dict[str, Kind[Any]]] = {
    "trade": Kind("trade", _Trade, _trade),
    "ticker": Kind("ticker", _Ticker, _ticker),
    "spread": Kind("depth", _Spread, _spread),
}
_NEW: Final[dict[str, Kind[Any]]] = {
    "trade": Kind("trade", _NewTrade, _new_trade),
    "ticker": Kind("ticker", _NewTicker, _new_ticker),
}
_items: Final = msgspec.json.Decoder(list[Raw]).decode
_text: Final = msgspec.json.Decoder(str).decode
_envelope: Final = msgspec.json.Decoder(_Envelope).decode
_named: Final = msgspec.json.Decoder(list[_Named] | _Named).decode


@refusing(rf'.*"(?P<label>[a-z0-9-]+)","{SYMBOL}"\]', _OLD)
def read(payload: bytes, sink: Sink) -> None:
    """Take a message of v1 or v2.

    Stores trades and the best levels of `ticker`, and of `spread` as source `depth`; other
    channels are ignored under their names, one a message. Heartbeats, status and answers to
    requests are nothing.
    """
    if payload.lstrip().startswith(b"["):
        _read_array(payload, sink)
        return
    told = _envelope(payload)
    if told.channel is not UNSET:
        if told.channel in _CONTROL:
            return
        if (kind := _NEW.get(told.channel)) is not None:
            kind.many(told.data, "", sink)
        else:
            sink.ignore(_symbol(told.data), told.channel)
    elif told.event is UNSET and told.method is UNSET and told.error is UNSET:
        raise ValueError("the message tells no channel")


def _read_array(payload: bytes, sink: Sink) -> None:
    items = _items(payload)
    if len(items) < 4:
        raise ValueError("an array of fewer than four items is no market data")
    label, pair = _text(items[-2]), _text(items[-1])
    if (kind := _OLD.get(label)) is None:
        sink.ignore(pair, label)
    elif label == "trade":
        kind.many(items[1], pair, sink)
    else:
        kind.one(items[1], pair, sink)


def _symbol(data: Raw) -> str:
    """The instrument of a message that names one; ''."""
    found = _named(data)
    first = found[0] if isinstance(found, list) and found else found
    return "" if isinstance(first, list) else first.symbol
