"""Coinbase Exchange's public messages.

`side` of a match is the maker's; the aggressor is the other one. Trade ids count by one a product.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from cryptoscalp.capture.venues.sink import SYMBOL, Kind, Sink, refusing
from cryptoscalp.capture.venues.values import Whole, from_iso, opposite, present

_CONTROL: Final = frozenset({"subscriptions", "heartbeat", "status", "error"})


class _Envelope(Struct):
    type: str
    product_id: str = ""


class _Match(Struct, gc=False):
    product_id: str
    trade_id: Whole
    price: str
    size: str
    side: str
    time: str


class _Ticker(Struct, gc=False):
    """Sent with each trade; messages of before 2022 have no sizes."""

    product_id: str
    sequence: Whole
    best_bid: str
    best_ask: str
    time: str | UnsetType = UNSET
    best_bid_size: str | UnsetType = UNSET
    best_ask_size: str | UnsetType = UNSET


def _match(message: _Match, _: str, sink: Sink) -> None:
    time, side = from_iso(message.time), opposite(message.side)
    sink.trade(message.product_id, time, message.price, message.size, side, message.trade_id)


def _ticker(message: _Ticker, symbol: str, sink: Sink) -> None:
    if message.best_bid_size is UNSET or message.best_ask_size is UNSET:
        sink.ignore(symbol, "ticker")
        return
    time = None if message.time is UNSET else from_iso(message.time)
    bid = present(message.best_bid), present(message.best_bid_size)
    ask = present(message.best_ask), present(message.best_ask_size)
    sink.quote(message.product_id, time, bid, ask, message.sequence)


_MATCHES: Final = Kind("trade", _Match, _match)
_TICKERS: Final = Kind("ticker", _Ticker, _ticker)
_KINDS: Final[dict[str, Kind[Any]]] = {
    "match": _MATCHES,
    "last_match": _MATCHES,
    "ticker": _TICKERS,
    "ticker_batch": _TICKERS,
}
_envelope: Final = msgspec.json.Decoder(_Envelope).decode


@refusing(rf'\{{"type":"(?P<label>[a-z0-9_]+)".*"product_id":"{SYMBOL}"', _KINDS)
def read(payload: bytes, sink: Sink) -> None:
    """Take a message of the Exchange feed (not of Advanced Trade).

    Stores matches, the last match before the subscription among them, and the best levels of
    tickers that tell sizes; other types are ignored under their names, one a message. Answers,
    heartbeats and status are nothing.
    """
    told = _envelope(payload)
    if told.type in _CONTROL:
        return
    if (kind := _KINDS.get(told.type)) is None:
        sink.ignore(told.product_id, told.type)
    else:
        kind.one(payload, told.product_id, sink)
