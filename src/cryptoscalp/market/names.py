"""Symbols and exchanges as callers write them, mapped to the stored spelling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptoscalp.infra.db.errors import AmbiguousSymbol, InputError, NotFound
from cryptoscalp.infra.db.flow import Flow, rows


def venue_symbol(symbol: str) -> str:
    """The venue's spelling of a symbol; ccxt's unified spelling is mapped for Binance's markets.

    `BTC/USDT` and `BTC/USDT:USDT` are `BTCUSDT`; `BTC/USD:BTC` is `BTCUSD_PERP`; a dated contract
    `BTC/USDT:USDT-241227` is `BTCUSDT_241227`. Anything without a slash is the venue's own.
    """
    base, slash, rest = symbol.partition("/")
    if not slash:
        return symbol
    quote, colon, settle = rest.partition(":")
    settle, dash, expiry = settle.partition("-")
    if dash:
        return f"{base}{quote}_{expiry}"
    inverse = bool(colon) and settle == base
    return f"{base}{quote}_PERP" if inverse else f"{base}{quote}"


def venue_spelling(base: str, quote: str, settle: str | None, exchange: str) -> str:
    """The symbol that a venue has for a pair, or for the perpetual contract settled in `settle`.

    An exchange whose way is not known here is taken to write them as Binance does.
    """
    inverse = settle is not None and settle == base
    match exchange:
        case "okx":
            return f"{base}-{quote}" if settle is None else f"{base}-{quote}-SWAP"
        case "coinbase" | "coinbaseexchange":
            return f"{base}-{quote}"
        case "kraken":
            return f"{base}/{quote}"
        case "bitfinex" if settle is None:
            # It calls Tether UST, and parts what is longer than three letters: t1INCH:UST.
            names = [{"USDT": "UST"}.get(name, name) for name in (base, quote)]
            return "t" + (":" if max(map(len, names)) > 3 else "").join(names)
        case "binance" | "binancecoinm" | "binanceusdm" if inverse:
            return f"{base}{quote}_PERP"
        case _:
            return f"{base}{quote}"


#: Exchanges whose spelling of a pair differs from Binance's.
_OTHER_WAYS: Final = ("okx", "coinbase", "kraken", "bitfinex")


def spellings(symbol: str) -> list[str]:
    """Every spelling that a caller's symbol may be stored under, the given one first.

    Without a slash it is the venue's own. With one it may be that too (Kraken's `XBT/USD`), or
    ccxt's unified spelling of what venues write in their ways: `BTCUSDT`, `BTC-USDT`.
    """
    base, slash, rest = symbol.partition("/")
    if not slash:
        return [symbol]
    quote, _, settle = rest.partition(":")
    others = [] if "-" in settle else [
        venue_spelling(base, quote, settle or None, exchange) for exchange in _OTHER_WAYS
    ]  # fmt: skip
    return list(dict.fromkeys([symbol, venue_symbol(symbol), *others]))


@dataclass(frozen=True, slots=True)
class Known:
    """A stored instrument, and what its candles, last trade and newest quote are made of."""

    symbol: str
    exchange: str
    canonical_feed: str | None
    quote_source: str


def known(symbol: str, exchange: str | None) -> Flow[Known]:
    """The stored instrument that the caller means.

    Raises AmbiguousSymbol when several exchanges have the symbol, NotFound when none has.
    """
    names = spellings(symbol)
    found = yield from rows(
        "SELECT symbol, exchange, canonical_feed::text, quote_source::text"
        " FROM instruments WHERE symbol = ANY (%s) AND exchange = coalesce(%s, exchange)"
        " ORDER BY exchange, array_position(%s, symbol::text)",
        (names, exchange, names),
    )
    stored = {one.exchange: one for one in (Known(*row) for row in reversed(found))}
    return stored[only_exchange(symbol, exchange, sorted(stored))]


def resolve(symbol: str, exchange: str | None) -> Flow[tuple[str, str]]:
    """The stored (symbol, exchange) that the caller means; raises as `known` does."""
    found = yield from known(symbol, exchange)
    return found.symbol, found.exchange


def only_exchange(symbol: str, asked: str | None, found: list[str]) -> str:
    """The one exchange found, or the error that says why there is none."""
    match found:
        case [one]:
            return one
        case []:
            where = f" on {asked}" if asked else ""
            raise NotFound(
                f"nothing is stored for {symbol}{where}; names are written as the venue does,"
                " such as BTCUSDT on binance; `cryptoscalp instruments list` shows them"
            )
        case _:
            raise AmbiguousSymbol(symbol, found)


def moment(value: datetime, name: str) -> datetime:
    """The value, when it says its time zone; InputError otherwise."""
    if not isinstance(value, datetime):
        raise InputError(f"{name} {value!r} is {type(value).__name__}; it must be a datetime")
    if value.tzinfo is None:
        raise InputError(
            f"{name} {value.isoformat()} has no time zone; say which, for example"
            f" {value.isoformat()}+00:00"
        )
    return value


def span(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """A half-open time range that is one; InputError otherwise."""
    first, last = moment(start, "start"), moment(end, "end")
    if last <= first:
        raise InputError(f"end {last.isoformat()} is not after start {first.isoformat()}")
    return first, last


def one_of(value: str, choices: tuple[str, ...], what: str) -> None:
    """Refuse a value that is not one of the choices, naming them."""
    if value not in choices:
        raise InputError(f"there is no {what} {value!r}; choose {', '.join(choices)}")
