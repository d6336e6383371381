"""The venues whose messages can be read, by exchange id, and the addresses they speak at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from cryptoscalp.capture.ledger import Continuity
from cryptoscalp.capture.venues import binance, bybit, coinbase, kraken, okx
from cryptoscalp.capture.venues.sink import Read


class Venue(NamedTuple):
    """How an exchange's messages are read, and what a connection without a break proves.

    `open` gives the reader of one connection.
    """

    open: Callable[[], Read]
    trades: Continuity = Continuity.UNKNOWN
    quotes: Continuity = Continuity.SESSION


_BINANCE: Final = Venue(lambda: binance.read, Continuity.CONSECUTIVE_IDS)
# Tickers whose other side did not change are no quotes, so those that are prove nothing.
_BYBIT: Final = Venue(lambda: bybit.Session().read, quotes=Continuity.UNKNOWN)

VENUES: Final[dict[str, Venue]] = {
    binance.SPOT: _BINANCE,
    binance.USD_M: _BINANCE,
    binance.COIN_M: _BINANCE,
    binance.US: _BINANCE,
    "bybit": _BYBIT,
    "bybitspot": _BYBIT,
    "okx": Venue(lambda: okx.read),
    "coinbase": Venue(lambda: coinbase.read, Continuity.CONSECUTIVE_IDS),
    "kraken": Venue(lambda: kraken.read),
}

_HOSTS: Final = {
    "stream.binance.com": binance.SPOT,
    "data-stream.binance.vision": binance.SPOT,
    "stream.binance.us": binance.US,
    "fstream.binance.com": binance.USD_M,
    "dstream.binance.com": binance.COIN_M,
    "stream.bybit.com": "bybit",
    "stream.bytick.com": "bybit",
    "ws.okx.com": "okx",
    "wsaws.okx.com": "okx",
    "ws.okex.com": "okx",
    "ws-feed.exchange.coinbase.com": "coinbase",
    "ws-feed.pro.coinbase.com": "coinbase",
    "ws-feed.gdax.com": "coinbase",
    "ws.kraken.com": "kraken",
}
_STRANGERS: Final = {
    "advanced-trade-ws.coinbase.com": "Coinbase Advanced Trade",
    "bitfinex.com": "Bitfinex",
    "bitflyer.com": "bitFlyer",
    "bitget.com": "Bitget",
    "bitmex.com": "BitMEX",
    "bitstamp.net": "Bitstamp",
    "deribit.com": "Deribit",
    "ftx.com": "FTX",
    "ftx.us": "FTX US",
    "futures.kraken.com": "Kraken Futures",
    "gateio.ws": "Gate.io",
    "gemini.com": "Gemini",
    "hbdm.com": "Huobi derivatives",
    "huobi.pro": "Huobi",
    "hyperliquid.xyz": "Hyperliquid",
    "kucoin.com": "KuCoin",
    "phemex.com": "Phemex",
    "poloniex.com": "Poloniex",
    "upbit.com": "Upbit",
}


def exchange_at(url: str) -> str | None:
    """The exchange id of the venue that speaks at a websocket address; None when unknown."""
    host, path = _parts(url)
    exchange = _HOSTS.get(host)
    if exchange == "bybit" and "spot" in path.split("/"):
        return "bybitspot"
    return exchange


def stranger_at(url: str) -> str | None:
    """The name of a venue whose address this is, and whose messages cannot be read."""
    host, _ = _parts(url)
    for suffix, name in _STRANGERS.items():
        if host == suffix or host.endswith(f".{suffix}"):
            return name
    return None


def _parts(url: str) -> tuple[str, str]:
    try:
        split = urlsplit(url)
        return split.hostname or "", split.path
    except ValueError:  # an address such as wss://[ is none
        return "", ""
