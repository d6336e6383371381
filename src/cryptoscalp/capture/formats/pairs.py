"""Pairs of currencies written as one word, split for the venues that write them apart."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

#: What Kraken, Coinbase and Bitfinex quote prices in.
CASH: Final = (
    "USD", "USDT", "USDC", "PYUSD", "EUR", "EURT", "EURC", "GBP", "CAD", "JPY", "AUD", "CHF", "DAI",
    "UST", "BTC", "XBT", "ETH",
)  # fmt: skip
#: What Binance's futures are quoted in.
DOLLARS: Final = ("USD", "USDT", "USDC", "BUSD", "FDUSD")


def base_and_quote(pair: str, quotes: Collection[str] = CASH) -> tuple[str, str] | None:
    """BTCUSD as (BTC, USD); None when it ends in none of the quote currencies.

    Of two that fit the longer is meant, unless it leaves less than a currency's three letters:
    BTCBUSD is BTC in BUSD, and BNBUSD is BNB in USD.
    """
    fitting = [quote for quote in quotes if pair.endswith(quote) and pair != quote]
    if not fitting:
        return None
    quote = max(fitting, key=lambda quote: (len(pair) - len(quote) >= 3, len(quote)))
    return pair.removesuffix(quote), quote
