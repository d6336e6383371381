"""OKX's public messages, v5.

A `trades` message with a `count` is an aggregate, one a taker's order and price: its id is the
last one of those it stands for. So such trades are of the feed `agg_trade`, and those of
`trades-all`, and of before there was a count, of `trade`. Sides are the taker's.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from cryptoscalp.capture.venues.sink import SYMBOL, Kind, Sink, refusing
from cryptoscalp.capture.venues.values import Whole, aggressor, from_ms, present, whole


class _Channel(Struct):
    channel: str
    instrument: str | None = field(name="instId", default=None)


class _Envelope(Struct):
    arg: _Channel | UnsetType = UNSET
    data: Raw = Raw(b"")
    event: str | UnsetType = UNSET


class _Trade(Struct, gc=False):
    instId: str  # noqa: N815 - named as the venue does
    tradeId: str  # noqa: N815
    px: str
    sz: str
    side: str
    ts: str
    count: str | UnsetType = UNSET


class _Ticker(Struct, gc=False):
    """An empty side is empty text."""

    instId: str  # noqa: N815
    bidPx: str  # noqa: N815
    bidSz: str  # noqa: N815
    askPx: str  # noqa: N815
    askSz: str  # noqa: N815
    ts: str


class _Best(Struct):
    bids: list[list[str]]
    asks: list[list[str]]
    ts: str
    sequence: Whole | UnsetType = field(name="seqId", default=UNSET)


class _Mark(Struct, gc=False):
    instId: str  # noqa: N815
    markPx: str  # noqa: N815
    ts: str


class _Funding(Struct, gc=False):
    instId: str  # noqa: N815
    fundingRate: str  # noqa: N815
    due: str = field(name="fundingTime")
    predicted: str | UnsetType = field(name="nextFundingRate", default=UNSET)
    ts: str | UnsetType = UNSET


def _trade(message: _Trade, _: str, sink: Sink) -> None:
    sink.trade(
        message.instId,
        from_ms(whole(message.ts)),
        message.px,
        message.sz,
        aggressor(message.side),
        whole(message.tradeId),
        "trade" if message.count is UNSET else "agg_trade",
    )


def _single_trade(message: _Trade, symbol: str, sink: Sink) -> None:
    message.count = UNSET
    _trade(message, symbol, sink)


def _ticker(message: _Ticker, _: str, sink: Sink) -> None:
    bid = present(message.bidPx), present(message.bidSz)
    ask = present(message.askPx), present(message.askSz)
    sink.quote(message.instId, from_ms(whole(message.ts)), bid, ask)


def _best(message: _Best, symbol: str, sink: Sink) -> None:
    time = from_ms(whole(message.ts))
    sequence = None if message.sequence is UNSET else message.sequence
    sink.quote(symbol, time, _first(message.bids), _first(message.asks), sequence, "depth")


def _first(levels: list[list[str]]) -> tuple[str | None, str | None]:
    if not levels:
        return None, None
    price, size, *_ = levels[0]
    return price, size


def _mark(message: _Mark, _: str, sink: Sink) -> None:
    sink.mark_price(message.instId, from_ms(whole(message.ts)), message.markPx, None)


def _funding(message: _Funding, _: str, sink: Sink) -> None:
    said = present(message.ts)
    due = present(message.due)
    sink.funding_rate(
        message.instId,
        from_ms(whole(said)) if said else sink.received_us,
        message.fundingRate,
        from_ms(whole(due)) if due else None,
        present(message.predicted),
    )


_KINDS: Final[dict[str, Kind[Any]]] = {
    "trades": Kind("trade", _Trade, _trade),
    "trades-all": Kind("trade", _Trade, _single_trade),
    "tickers": Kind("ticker", _Ticker, _ticker),
    "bbo-tbt": Kind("depth", _Best, _best),
    "mark-price": Kind("mark_price", _Mark, _mark),
    "funding-rate": Kind("funding_rate", _Funding, _funding),
}
_envelope: Final = msgspec.json.Decoder(_Envelope).decode


@refusing(rf'\{{"arg":\{{"channel":"(?P<label>[a-z0-9-]+)","instId":"{SYMBOL}"', _KINDS)
def read(payload: bytes, sink: Sink) -> None:
    """Take a message of a public channel.

    Stores trades, best levels (of `bbo-tbt` as source `depth`), mark prices and funding rates;
    other channels are ignored under their names, one a message. Answers to requests are nothing.
    """
    if payload == b"pong":
        return
    told = _envelope(payload)
    if told.event is not UNSET:
        return
    if told.arg is UNSET:
        raise ValueError("the message tells no channel")
    symbol, label = told.arg.instrument or "", told.arg.channel
    if (kind := _KINDS.get(label)) is None:
        sink.ignore(symbol, label)
    else:
        kind.many(told.data, symbol, sink)
