"""LEAN's data folder: zipped bars of crypto and cryptofuture markets.

`crypto/coinbase/minute/btcusd/20171217_trade.zip` holds the bars of a day, in milliseconds after
its midnight (UTC); of an hour or a day, `crypto/bitfinex/hour/btcusd_trade.zip` holds all, with
dates. Prices of crypto are not scaled. A trade bar is a candle. A quote bar is stored as the quote
that was in force at its end: the close of bid and ask, with the last sizes.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Final, NamedTuple

from cryptoscalp.capture.formats.csv_head import Head
from cryptoscalp.capture.formats.csv_tables import csv_format
from cryptoscalp.capture.formats.found import Found
from cryptoscalp.capture.formats.intervals import LENGTHS_US
from cryptoscalp.capture.formats.layout import Layout, Unit
from cryptoscalp.capture.formats.pairs import DOLLARS, base_and_quote
from cryptoscalp.capture.formats.reading import Options
from cryptoscalp.capture.venues.binance import COIN_M, SPOT, USD_M
from cryptoscalp.infra.db.errors import InputError
from cryptoscalp.market.names import venue_spelling

_PLACE: Final = re.compile(
    r"(?P<type>crypto|cryptofuture)/(?P<market>\w+)/"
    r"((?P<fine>minute|second)/(?P<folder>\w+)/(?P<day>\d{8})_(?P<what>\w+)"
    r"|(?P<coarse>hour|daily)/(?P<ticker>[a-z0-9]+)(_(?P<all>trade|quote|openinterest))?)\.zip$"
)
_INTERVALS: Final = {"second": "1s", "minute": "1m", "hour": "1h", "daily": "1d"}
_BARS: Final = {"timestamp": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5}
_QUOTES: Final = {
    "timestamp": 0, "bid_price": 4, "bid_volume": 5, "ask_price": 9, "ask_volume": 10,
}  # fmt: skip
_WIDTHS: Final = {"trade": 6, "quote": 11}
_MARKETS: Final = {
    ("crypto", "binance"): SPOT,
    ("crypto", "binanceus"): "binanceus",
    ("crypto", "bybit"): "bybitspot",
    ("crypto", "coinbase"): "coinbase",
    ("crypto", "gdax"): "coinbase",
    ("crypto", "kraken"): "kraken",
    ("crypto", "bitfinex"): "bitfinex",
    ("cryptofuture", "bybit"): "bybit",
}
#: Exchanges that write a pair as LEAN does, in capitals.
_ONE_WORD: Final = (SPOT, "binanceus", "bybitspot", "bybit")
_MIDNIGHT: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Instrument(NamedTuple):
    exchange: str | None
    symbol: str | None


def _recognise(head: Head, options: Options) -> Found | None:
    place = _PLACE.search(PurePath(head.item.path).as_posix())
    if place is None:
        return None
    what = place["what"] or place["all"] or "trade"
    if len(head.columns) != _WIDTHS.get(what):
        raise InputError(f"LEAN's {what} files hold no trade or quote bars")
    interval = _INTERVALS[place["fine"] or place["coarse"]]
    ticker = (place["folder"] or place["ticker"]).upper()
    exchange, symbol = _instrument(place["type"], place["market"], ticker)
    quotes = what == "quote"
    constants = {"source": "snapshot"} if quotes else {"interval": interval}
    constants |= {"exchange": exchange} if exchange else {}
    constants |= {"symbol": symbol} if symbol else {}
    offset_us = _midnight_us(place["day"], head) if place["day"] else 0
    units: dict[str, Unit] = {"timestamp": "ms" if place["day"] else "iso"}
    layout = Layout(
        kind="quotes" if quotes else "candles",
        columns={field: head.columns[at] for field, at in (_QUOTES if quotes else _BARS).items()},
        constants=constants,
        units=units,
        offset_us=offset_us + (LENGTHS_US[interval] if quotes else 0),
    )
    return Found(layout)


def _instrument(type: str, market: str, ticker: str) -> _Instrument:
    if (type, market) == ("cryptofuture", "binance"):
        # Contracts with coins as margin are quoted in dollars, the others in stablecoins.
        pair = base_and_quote(ticker, DOLLARS)
        if pair is None or pair[1] != "USD":
            return _Instrument(USD_M, ticker)
        return _Instrument(COIN_M, venue_spelling(*pair, pair[0], COIN_M))
    exchange = _MARKETS.get((type, market))
    if exchange in _ONE_WORD:
        return _Instrument(exchange, ticker)
    pair = base_and_quote(ticker)
    # Kraken has names of its own for currencies, and other venues ways that are not known here.
    if pair is None or exchange not in ("coinbase", "bitfinex"):
        return _Instrument(exchange, None)
    return _Instrument(exchange, venue_spelling(*pair, None, exchange))


def _midnight_us(day: str, head: Head) -> int:
    try:
        midnight = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise InputError(f"its name has no date: {day}") from error
    return int((midnight - _MIDNIGHT).total_seconds()) * 1_000_000


FORMAT: Final = csv_format("lean", "LEAN's zipped bars of crypto markets", _recognise)
