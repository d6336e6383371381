"""Symbols as callers and files spell them, and as the venue does."""

from __future__ import annotations

from typing import Final

from cryptoscalp.capture.venues.binance import EXCHANGES
from cryptoscalp.market.names import venue_spelling, venue_symbol

#: Exchanges whose own symbols have a slash.
_SLASHED: Final = ("ftx", "kraken")


def spelled(symbol: str, exchange: str | None) -> str:
    """The venue's spelling of a symbol; one with a slash is taken for ccxt's unified spelling.

    `BTC/USDT` is `BTCUSDT` on Binance, `BTC-USDT` on OKX and itself on Kraken. Binance writes
    all of its symbols in capitals.
    """
    if exchange in _SLASHED:
        return symbol
    base, slash, rest = symbol.partition("/")
    quote, _, settle = rest.partition(":")
    if slash and exchange is not None and "-" not in settle:
        symbol = venue_spelling(base, quote, settle or None, exchange)
    elif slash:
        symbol = venue_symbol(symbol)
    return symbol.upper() if exchange in EXCHANGES else symbol


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are of one instrument: signs and case apart, they are equal."""
    return bool(_ways(one) & _ways(other))


def _ways(symbol: str) -> set[str]:
    """The letters and digits of a symbol, as it is and as a venue would write ccxt's spelling."""
    return {
        "".join(filter(str.isalnum, spelling)).lower()
        for spelling in (symbol, venue_symbol(symbol))
    }
